"""A packed network says what the plain one says, and leaves it as it was."""

import pytest
import torch

from models.errors import WeightsError
from models.packing import can_pack, fold_batch_norms, pack_network
from models.registry import create_network

SMALL = {"classes": 96, "widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "heads": 2}


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    network = create_network("conv_attention_ctc", SMALL)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as after training
            module.running_mean = torch.randn(module.num_features) * 0.2
            module.running_var = torch.rand(module.num_features) + 0.5
    return network.eval()


@pytest.mark.parametrize("width", [64, 160])
def test_folding_changes_nothing_but_rounding(network: torch.nn.Module, width: int) -> None:
    folded = fold_batch_norms(network)
    images = torch.randn(2, 3, 32, width)
    with torch.inference_mode():
        torch.testing.assert_close(folded(images), network(images), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("crops", [1, 5])
def test_packed_probabilities_are_the_plain_ones(
    network: torch.nn.Module, dtype: torch.dtype, tolerance: float, crops: int
) -> None:
    assert can_pack(network)
    packed = pack_network(network, dtype)
    images = torch.randn(crops, 3, 32, 96)
    with torch.inference_mode():
        logits = packed(images)
        expected = network(images).softmax(-1)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits.softmax(-1), expected, atol=tolerance, rtol=0.0)


def test_what_cannot_be_packed_is_told() -> None:
    detector = create_network("craft", {})
    assert not can_pack(detector)
    with pytest.raises(WeightsError, match="cannot be packed"):
        pack_network(detector)
