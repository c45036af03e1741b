"""Weights in a quarter of their float32 size: large tables as int8 with a scale for each of their rows.

A table NAME of two or more axes and at least 4,096 numbers is stored as int8 under its own name, beside
`NAME.int8_scale`, a float16 vector with one scale for each entry of the first axis: the output channel of a linear
layer, a convolution or a recurrent gate, the word of an embedding. Weight = integer x scale. Reading undoes it, so a
network never sees integers; all else is stored as it is given.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from models.errors import WeightsError

SCALE_SUFFIX = ".int8_scale"
LEAST_NUMBERS = 4096
MOST = 127  # -128 is not used, so that no sign is stored more exactly than the other
_SMALLEST = torch.finfo(torch.float16).smallest_normal / 1024  # of the float16 numbers above 0
_LARGEST = torch.finfo(torch.float16).max


def compact_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Replace large tables of floats by int8 tables and their scales.

    A row's scale is its largest magnitude over 127, so each weight is off by at most half a scale; searching for a
    smaller scale that clips the row's tail lowers the squared error of int8 by too little to be worth it.

    Args:
        tensors: a network's `state_dict()`, of float32 or float16.

    Returns:
        New tensors on the CPU under the old names and those of the scales. Small tensors, integers, and tables with
        numbers that are not finite or too large for a float16 scale are the given ones.

    Raises:
        WeightsError: a tensor already has a name that means a scale.
    """
    taken = [name for name in tensors if name.endswith(SCALE_SUFFIX)]
    if taken:
        raise WeightsError(f"{taken[0]} is a name for scales of int8 weights; are these tensors compact already?")
    result = {}
    for name, tensor in tensors.items():
        if not _is_large(tensor):
            result[name] = tensor.detach().cpu()
            continue
        result[name], result[name + SCALE_SUFFIX] = quantize_rows(tensor.detach().cpu().float())
    return result


def restore_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo `compact_tensors`: float32 tables, no scales. What was never compact stays as it is.

    Raises:
        WeightsError: a scale has no table, or not one entry for each of its rows.
    """
    result = {name: tensor for name, tensor in tensors.items() if not name.endswith(SCALE_SUFFIX)}
    for name in tensors.keys() - result.keys():
        table, scale = result.get(name.removesuffix(SCALE_SUFFIX)), tensors[name]
        if table is None or table.dtype != torch.int8 or scale.shape != table.shape[:1]:
            raise WeightsError(f"{name} has no int8 table that it fits; fetch the checkpoint again")
        result[name.removesuffix(SCALE_SUFFIX)] = table.float() * _beside(scale.float(), table)
    return result


def quantize_rows(table: Tensor) -> tuple[Tensor, Tensor]:
    """Round a table to int8, row by row.

    Args:
        table: (N, ...) float32, finite.

    Returns:
        int8 of the same shape and float16 scales (N,). Integer x scale is within half a scale of the table.
    """
    largest = table.abs().flatten(1).amax(dim=1)
    scale = _round_up(largest / MOST)
    steps = table / _beside(scale.float().clamp(min=_SMALLEST), table)
    return steps.round().clamp(-MOST, MOST).to(torch.int8), scale


def _round_up(values: Tensor) -> Tensor:
    """The least float16 that is no less than each of some values from 0, so that no row's largest weight is clipped."""
    nearest = values.to(torch.float16)
    following = (nearest.view(torch.int16) + 1).view(torch.float16)  # the bits of floats from 0 are in their order
    return torch.where(nearest.float() < values, following, nearest)


def _is_large(tensor: Tensor) -> bool:
    if not tensor.is_floating_point() or tensor.ndim < 2 or tensor.numel() < LEAST_NUMBERS:
        return False
    return bool(torch.isfinite(tensor).all()) and float(tensor.abs().max()) < MOST * _LARGEST


def _beside(scale: Tensor, table: Tensor) -> Tensor:
    """(N,) as (N, 1, ...), to multiply a table's rows."""
    return scale.view(-1, *[1] * (table.ndim - 1))
