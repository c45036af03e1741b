"""Batches with glyph masks, for networks that learn from them, whatever makes the batches."""

from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from textrec_app.errors import InputError
from textrec_app.training.batch_workers import BatchSource
from textrec_app.training.fresh_words import ComposesOnDevice


@runtime_checkable
class CanMask(BatchSource, Protocol):
    """A source that can give masks beside its pictures."""

    def with_masks(self, folder: Path | None) -> Self:
        """The same source with masks; those of its crops are kept in the folder."""


def add_masks(source: BatchSource, folder: Path | None) -> BatchSource:
    """The same source with glyph masks; its pictures stay the same.

    Args:
        folder: of a run's masks, see `make_glyph_masks`; they are made again where they are missing.

    Raises:
        InputError: the source has none.
    """
    if not isinstance(source, CanMask):
        raise InputError(f"{type(source).__name__} makes batches without glyph masks; choose a network without them")
    return source.with_masks(folder)


def masks_of(source: BatchSource, batch: Any, images: Tensor) -> Tensor:
    """The masks of a batch from a source with masks, on the device of its pictures.

    Args:
        images: (B, 3, 32, W), what was made of the batch.

    Returns:
        (B, 1, 32, W) uint8: 0 background, 1 ink, and 255 all over where a picture has no mask.
    """
    if isinstance(source, ComposesOnDevice):
        return source.to_masks(batch, images)
    return torch.from_numpy(batch.masks).to(images.device, non_blocking=True)
