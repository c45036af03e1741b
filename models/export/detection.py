"""Pictures to a detector's maps in one graph: normalisation and network."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

MAPS = "maps"
DEFAULT_MEAN, DEFAULT_STD = (124.0, 116.0, 104.0), (58.0, 57.0, 57.0)


class DetectionGraph(nn.Module):
    """A detector with its preprocessing in front."""

    def __init__(self, network: nn.Module, preprocessing: Mapping[str, Any]) -> None:
        super().__init__()
        self.network = network
        mean = torch.tensor(preprocessing.get("mean", DEFAULT_MEAN), dtype=torch.float32)
        std = torch.tensor(preprocessing.get("std", DEFAULT_STD), dtype=torch.float32)
        self.register_buffer("mean", mean.view(1, 3, 1, 1))
        self.register_buffer("scale", 1.0 / std.view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, H, W, 3) uint8 RGB, sides multiples of 32, to the network's outputs, (B, C, h, w) float32 each."""
        pictures = (images.permute(0, 3, 1, 2).float() - self.get_buffer("mean")) * self.get_buffer("scale")
        return tuple(name_outputs(self.network(pictures)).values())


def name_outputs(said: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
    """What a detector says, by the names of its fields; a single tensor is called "maps"."""
    names = getattr(said, "_fields", None)
    if isinstance(said, Tensor) or names is None:
        return {MAPS: said if isinstance(said, Tensor) else said[0]}
    return dict(zip(names, said, strict=True))
