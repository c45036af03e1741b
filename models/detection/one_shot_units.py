"""Distances as the one-shot detector says them: nearly linear within a cell, logarithmic beyond."""

import torch
from torch import Tensor

UNIT_PX = 4.0
MOST_UNITS = 6.5
"""About 2,600 pixels: further away nothing is said."""


def to_units(distance_px: Tensor) -> Tensor:
    """sign(d) ln(1 + |d| / 4), for distances of any shape."""
    return distance_px.sign() * torch.log1p(distance_px.abs() / UNIT_PX)


def to_pixels(units: Tensor) -> Tensor:
    """The inverse of `to_units`; what is beyond the greatest distance is cut to it."""
    kept = units.clamp(-MOST_UNITS, MOST_UNITS)
    return kept.sign() * UNIT_PX * torch.expm1(kept.abs())
