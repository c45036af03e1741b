"""Two models on the same crops: scores in pairs, and how surely they differ. Pure arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

RESAMPLES = 1000
EQUAL = 1e-9

LABELS, ANCHOR, AGREEMENT, CHANGES = "labels", "anchor", "agreement", "changes"
TOLERANCES: Mapping[str, float] = {LABELS: 0.01, ANCHOR: 0.003, AGREEMENT: 0.02, CHANGES: 0.0}
"""How much worse is still called equal; nothing of the anchor may be lost beyond 0.3 points."""
RISK_LIMITS: Mapping[str, float] = {LABELS: 0.2, ANCHOR: 0.5, AGREEMENT: 0.2, CHANGES: 0.2}
"""How probable a greater fall may be: half is a fall as measured, less demands to be sure of none."""


@dataclass(frozen=True)
class PairedScores:
    """What two models made of the same crops.

    Attributes:
        name: "labels", "anchor", "agreement" or "changes"; it chooses the tolerance.
        before: per crop, 1.0 where the incumbent is right (agreement: share of altered crops read alike), in [0, 1].
        after: the same for the candidate, in the same order.
        slices: named groups of crops, as indices into `before`.
    """

    name: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    slices: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """A paired difference with its bootstrap interval; `risk` is the chance of being worse than tolerated.

    Attributes:
        chance_not_worse: share of resamples in which the candidate was at least as good.
        chance_better: share of resamples in which it was better; ties are none.
    """

    name: str
    n: int
    before: float
    after: float
    delta: float
    ci_low: float
    ci_high: float
    risk: float
    chance_not_worse: float
    chance_better: float = 0.0


def compute_difference(
    name: str, before: Sequence[float], after: Sequence[float], tolerance: float, seed: int = 0
) -> Difference:
    """Compare two models on the same crops by a paired bootstrap.

    Args:
        before: (N,) scores of the incumbent in [0, 1].
        after: (N,) scores of the candidate, same crops, same order.
        tolerance: how much worse is still called equal.
        seed: of the resampling.

    Returns:
        Means, their difference and its 95 % interval; all zero for no crops at all.

    Raises:
        ValueError: the two do not have the same length.
    """
    if len(before) != len(after):
        raise ValueError(f"{name}: {len(before)} scores before, {len(after)} after; expected the same crops")
    if not before:
        return Difference(name, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    gains = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    generator = np.random.default_rng(seed)
    picks = generator.integers(0, len(gains), size=(RESAMPLES, len(gains)))
    means = gains[picks].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Difference(
        name=name,
        n=len(gains),
        before=float(np.mean(before)),
        after=float(np.mean(after)),
        delta=float(gains.mean()),
        ci_low=float(low),
        ci_high=float(high),
        risk=float((means < -tolerance - EQUAL).mean()),
        chance_not_worse=float((means >= -EQUAL).mean()),
        chance_better=float((means > EQUAL).mean()),
    )
