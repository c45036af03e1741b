"""Batches of one width, drawn from weighted pools; a pure function of seed, step and process."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrec_app.data.augment import augment_crop
from textrec_app.data.buckets import BUCKET_WIDTHS_PX
from textrec_app.data.crop_pool import CropPool
from textrec_app.errors import InputError

REFERENCE_WIDTH_PX = 128
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
        self, pools: Sequence[WeightedPool], batch_size: int, seed: int, max_width_px: int = BUCKET_WIDTHS_PX[-1]
    ) -> None:
        """Index the pools by bucket; buckets wider than `max_width_px` are left out.

        Raises:
            InputError: there is not a single crop.
        """
        self.pools = [pool for pool in pools if len(pool.pool) and pool.share > 0]
        if not self.pools:
            raise InputError("there is nothing to train on: no pool holds a labeled crop")
        self.batch_size, self.seed = batch_size, seed
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
        probs = self._joint[:, bucket] / self._joint[:, bucket].sum()
        chosen = generator.choice(len(self.pools), size=size, p=probs)
        images = np.empty((size, 32, width, 3), np.uint8)
        texts: list[str] = []
        weights = np.empty(size, np.float32)
        for row, which in enumerate(chosen):
            source = self.pools[which]
            index = int(generator.choice(self._members[which][width]))
            images[row] = augment_crop(source.pool.crop(index), width, generator, source.augment_strength)
            texts.append(source.pool.texts[index])
            weights[row] = source.loss_weight
        return WordBatch(images, texts, weights)


def _by_bucket(pool: CropPool, max_width_px: int) -> dict[int, np.ndarray]:
    used = np.where(pool.buckets <= max_width_px, pool.buckets, 0)
    return {width: np.flatnonzero(used == width) for width in BUCKET_WIDTHS_PX}
