"""Networks without batch norms say what they said with them."""

from typing import Any

import pytest
import torch
from torch import nn

from models.export.detection import name_outputs
from models.folding import fold_batch_norms
from models.registry import create_network

TINY: dict[str, Any] = {"widths": [8, 8, 16, 16], "depths": [1, 1, 1, 2], "up_widths": [8, 8, 8]}
CONFIGS: dict[str, dict[str, Any]] = {"craft": TINY, "one_shot": {**TINY, "dilations": [2, 4], "head_width": 8}}


@pytest.mark.parametrize("architecture", sorted(CONFIGS))
def test_a_folded_detector_says_the_same(architecture: str) -> None:
    generator = torch.Generator().manual_seed(0)
    network = create_network(architecture, CONFIGS[architecture]).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features, generator=generator) * 0.3
            for values in (module.bias.data, module.weight.data):
                values.copy_(torch.randn(module.num_features, generator=generator) * 0.3 + 0.5)
            module.running_var = torch.rand(module.num_features, generator=generator) + 0.5
    folded = fold_batch_norms(network)
    images = torch.randn(1, 3, 64, 96, generator=generator)
    with torch.inference_mode():
        said, expected = name_outputs(folded(images)), name_outputs(network(images))
    for name, values in expected.items():
        torch.testing.assert_close(said[name], values, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
