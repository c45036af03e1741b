"""Thresholds that promise a precision beforehand, with 95 % confidence.

A handful of thresholds is fixed without a look at any outcome (at shares of the words by confidence). For a wished
precision the most wrong words that each may keep are laid down so that, were every threshold just too lax, the chance
that any of them passes is 5 %; the laxest threshold that passes is taken. Kept sets lie in each other, so that the
errors are one growing count, and its chance of passing anywhere is computed exactly.

Source:
    Angelopoulos et al., Learn then Test, 2021 (arXiv 2110.01052): risk control as multiple testing on a fixed grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from models.calibration_maps import GridPoint

RISK = 0.05
SHARES = tuple(round(0.10 + 0.05 * step, 2) for step in range(19))
"""Shares of the words that the fixed thresholds keep."""

LEVELS = (0.80, 0.85, 0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 0.999)
_HALVINGS = 12


@dataclass(frozen=True)
class Promised:
    """A threshold and the precision that holds above it with 95 % confidence."""

    threshold: float
    precision: float


def build_grid(
    confidences: Sequence[float], correct: Sequence[bool], weights: Sequence[float] | None = None
) -> tuple[GridPoint, ...]:
    """Count what the fixed thresholds keep.

    Args:
        confidences: of words that took no part in the fit.
        correct: whether each was right.
        weights: how many words of the population each stands for; None weighs all alike. Weighted words count for as
            many equal ones as give the same variance (Kish).

    Returns:
        Points from the strictest threshold on; equal thresholds are one point.
    """
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=bool)
    weight = np.ones(len(sure)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(sure):
        return ()
    falling = np.sort(sure)[::-1]
    thresholds = sorted({float(falling[max(1, round(share * len(sure))) - 1]) for share in SHARES}, reverse=True)
    return tuple(_count(threshold, sure >= threshold, right, weight) for threshold in thresholds)


def find_promise(
    grid: Sequence[GridPoint], precision: float, inflation: float = 1.0, risk: float = RISK
) -> Promised | None:
    """The laxest threshold of which a precision can be promised.

    Args:
        precision: what is wished.
        inflation: by how much more often, at most, unlike pictures are taken to be read wrongly; at least 1.
    """
    demanded = 1.0 - (1.0 - precision) / inflation
    allowed = count_allowed_errors(tuple(round(point.kept) for point in grid), demanded, risk)
    passing = [
        point for point, limit in zip(grid, allowed, strict=True) if limit >= 0 and np.ceil(point.wrong) <= limit
    ]
    return Promised(passing[-1].threshold, precision) if passing else None


def find_best_promise(
    grid: Sequence[GridPoint], precision: float, inflation: float = 1.0, risk: float = RISK
) -> Promised | None:
    """The wished precision where it can be promised, else the highest of `LEVELS` below it that can.

    Levels are tried from the lowest up to the first that fails, so that trying several costs no confidence.
    """
    wished = find_promise(grid, precision, inflation, risk)
    if wished is not None:
        return wished
    best: Promised | None = None
    for level in (level for level in LEVELS if level < precision):
        found = find_promise(grid, level, inflation, risk)
        if found is None:
            break
        best = found
    return best


def is_contradicted(grid: Sequence[GridPoint], promise: Promised, risk: float = RISK) -> bool:
    """Whether words at or above a promise's threshold were wrong more often than chance explains."""
    counted = [point for point in grid if point.threshold >= promise.threshold]
    if not counted:
        return False
    kept, wrong = counted[-1].kept, counted[-1].wrong
    return wrong > 0 and float(beta.ppf(1.0 - risk, kept - wrong + 1.0, wrong)) < promise.precision


def bound_precision(kept: float, wrong: float, risk: float = RISK) -> float:
    """Lower bound of the precision, exact for whole counts (Clopper and Pearson, 1934); 0 for nothing kept."""
    right = kept - wrong
    return float(beta.ppf(risk, right, wrong + 1.0)) if right > 0 else 0.0


@lru_cache(maxsize=256)
def count_allowed_errors(kept: tuple[int, ...], precision: float, risk: float = RISK) -> tuple[int, ...]:
    """For nested sets of words the most errors each may have, so that too lax ones pass with at most `risk` chance.

    Args:
        kept: sizes, rising.

    Returns:
        -1 where even no error would not do.
    """
    low, high = risk / max(1, len(kept)), risk
    sizes = np.array(kept)
    limits = _limits(sizes, precision, low)
    chances = _chances(sizes, precision, int(_limits(sizes, precision, high).max(initial=-1)) + 1)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        tried = _limits(sizes, precision, middle)
        if _chance_of_passing(chances, tried) <= risk:
            low, limits = middle, tried
        else:
            high = middle
    return tuple(limits.tolist())


def _limits(sizes: NDArray[np.int64], precision: float, risk: float) -> NDArray[np.int64]:
    """The most errors whose chance in a set of exactly this precision is at most `risk`."""
    reached = binom.ppf(risk, sizes, 1.0 - precision)
    is_over = binom.cdf(reached, sizes, 1.0 - precision) > risk
    return np.where(sizes > 0, reached - is_over, -1).astype(np.int64)


def _chances(sizes: NDArray[np.int64], precision: float, most: int) -> list[NDArray[np.float64]]:
    """For each set the chance of 0, 1, … `most` - 1 errors among the words that the set before lacks."""
    added = np.diff(sizes, prepend=0)
    return [binom.pmf(np.arange(most), size, 1.0 - precision) for size in added]


def _chance_of_passing(chances: Sequence[NDArray[np.float64]], limits: NDArray[np.int64]) -> float:
    """Chance that at least one set has no more errors than its limit, errors falling one like another."""
    most = len(chances[0]) if chances else 0
    if not most:
        return 0.0
    open_, passed = np.eye(1, most)[0], 0.0  # probability of each count so far; more errors than that never pass
    for more, limit in zip(chances, limits.tolist(), strict=True):
        open_ = np.convolve(open_, more)[:most]
        passed += float(open_[: limit + 1].sum())
        open_[: limit + 1] = 0.0
    return passed


def _count(
    threshold: float, is_kept: NDArray[np.bool_], right: NDArray[np.bool_], weight: NDArray[np.float64]
) -> GridPoint:
    kept = weight[is_kept]
    equal = float(kept.sum() ** 2 / (kept**2).sum())
    wrong_share = float(weight[is_kept & ~right].sum() / kept.sum())
    return GridPoint(threshold, round(equal, 3), round(equal * wrong_share, 3))
