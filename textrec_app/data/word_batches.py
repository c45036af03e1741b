"""Batches of one width, drawn from weighted pools; a pure function of seed, step and process."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.crop_pool import CropPool
from textrec_app.data.glyph_mask_cache import GlyphMasks, make_glyph_masks
from textrec_app.data.glyph_masks import NO_MASK
from textrec_app.data.word_views import SourceWord, ViewSettings, augment_with_mask, jittered_width, join_words
from textrec_app.errors import InputError

REFERENCE_WIDTH_PX = 128
JOIN_TRIES = 4
JOIN_LEAST_FILL = 0.6
LONG_WORD_DISCOUNT = 0.5  # long words cost much and teach little more than short ones


@dataclass(frozen=True)
class WeightedPool:
    """A pool, the share of all samples it gives, and the weight of each sample in the loss.

    Attributes:
        share: relative; shares are normalised over the pools.
        masks: where the ink of the pool's crops lies; None where that is not asked for, see `mask_pools`.
    """

    pool: CropPool
    share: float
    loss_weight: float = 1.0
    augment_strength: float = 1.0
    masks: GlyphMasks | None = None


@dataclass(frozen=True)
class WordBatch:
    """One width.

    Attributes:
        images: (B, 32, W, 3) uint8 RGB.
        texts: B labels.
        weights: (B,) float32 loss weights.
        masks: (B, 1, 32, W) uint8, moved as the pictures were: 0 background, 1 ink, and 255 all over where a crop
            has no mask; None where no pool has any.
        step: number of the batch.
    """

    images: np.ndarray
    texts: list[str]
    weights: np.ndarray
    masks: np.ndarray | None = None
    step: int = 0


class WordSampler:
    """Draws batches; longer words come in smaller batches so that every step costs the same."""

    def __init__(
        self,
        pools: Sequence[WeightedPool],
        batch_size: int,
        seed: int,
        max_width_px: int = BUCKET_WIDTHS_PX[-1],
        views: ViewSettings | None = None,
    ) -> None:
        """Index the pools by bucket; buckets wider than `max_width_px` are left out.

        Raises:
            InputError: there is not a single crop.
        """
        self.pools = [pool for pool in pools if len(pool.pool) and pool.share > 0]
        if not self.pools:
            raise InputError("there is nothing to train on: no pool holds a labeled crop")
        self.batch_size, self.seed, self.views = batch_size, seed, views or ViewSettings()
        self._members = [_by_bucket(pool.pool, max_width_px) for pool in self.pools]
        shares = np.array([pool.share for pool in self.pools])
        counts = np.array([[len(members[width]) for width in BUCKET_WIDTHS_PX] for members in self._members])
        self._joint = (
            shares[:, None] / shares.sum() * counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        )  # (pools, buckets)
        cost = np.array(BUCKET_WIDTHS_PX) / REFERENCE_WIDTH_PX
        steps = self._joint.sum(axis=0) * cost  # a wide bucket needs more steps for as many samples
        steps *= np.minimum(1.0, cost**-LONG_WORD_DISCOUNT)
        if not steps.sum():
            raise InputError(f"there is nothing to train on: no labeled crop fits into {max_width_px} px of width")
        self._bucket_probs = steps / steps.sum()

    def batch(self, step: int, process: int = 0, processes: int = 1) -> WordBatch:
        """The batch of a step for one of several processes, whose widths differ freely."""
        generator = np.random.default_rng([self.seed, step, process])
        bucket = int(generator.choice(len(BUCKET_WIDTHS_PX), p=self._bucket_probs))
        width = BUCKET_WIDTHS_PX[bucket]
        size = max(2, round(self.batch_size / processes * REFERENCE_WIDTH_PX / width))
        shown = jittered_width(width, generator) if generator.random() < self.views.aspect_jitter else width
        return replace(self._fill(bucket, shown, size, generator), step=step)

    def with_masks(self, folder: Path | None) -> Self:
        """The same sampler with the glyph masks of all its crops, see `mask_pools`; its pictures stay the same."""
        masked = copy(self)
        masked.pools = mask_pools(self.pools, folder)
        return masked

    @property
    def shares(self) -> np.ndarray:
        """(12,) share of the samples that each bucket holds, sum 1."""
        return self._joint.sum(axis=0) / self._joint.sum()

    def fill(self, bucket: int, size: int, generator: np.random.Generator) -> WordBatch:
        """Any number of crops of one bucket, given by its place in `BUCKET_WIDTHS_PX`."""
        return self._fill(bucket, BUCKET_WIDTHS_PX[bucket], size, generator)

    def _fill(self, bucket: int, shown: int, size: int, generator: np.random.Generator) -> WordBatch:
        width = BUCKET_WIDTHS_PX[bucket]
        probs = self._joint[:, bucket] / self._joint[:, bucket].sum()
        chosen = generator.choice(len(self.pools), size=size, p=probs)
        images = np.empty((size, HEIGHT_PX, shown, 3), np.uint8)
        has_masks = any(pool.masks is not None for pool in self.pools)
        masks = np.full((size, 1, HEIGHT_PX, shown), NO_MASK, np.uint8) if has_masks else None
        texts: list[str] = []
        weights = np.empty(size, np.float32)
        for row, which in enumerate(chosen):
            source = self.pools[which]
            word = self._draw(int(which), width, generator)
            strength = source.augment_strength
            images[row], mask = augment_with_mask(self.views.augmentation, word, shown, generator, strength)
            if masks is not None and mask is not None:
                masks[row, 0] = mask
            texts.append(word.text)
            weights[row] = source.loss_weight
        return WordBatch(images, texts, weights, masks)

    def _draw(self, which: int, width: int, generator: np.random.Generator) -> SourceWord:
        """A crop of a pool for a bucket, or two joined that fill it."""
        source, members = self.pools[which], self._members[which]
        if generator.random() < self.views.concatenation:
            joined = _find_pair(source, members, width, generator)
            if joined is not None:
                return joined
        return _get_word(source, int(members[width][generator.integers(len(members[width]))]))


def mask_pools(pools: Sequence[WeightedPool], folder: Path | None = None) -> list[WeightedPool]:
    """The same pools with the glyph masks of their crops, see `make_glyph_masks`; those that have them keep them."""
    return [
        pool if pool.masks is not None else replace(pool, masks=make_glyph_masks(pool.pool, folder)) for pool in pools
    ]


def _get_word(source: WeightedPool, index: int) -> SourceWord:
    mask = source.masks.mask(index) if source.masks is not None else None
    coverage = mask * np.uint8(255) if mask is not None else None
    return SourceWord(source.pool.crop(index), source.pool.texts[index], coverage)


def _find_pair(
    source: WeightedPool, members: dict[int, np.ndarray], width: int, generator: np.random.Generator
) -> SourceWord | None:
    """Two crops of narrower buckets that fill one of this width, joined; None where a few tries find none."""
    narrower = [members[bucket] for bucket in BUCKET_WIDTHS_PX if bucket <= width and len(members[bucket])]
    for _ in range(JOIN_TRIES if narrower else 0):
        pair = []
        for _ in range(2):
            group = narrower[generator.integers(len(narrower))]
            pair.append(int(group[generator.integers(len(group))]))
        crops = [source.pool.crop(index) for index in pair]
        filled = sum(crop.shape[1] / crop.shape[0] for crop in crops) * HEIGHT_PX / width
        if JOIN_LEAST_FILL <= filled <= 1.0:
            return join_words(_get_word(source, pair[0]), _get_word(source, pair[1]), generator)
    return None


def _by_bucket(pool: CropPool, max_width_px: int) -> dict[int, np.ndarray]:
    used = np.where(pool.buckets <= max_width_px, pool.buckets, 0)
    return {width: np.flatnonzero(used == width) for width in BUCKET_WIDTHS_PX}
