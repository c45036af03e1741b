import pytest
import torch

from models.detection.one_shot import (
    CENTRE,
    CHARACTER_CHANNELS,
    WORD_CHANNELS,
    FarBlock,
    InstanceHead,
    OneShot,
    OneShotConfig,
    build_one_shot,
)
from models.detection.one_shot_units import MOST_UNITS, UNIT_PX, to_pixels, to_units
from models.errors import ShapeError
from models.registry import create_network
from models.weights import WeightCard, load_network, save_weights

TINY = {
    "widths": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
    "dilations": [2],
    "up_widths": [8, 8, 8],
    "head_width": 8,
}


@pytest.fixture
def network() -> OneShot:
    torch.manual_seed(0)
    return build_one_shot(TINY)


@pytest.mark.parametrize("size_hw", [(64, 64), (32, 96), (96, 160)])
def test_words_are_said_at_a_quarter_and_characters_at_half_the_size(network, size_hw):
    height, width = size_hw
    said = network(torch.randn(2, 3, height, width))
    assert said.words.shape == (2, WORD_CHANNELS, height // 4, width // 4)
    assert said.characters.shape == (2, CHARACTER_CHANNELS, height // 2, width // 2)
    assert said.words.dtype == said.characters.dtype == torch.float32


def test_every_parameter_gets_a_gradient(network):
    said = network(torch.randn(2, 3, 64, 64))
    (said.words.square().mean() + said.characters.square().mean()).backward()
    lacking = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not lacking


def test_an_untrained_network_says_that_text_is_rare(network):
    said = network.eval()(torch.randn(1, 3, 64, 64))
    for maps in said:
        assert maps[:, CENTRE].sigmoid().max() < 0.3
        assert maps[:, CENTRE + 1 :].abs().max() < 1


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 3, 60, 64), (1, 3, 64, 33)])
def test_wrong_shapes_are_named(network, shape):
    with pytest.raises(ShapeError, match="multiple of 32"):
        network(torch.zeros(shape))


def test_the_shipped_shape_is_light():
    n_parameters = sum(parameter.numel() for parameter in OneShot(OneShotConfig()).parameters())
    assert n_parameters <= 6_000_000  # 12 MB as float16


def test_saved_weights_say_the_same(network, tmp_path):
    card = WeightCard(name="d", version="1", task="detector", architecture="one_shot", config=TINY)
    path = save_weights(tmp_path, "detector", network.state_dict(), card)
    again, _ = load_network(path)
    image = torch.randn(1, 3, 64, 64)
    for left, right in zip(again(image), network.eval()(image), strict=True):
        torch.testing.assert_close(left, right)


def test_the_registry_builds_it():
    assert isinstance(create_network("one_shot", TINY), OneShot)


@pytest.mark.parametrize("dilation", [1, 2, 4])
@pytest.mark.parametrize("training", [True, False])
def test_a_far_block_begins_as_the_identity(dilation, training):
    """So a base without it keeps what it has learnt."""
    features = torch.rand(2, 8, 12, 16)  # behind a ReLU, as in the network
    torch.testing.assert_close(FarBlock(8, dilation).train(training)(features), features)


def test_a_far_block_sees_further_than_a_plain_one():
    block = FarBlock(4, 4).eval()
    torch.nn.init.ones_(block.norm.weight)
    features = torch.rand(1, 4, 33, 33, requires_grad=True)
    block(features)[0, :, 16, 16].sum().backward()
    seen = features.grad[0].abs().sum(dim=0).nonzero()
    assert (seen - 16).abs().max() == 8


def test_sub_pixels_of_one_channel_lie_side_by_side():
    """The bias that says "text is rare" must reach all sub-pixels of the centre and no other channel."""
    said = InstanceHead(4, 4, 5, finer=2).eval()(torch.zeros(1, 4, 3, 3))
    assert said.shape == (1, 5, 6, 6)
    assert (said[0, CENTRE] == -3).all()
    assert not said[0, CENTRE + 1 :].any()


def test_units_and_pixels_are_inverse():
    pixels = torch.tensor([-2500.0, -300.0, -4.0, -0.01, 0.0, 0.3, 4.0, 17.0, 2500.0])
    torch.testing.assert_close(to_pixels(to_units(pixels)), pixels, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(to_units(torch.tensor([UNIT_PX])), torch.tensor([2.0]).log())
    assert (to_units(pixels).diff() > 0).all()


def test_units_are_cut_where_nothing_is_said_any_more():
    limit = to_pixels(torch.tensor(MOST_UNITS))
    assert 2600 < limit < 2700
    assert to_pixels(torch.tensor(50.0)) == limit
    assert to_pixels(torch.tensor(-50.0)) == -limit


def test_units_have_the_right_gradient():
    units = torch.tensor([-5.0, -0.3, 0.2, 1.0, 4.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(to_pixels, units)
    assert torch.autograd.gradcheck(to_units, (units.detach() * 20).requires_grad_())
