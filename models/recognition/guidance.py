"""A decoder beside a CTC head that only training has: it teaches columns what language looks like.

Source:
    SVTRv2's semantic guidance (METHODS section 8), with PARSeq's decoder in its place.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.recognition.parseq_decoder import PermutedDecoder, permuted_loss
from models.recognition.vision_transformer import WIDEST_PX, sinusoids

GUIDANCE_WIDTH = 128
GUIDANCE_ORDERS = 4
GUIDANCE_LENGTH = 40


class PlacedColumns(nn.Module):
    """Adds fixed sinusoidal places, with a learned weight, to columns that carry none."""

    places: Tensor

    def __init__(self, width: int, step_px: int = 4) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), 0.5))
        self.register_buffer("places", sinusoids(WIDEST_PX // step_px, width), persistent=False)

    def forward(self, columns: Tensor) -> Tensor:
        """(B, T, D) to the same shape."""
        return columns + self.weight * self.places[: columns.shape[1]]


class Guidance(nn.Module):
    """The permuted loss of a small decoder over a network's columns, times a weight."""

    def __init__(self, strength: float, classes: int, width: int) -> None:
        super().__init__()
        self.strength = strength
        self.placed = PlacedColumns(width)
        self.decoder = PermutedDecoder(classes, width, GUIDANCE_WIDTH, GUIDANCE_LENGTH, dropout=0.1)

    def forward(self, columns: Tensor, targets: Sequence[Sequence[int]], weights: Tensor | None) -> Tensor:
        """Scalar loss of columns (B, T, D); see `permuted_loss`."""
        return self.strength * permuted_loss(self.decoder, self.placed(columns), targets, weights, GUIDANCE_ORDERS)


def build_guidance(strength: float, classes: int, width: int) -> Guidance | None:
    """A branch of that strength, or None for 0."""
    return Guidance(strength, classes, width) if strength > 0 else None
