"""ABINet: both readings, gated fusion, iterations over the same sight, a start from a recognizer that can read."""

import pytest
import torch

from models.compact import compact_tensors
from models.language.cloze_model import count_steps
from models.recognition.abinet import AbinetNetwork, LanguageFusion, build_abinet_s
from models.recognition.abinet_vision import PositionAttention
from models.recognition.ctc import compute_ctc_loss
from models.registry import create_network
from models.tokenizers import frame_targets
from tests.support.recognizers import CHARSET, NETWORKS, create_small

CLASSES = len(CHARSET) + 1


@pytest.fixture
def network() -> AbinetNetwork:
    small = create_small("abinet_s")
    assert isinstance(small, AbinetNetwork)
    return small.eval()


def draw_images(batch: int = 3, width: int = 64) -> torch.Tensor:
    return torch.randn(batch, 3, 32, width, generator=torch.Generator().manual_seed(4))


def test_every_modality_says_as_many_steps_as_are_asked(network: AbinetNetwork) -> None:
    steps = network.analyse(draw_images(), 5)
    assert [len(steps.of(name)) for name in ("vision", "language", "fusion")] == [1, 3, 3]
    for name in ("vision", "language", "fusion"):
        assert all(logits.shape == (3, 5, CLASSES) for logits in steps.of(name))
    assert steps.attention.shape == (3, 5, 4, 16)
    torch.testing.assert_close(steps.attention.sum(dim=(2, 3)), torch.ones(3, 5))
    assert network.analyse(draw_images()).vision.shape[1] == network.max_length + 1


def test_both_readings_of_a_crop_are_the_same_alone_and_beside_others(network: AbinetNetwork) -> None:
    with torch.no_grad():
        network.head.bias[0] = -3.0  # the fast path reads something, and not as much of each
        network.head.weight.mul_(4.0)
    images = draw_images(4)
    together = network.read(images)
    for index in range(4):
        alone = network.read(images[index : index + 1])
        steps = int(count_steps(alone.logits)[0])
        torch.testing.assert_close(together.logits[index, :steps], alone.logits[0, :steps], atol=1e-4, rtol=1e-4)
        assert int(count_steps(together.logits)[index]) == steps
        torch.testing.assert_close(together.ctc_logits[index], alone.ctc_logits[0], atol=1e-4, rtol=1e-4)
    assert together.glyph_attention.shape == (4, 0, 16, 32)
    assert together.attention.shape[2] == 16


def test_the_fast_path_is_what_forward_gives(network: AbinetNetwork) -> None:
    images = draw_images()
    torch.testing.assert_close(network(images), network.read(images).ctc_logits)


def test_the_loss_is_the_mean_over_valid_tokens_of_all_iterations(network: AbinetNetwork) -> None:
    """Sample by sample, step by step in plain Python."""
    images, targets = draw_images(), [[1, 2], [3], []]
    weights = torch.tensor([1.0, 0.5, 2.0])
    with torch.no_grad():
        steps = network.analyse(images, 3)
        loss = float(network(images, targets, weights))
    answers = frame_targets(targets, CLASSES, network.max_length).answers
    expected = 0.0
    for name in ("vision", "language", "fusion"):
        total, count = 0.0, 0.0
        for logits in steps.of(name):
            log_probs = logits.log_softmax(dim=-1)
            for row in range(3):
                for place in range(len(targets[row]) + 1):
                    total -= float(weights[row] * log_probs[row, place, answers[row, place]])
                    count += float(weights[row])
        expected += total / count
    fast = float(compute_ctc_loss(steps.fast, targets, weights))
    assert loss == pytest.approx(expected + fast, rel=1e-5)


def test_any_number_of_iterations_learns() -> None:
    for iterations in (1, 2, 5):
        network = create_small("abinet_s", iterations=iterations)
        network(draw_images(2), [[1, 2], [3]]).backward()
        assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("targets", [[], [[]], [[1]], [[1] * 60]])
def test_no_batch_is_undefined(targets: list[list[int]]) -> None:
    network = create_small("abinet_s")
    network.eval()  # batch norm of a single crop means nothing
    loss = network(draw_images(len(targets)), targets)
    loss.backward()
    assert loss.isfinite()
    assert all(bool(p.grad.isfinite().all()) for p in network.parameters() if p.grad is not None)


def test_a_fixed_trunk_stays_as_it_is_with_its_norms(network: AbinetNetwork) -> None:
    network.is_trunk_fixed = True
    network.train()
    before = {name: tensor.clone() for name, tensor in network.trunk.state_dict().items()}
    network(draw_images(), [[1], [2], [3]]).backward()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.trunk.state_dict().items())
    assert all(parameter.grad is None for parameter in (*network.trunk.parameters(), *network.head.parameters()))
    assert network.vision_head.weight.grad is not None


def test_fusion_weighs_both_feature_by_feature() -> None:
    fusion = LanguageFusion(6, 4)
    seen, expected = torch.randn(2, 3, 6), torch.randn(2, 3, 4)
    with torch.no_grad():
        fusion.gate.weight.zero_()
        fusion.gate.bias.fill_(50.0)
    torch.testing.assert_close(fusion(seen, expected), seen)
    with torch.no_grad():
        fusion.gate.bias.fill_(-50.0)
    torch.testing.assert_close(fusion(seen, expected), fusion.project(expected))


def test_positions_can_follow_what_the_fast_path_counts() -> None:
    """Three letters of two columns each: places must be able to tell them apart by counting alone."""
    torch.manual_seed(0)
    attention = PositionAttention(32, 16, 5)
    fast = torch.full((1, 8, 4), -10.0)
    fast[0, :, 0] = 10.0
    for letter, column in enumerate((1, 3, 5), start=1):
        fast[0, column, [0, letter]] = torch.tensor([-10.0, 10.0])
    optimizer = torch.optim.Adam(attention.parameters(), 1e-2)
    fast = fast.expand(2, -1, -1)
    grid = torch.zeros(2, 32, 4, 8)
    for _ in range(60):
        shares = attention(grid, fast, 3).attention.sum(dim=2)[0]  # (3, 8)
        loss = -(shares[0, 1:3].sum().log() + shares[1, 3:5].sum().log() + shares[2, 5:].sum().log())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.3


def test_it_begins_with_the_classes_of_the_fast_path(network: AbinetNetwork) -> None:
    network.begin_from_fast_path()
    torch.testing.assert_close(network.vision_head.weight, network.head.weight)
    torch.testing.assert_close(network.fusion_head.bias, network.head.bias)


def test_the_trunk_takes_every_tensor_of_the_shipped_architecture() -> None:
    config = {**NETWORKS["siga_s"][1], "classes": CLASSES}
    lent = create_network("siga_s", config).state_dict()
    own = create_small("abinet_s").state_dict()
    wanted = {name for name in own if name.startswith(("trunk.", "head."))}
    assert wanted <= lent.keys()
    assert all(own[name].shape == lent[name].shape for name in wanted)


def test_a_shipped_file_is_small() -> None:
    tensors = {name: tensor.half() for name, tensor in build_abinet_s({}).state_dict().items()}
    stored = compact_tensors({name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()})
    assert sum(tensor.numel() * tensor.element_size() for tensor in stored.values()) < 9_000_000
