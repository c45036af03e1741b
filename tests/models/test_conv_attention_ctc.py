"""The recognizer network: shapes, gradients, save and load, batches that do not mix."""

from pathlib import Path

import pytest
import torch

from models.charset import PRINTABLE_ASCII
from models.errors import ShapeError, WeightsError
from models.recognition.conv_attention_ctc import ConvAttentionCtc
from models.registry import create_network
from models.weights import WeightCard, load_card, load_network, save_weights

SMALL = {"classes": 5, "widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "heads": 2, "dropout": 0.0}


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_network("conv_attention_ctc", SMALL)


@pytest.mark.parametrize("width", [64, 96, 256])
def test_one_step_for_four_pixels(network: torch.nn.Module, width: int) -> None:
    assert network(torch.zeros(2, 3, 32, width)).shape == (2, width // 4, 5)


def test_the_shipped_shape_has_at_most_six_million_parameters() -> None:
    network = create_network("conv_attention_ctc", {"classes": len(PRINTABLE_ASCII) + 1})
    assert sum(parameter.numel() for parameter in network.parameters()) <= 6_000_000
    assert len(PRINTABLE_ASCII) == 95


def test_every_parameter_learns(network: torch.nn.Module) -> None:
    network(torch.randn(2, 3, 32, 64)).square().mean().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_a_crop_reads_the_same_alone_and_in_a_batch(network: torch.nn.Module) -> None:
    network.eval()
    images = torch.randn(3, 3, 32, 64)
    with torch.inference_mode():
        torch.testing.assert_close(network(images)[1:2], network(images[1:2]), atol=1e-5, rtol=1e-4)


def test_attention_rows_and_row_weights_sum_to_one(network: torch.nn.Module) -> None:
    assert isinstance(network, ConvAttentionCtc)
    features = network.eval().features(torch.randn(2, 3, 32, 96))
    assert features.attention.shape == (2, 24, 24)
    torch.testing.assert_close(features.attention.sum(-1), torch.ones(2, 24))
    torch.testing.assert_close(features.row_weights.sum(1), torch.ones(2, 24))


@pytest.mark.parametrize("shape", [(1, 3, 31, 64), (1, 1, 32, 64), (1, 3, 32, 66), (3, 32, 64)])
def test_other_shapes_are_refused(network: torch.nn.Module, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="3, 32"):
        network(torch.zeros(shape))


def _saved(network: torch.nn.Module, folder: Path) -> Path:
    card = WeightCard("small", "1", "recognizer", "conv_attention_ctc", config=SMALL, charset="ABCD")
    return save_weights(folder, "small", network.state_dict(), card)


def test_weights_come_back_as_they_were(network: torch.nn.Module, tmp_path: Path) -> None:
    path = _saved(network, tmp_path)
    again, card = load_network(path)
    images = torch.randn(1, 3, 32, 64)
    torch.testing.assert_close(again(images), network.eval()(images))
    assert (card.name, card.charset) == ("small", "ABCD")


def test_altered_weights_are_refused(network: torch.nn.Module, tmp_path: Path) -> None:
    path = _saved(network, tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="SHA-256"):
        load_network(path)


def test_weights_without_a_card_or_with_a_broken_one_are_refused(network: torch.nn.Module, tmp_path: Path) -> None:
    path = _saved(network, tmp_path)
    path.with_suffix(".json").write_text("{]")
    with pytest.raises(WeightsError, match="not a weight card"):
        load_card(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match="missing"):
        load_card(path)


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(WeightsError, match="'no_such'"):
        create_network("no_such", {})
