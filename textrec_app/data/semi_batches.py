"""Batches of one width with labeled words, and crops nobody labeled in a weak and a strong view."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.crop_pool import CropPool
from textrec_app.data.strong_views import fit_view, strong_view, weak_view
from textrec_app.data.word_batches import REFERENCE_WIDTH_PX, WeightedPool, WordBatch, WordSampler
from textrec_app.data.word_views import ViewSettings
from textrec_app.errors import InputError


@dataclass(frozen=True)
class SemiBatch:
    """One width; either part may be empty.

    Attributes:
        labeled: words, or None where no label is of this width.
        weak, strong: (N, 32, W, 3) uint8 views of the same crops without labels; nothing in them moves.
        again: (n + N, 32, W, 3) second strong views of the labeled words and of the crops; None if not asked for.
    """

    labeled: WordBatch | None
    weak: np.ndarray
    strong: np.ndarray
    again: np.ndarray | None = None
    step: int = 0


@dataclass(frozen=True)
class SemiMixture:
    """How both parts are drawn.

    Attributes:
        batch_size: crops of 128 px width, both parts together.
        unlabeled_share: of the crops, where there are both.
        views: of the labeled words.
        with_second_views: see `SemiBatch.again`.
    """

    batch_size: int
    unlabeled_share: float = 0.5
    max_width_px: int = BUCKET_WIDTHS_PX[-1]
    views: ViewSettings | None = None
    with_second_views: bool = False


class SemiSampler:
    """Draws both parts at the same width, a pure function of seed, step and process."""

    def __init__(self, labeled: Sequence[WeightedPool], unlabeled: CropPool, mixture: SemiMixture, seed: int) -> None:
        """Index the pools by bucket.

        Raises:
            InputError: there is not a single crop.
        """
        self.seed, self.unlabeled, self.mixture = seed, unlabeled, mixture
        used = [pool for pool in labeled if len(pool.pool) and pool.share > 0]
        size, widest = mixture.batch_size, mixture.max_width_px
        self.words = WordSampler(used, size, seed, widest, mixture.views) if used else None
        self.members = [np.flatnonzero(unlabeled.buckets == width) for width in BUCKET_WIDTHS_PX]
        counts = np.array([len(part) for part in self.members], np.float64)
        counts[np.array(BUCKET_WIDTHS_PX) > widest] = 0.0
        if not counts.any() and self.words is None:
            raise InputError("there is nothing to train on: no crop with a label and none without")
        share = mixture.unlabeled_share if counts.any() else 0.0
        share = share if self.words is not None else 1.0
        self.sizes = (round(size * (1.0 - share)), round(size * share))
        own = self.words.shares if self.words is not None else np.zeros(len(counts))
        mixed = (1.0 - share) * own + share * counts / max(1.0, counts.sum())
        mixed = mixed * np.array(BUCKET_WIDTHS_PX)  # a wide bucket needs more steps for as many samples
        self._bucket_probs = mixed / mixed.sum()

    def batch(self, step: int, process: int = 0, processes: int = 1) -> SemiBatch:
        """The batch of a step for one of several processes."""
        generator = np.random.default_rng([self.seed, step, process])
        bucket = int(generator.choice(len(BUCKET_WIDTHS_PX), p=self._bucket_probs))
        scale = REFERENCE_WIDTH_PX / BUCKET_WIDTHS_PX[bucket] / processes
        labeled = None
        if self.words is not None and self.words.shares[bucket] > 0 and self.sizes[0]:
            labeled = self.words.fill(bucket, max(2, round(self.sizes[0] * scale)), generator)
            labeled = replace(labeled, step=step)
        fitted = self._draw(bucket, max(2, round(self.sizes[1] * scale)), generator)
        weak = _stack([weak_view(image, generator) for image in fitted], bucket)
        strong = _stack([strong_view(image, generator) for image in fitted], bucket)
        again = None
        if self.mixture.with_second_views:
            known = [] if labeled is None else list(labeled.images)
            again = _stack([strong_view(image, generator) for image in (*known, *fitted)], bucket)
        return SemiBatch(labeled, weak, strong, again, step)

    def _draw(self, bucket: int, size: int, generator: np.random.Generator) -> list[np.ndarray]:
        members = self.members[bucket]
        if not len(members) or not self.sizes[1]:
            return []
        chosen = members[generator.integers(len(members), size=size)].tolist()
        return [fit_view(self.unlabeled.crop(index), BUCKET_WIDTHS_PX[bucket]) for index in chosen]


def _stack(images: Sequence[np.ndarray], bucket: int) -> np.ndarray:
    if not images:
        return np.zeros((0, HEIGHT_PX, BUCKET_WIDTHS_PX[bucket], 3), np.uint8)
    return np.stack(images)
