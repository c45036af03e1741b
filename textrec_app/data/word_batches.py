"""Batches of one width, drawn from weighted pools; a pure function of seed, step and process."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.crop_pool import CropPool
from textrec_app.data.word_views import ViewSettings, augment_word, jittered_width, join_crops
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
    """

    pool: CropPool
    share: float
    loss_weight: float = 1.0
    augment_strength: float = 1.0


@dataclass(frozen=True)
class WordBatch:
    """One width.

    Attributes:
        images: (B, 32, W, 3) uint8 RGB.
        texts: B labels.
        weights: (B,) float32 loss weights.
    """

    images: np.ndarray
    texts: list[str]
    weights: np.ndarray


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
        return self._fill(bucket, shown, size, generator)

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
        texts: list[str] = []
        weights = np.empty(size, np.float32)
        for row, which in enumerate(chosen):
            source = self.pools[which]
            crop, text = self._draw(int(which), width, generator)
            strength = source.augment_strength
            images[row] = augment_word(self.views.augmentation, crop, shown, generator, strength)
            texts.append(text)
            weights[row] = source.loss_weight
        return WordBatch(images, texts, weights)

    def _draw(self, which: int, width: int, generator: np.random.Generator) -> tuple[np.ndarray, str]:
        """A crop of a pool for a bucket, or two joined that fill it."""
        pool, members = self.pools[which].pool, self._members[which]
        if generator.random() < self.views.concatenation:
            joined = _find_pair(pool, members, width, generator)
            if joined is not None:
                return joined
        index = int(members[width][generator.integers(len(members[width]))])
        return pool.crop(index), pool.texts[index]


def _find_pair(
    pool: CropPool, members: dict[int, np.ndarray], width: int, generator: np.random.Generator
) -> tuple[np.ndarray, str] | None:
    """Two crops of narrower buckets that fill one of this width, joined; None where a few tries find none."""
    narrower = [members[bucket] for bucket in BUCKET_WIDTHS_PX if bucket <= width and len(members[bucket])]
    for _ in range(JOIN_TRIES if narrower else 0):
        pair = []
        for _ in range(2):
            group = narrower[generator.integers(len(narrower))]
            index = int(group[generator.integers(len(group))])
            pair.append((pool.crop(index), pool.texts[index]))
        filled = sum(crop.shape[1] / crop.shape[0] for crop, _ in pair) * HEIGHT_PX / width
        if JOIN_LEAST_FILL <= filled <= 1.0:
            return join_crops(pair[0], pair[1], generator)
    return None


def _by_bucket(pool: CropPool, max_width_px: int) -> dict[int, np.ndarray]:
    used = np.where(pool.buckets <= max_width_px, pool.buckets, 0)
    return {width: np.flatnonzero(used == width) for width in BUCKET_WIDTHS_PX}
