"""Steps of an attention over a crop: how exactly they are computed with, which are real, how wide they lie."""

import torch
from torch import Tensor
from torch.nn import functional

from models.errors import ShapeError


def at_least_float32(values: Tensor) -> Tensor:
    """Half floats and integers as float32, anything finer as it is: losses sum many small numbers."""
    return values if values.dtype in (torch.float32, torch.float64) else values.float()


def mark_real_steps(lengths: Tensor, steps: int) -> Tensor:
    """Which steps belong to a text.

    Args:
        lengths: (B,) integer, steps that are real; more than `steps` counts as all, below 0 as none.
        steps: S, how many there are.

    Returns:
        (B, S) bool.
    """
    return torch.arange(steps, device=lengths.device)[None] < lengths[:, None]


def stretch_attention(attention: Tensor, width: int) -> Tensor:
    """Interpolate each step's attention linearly to a width in px.

    Values are stretched, not shared out: a row that sums to 1 over T columns sums to about width / T.

    Args:
        attention: (B, S, T) float.
        width: W of the result.

    Returns:
        (B, S, W), at least float32. A batch of one and a text of no step keep their axes.
    """
    B, S, T = attention.shape
    rows = at_least_float32(attention).reshape(B * S, 1, T)
    stretched = functional.interpolate(rows, size=width, mode="linear", align_corners=False)
    return stretched.view(B, S, width)


def check_shape(name: str, values: Tensor, expected: tuple[int, ...]) -> None:
    """Refuse what would be broadcast in silence.

    Raises:
        ShapeError: the tensor's shape is not the expected one.
    """
    if tuple(values.shape) != expected:
        raise ShapeError(f"{name} must be {expected}, not {tuple(values.shape)}")
