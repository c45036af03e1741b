import pytest
import torch

from models.detection.craft import Craft, CraftConfig, build_craft
from models.errors import ShapeError
from models.registry import create_network
from models.weights import WeightCard, load_network, save_weights

TINY = {"widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8]}


@pytest.fixture
def network() -> Craft:
    torch.manual_seed(0)
    return build_craft(TINY)


@pytest.mark.parametrize("size_hw", [(64, 64), (32, 96), (96, 160)])
def test_maps_have_half_the_size_of_the_picture(network, size_hw):
    height, width = size_hw
    logits = network(torch.randn(2, 3, height, width))
    assert logits.shape == (2, 2, height // 2, width // 2)
    assert logits.dtype == torch.float32


def test_every_parameter_gets_a_gradient(network):
    network(torch.randn(2, 3, 64, 64)).square().mean().backward()
    lacking = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not lacking


def test_untrained_network_says_that_text_is_rare(network):
    scores = network.eval()(torch.randn(1, 3, 64, 64)).sigmoid()
    assert scores.mean() < 0.2


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 3, 60, 64), (1, 3, 64, 33)])
def test_wrong_shapes_are_named(network, shape):
    with pytest.raises(ShapeError, match="multiple of 32"):
        network(torch.zeros(shape))


def test_shipped_size_is_light():
    assert sum(parameter.numel() for parameter in Craft(CraftConfig()).parameters()) <= 3_000_000


def test_saved_weights_give_the_same_maps(network, tmp_path):
    card = WeightCard(name="d", version="1", task="detector", architecture="craft", config=TINY)
    path = save_weights(tmp_path, "detector", network.state_dict(), card)
    again, _ = load_network(path)
    image = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(again(image), network.eval()(image))


def test_registry_builds_it():
    assert isinstance(create_network("craft", TINY), Craft)
