"""Rendered words that never come twice: ink from worker processes, colours and camera on the training device."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.glyph_masks import NO_MASK, split_glyph_batch
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.ink_batches import InkBatch, InkSource
from textrec_app.data.word_batches import LONG_WORD_DISCOUNT, REFERENCE_WIDTH_PX, WeightedPool, WordSampler
from textrec_app.data.word_effects.compose import compose_words
from textrec_app.data.word_effects.surfaces import PhotoBank
from textrec_app.data.word_views import ViewSettings
from textrec_app.errors import InputError
from textrec_app.training.recipes import RecognizerRecipe
from textrec_app.training.word_pools import RenderMaterial, create_ink_source

MEAN_LEVEL = 127.5


@dataclass(frozen=True, slots=True)
class FreshBatch:
    """Crops of one width, the rendered among them still ink.

    Attributes:
        images: (R, 32, W, 3) uint8 RGB of the given crops.
        inks: B - R words; None where all crops are given.
        seed: of everything that happens to the ink.
        texts: B labels, those of the given crops first.
        weights: (B,) float32 loss weights.
        masks: (R, 1, 32, W) uint8 of the given crops, see `WordBatch`; None where they have none.
        step: number of the batch.
    """

    images: np.ndarray
    inks: InkBatch | None
    seed: int
    texts: list[str]
    weights: np.ndarray
    masks: np.ndarray | None = None
    step: int = 0


@runtime_checkable
class ComposesOnDevice(Protocol):
    """A source of batches whose pictures are finished on the training device."""

    def to_tensor(self, batch: Any, device: torch.device) -> Tensor:
        """(B, 3, 32, W) float32 in [-1, 1]."""

    def to_masks(self, batch: Any, images: Tensor) -> Tensor:
        """Glyph masks for the pictures that `to_tensor` made of the batch: (B, 1, 32, W) uint8 of 0, 1 and 255."""


class FreshWordSource:
    """Batches of given crops and new words; a pure function of seed, step and process, on one kind of device."""

    def __init__(
        self, material: RenderMaterial, given: Sequence[WeightedPool], recipe: RecognizerRecipe, share: float = 1.0
    ) -> None:
        """Open the material and learn how often each width occurs.

        Args:
            material: what words are rendered from.
            given: pools of given crops; may be empty.
            recipe: batch size, seed, widest crop.
            share: part of the samples that is rendered, where crops are given.

        Raises:
            InputError: the share is outside 0 to 1, or the material is missing.
        """
        if not 0 < share <= 1:
            raise InputError(f"A share of {share} rendered words cannot be; choose more than 0 and at most 1.")
        self.material, self.recipe = material, recipe
        self._inks: InkSource = create_ink_source(material)
        fit = recipe.fit
        views = ViewSettings(recipe.augmentation, 0.0, recipe.concatenation)
        self._given = WordSampler(given, fit.batch_size, fit.seed, recipe.max_width_px, views) if given else None
        self._share = share if self._given else 1.0
        allowed = np.array(BUCKET_WIDTHS_PX) <= recipe.max_width_px
        self._rendered = self._inks.measure_widths(fit.seed) * allowed
        self._rendered *= self._share / self._rendered.sum()
        self._widths = self._rendered + (1 - self._share) * self._count_given()
        self._banks: dict[torch.device, PhotoBank] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Without the pictures on the device, which workers do not need."""
        return vars(self) | {"_banks": {}}

    def batch(self, step: int, process: int, processes: int) -> FreshBatch:
        """The batch of a step for one of several processes."""
        fit = self.recipe.fit
        generator = np.random.default_rng([fit.seed, step, process, 3])
        cost = np.array(BUCKET_WIDTHS_PX) / REFERENCE_WIDTH_PX
        steps = self._widths * cost * np.minimum(1.0, cost**-LONG_WORD_DISCOUNT)
        bucket = int(generator.choice(len(steps), p=steps / steps.sum()))
        width_px = BUCKET_WIDTHS_PX[bucket]
        size = max(2, round(fit.batch_size / processes / cost[bucket]))
        rendered = int(generator.binomial(size, self._rendered[bucket] / self._widths[bucket]))
        images = np.empty((0, HEIGHT_PX, width_px, 3), np.uint8)
        masks: np.ndarray | None = None
        texts: list[str] = []
        weights = np.ones(size, np.float32)
        if self._given is not None and rendered < size:
            given = self._given.fill(bucket, size - rendered, generator)
            images, texts, weights[: size - rendered], masks = given.images, given.texts, given.weights, given.masks
        seed = int(generator.integers(1 << 31))
        inks = self._inks.draw_batch(generator, width_px, rendered) if rendered else None
        return FreshBatch(images, inks, seed, texts + (inks.texts if inks else []), weights, masks, step)

    def to_tensor(self, batch: FreshBatch, device: torch.device) -> Tensor:
        """Finish the pictures of a batch: (B, 3, 32, W) float32 in [-1, 1]."""
        given = torch.from_numpy(batch.images).to(device).permute(0, 3, 1, 2)
        if batch.inks is not None:
            composed = compose_words(batch.inks, self._find_bank(device), batch.seed).images
            given = torch.cat([given, composed]) if len(given) else composed
        return given.float().div_(MEAN_LEVEL).sub_(1.0).contiguous(memory_format=torch.channels_last)

    def with_masks(self, folder: Path | None) -> Self:
        """The same source, whose given crops have masks, see `WordSampler.with_masks`."""
        masked = copy(self)
        masked._given = self._given.with_masks(folder) if self._given is not None else None
        return masked

    def to_masks(self, batch: FreshBatch, images: Tensor) -> Tensor:
        """Masks of a batch: those of the given crops as they were moved, 255 where they have none.

        Those of the rendered words are found in the finished pictures, as in any photograph: where the ink was drawn
        is not looked at.

        Args:
            images: what `to_tensor` made of the batch.

        Returns:
            (B, 1, 32, W) uint8 of 0, 1 and 255 on the device of the pictures.
        """
        given = len(batch.images)
        masks = torch.full((len(images), 1, *images.shape[2:]), NO_MASK, dtype=torch.uint8, device=images.device)
        if batch.masks is not None:
            masks[:given] = torch.from_numpy(batch.masks).to(images.device)
        if given < len(images):
            pixels = images[given:].add(1.0).mul_(MEAN_LEVEL).round_().to(torch.uint8)
            masks[given:] = split_glyph_batch(pixels)
        return masks

    def _find_bank(self, device: torch.device) -> PhotoBank:
        if device not in self._banks:
            self._banks[device] = PhotoBank(load_backgrounds(self.material.backgrounds), device)
        return self._banks[device]

    def _count_given(self) -> np.ndarray:
        return self._given.shares if self._given is not None else np.zeros(len(BUCKET_WIDTHS_PX))
