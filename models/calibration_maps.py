"""From named evidence to one probability: rank-normal features, a logistic map, and what the fit was measured on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_QUANTILES = 21
CLIPPED_SHARE = 0.02
"""Beyond the outer 2 % of the validation words a feature says no more: what was never seen is not trusted more."""

LEVELS = np.linspace(0.0, 1.0, N_QUANTILES)
NORMAL_SCORES = np.array(
    [NormalDist().inv_cdf(min(max(level, CLIPPED_SHARE), 1.0 - CLIPPED_SHARE)) for level in LEVELS]
)


@dataclass(frozen=True)
class EvidenceMap:
    """A logistic map of evidence that was brought to normal scores by its ranks among the validation words.

    Attributes:
        features: names of evidence; a reading that lacks one is judged by another map.
        quantiles: for each feature its `N_QUANTILES` quantiles among the validation words.
        weights: for each feature, at least 0: more of it never makes a reading less sure.
        bias: offset.
    """

    features: tuple[str, ...]
    quantiles: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    bias: float

    def covers(self, evidence: Mapping[str, float]) -> bool:
        """Whether a reading has all that this map weighs."""
        return all(name in evidence for name in self.features)

    def logit(self, evidence: Mapping[str, float]) -> float:
        """Logit of the probability that a reading is right."""
        pairs = zip(self.features, self.quantiles, self.weights, strict=True)
        return self.bias + sum(weight * normal_score(evidence[name], ranks) for name, ranks, weight in pairs if weight)

    def to_dict(self) -> dict[str, Any]:
        """The form kept in a weight card."""
        return {
            "features": list(self.features),
            "quantiles": [[round(value, 6) for value in ranks] for ranks in self.quantiles],
            "weights": list(self.weights),
            "bias": self.bias,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "EvidenceMap":
        """Read what `to_dict` wrote."""
        return cls(
            tuple(data["features"]),
            tuple(tuple(float(value) for value in ranks) for ranks in data["quantiles"]),
            tuple(float(weight) for weight in data["weights"]),
            float(data["bias"]),
        )


@dataclass(frozen=True)
class GridPoint:
    """One threshold fixed before any outcome was seen, and what it kept of the words that the fit was tested on.

    Attributes:
        kept: words at or above the threshold; of weighted words, how many equal ones they count for.
        wrong: how many of those were wrong, in the same count.
    """

    threshold: float
    kept: float
    wrong: float


@dataclass(frozen=True)
class ReliabilityPoint:
    """Words whose confidence fell between two bounds: how sure the model was, how often it was right."""

    lower: float
    upper: float
    n: int
    confidence: float
    accuracy: float


AS_READ = " as read"
"""Behind a protocol's name: what was measured without the evidence of further views."""

VIEWED = "views_margin"
"""Evidence that every reading has whose views were looked at."""


@dataclass(frozen=True)
class Measured:
    """What is known of a calibration's confidences from words that did not take part in its fit (cross-fitting).

    Attributes:
        n: words.
        grids: for a protocol (`exact`, `alnum36`) the thresholds and counts that promises are made from, from the
            strictest on; with `AS_READ` behind it those of readings whose views nobody looked at.
        reference: for each evidence its quantiles among the words, to tell unlike pictures.
        reliability: bins of the reliability diagram, exact texts.
    """

    n: int
    grids: Mapping[str, tuple[GridPoint, ...]]
    reference: Mapping[str, tuple[float, ...]]
    reliability: tuple[ReliabilityPoint, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The form kept in a weight card."""
        return {
            "n": self.n,
            "grids": {
                name: [[point.threshold, point.kept, point.wrong] for point in grid]
                for name, grid in self.grids.items()
            },
            "reference": {name: [round(float(value), 6) for value in ranks] for name, ranks in self.reference.items()},
            "reliability": [
                [bin_.lower, bin_.upper, bin_.n, bin_.confidence, bin_.accuracy] for bin_ in self.reliability
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Measured":
        """Read what `to_dict` wrote."""
        return cls(
            int(data["n"]),
            {name: tuple(GridPoint(*point) for point in grid) for name, grid in data["grids"].items()},
            {name: tuple(ranks) for name, ranks in data["reference"].items()},
            tuple(ReliabilityPoint(*bin_) for bin_ in data["reliability"]),
        )


def compute_quantiles(values: Sequence[float]) -> tuple[float, ...]:
    """The `N_QUANTILES` quantiles of some numbers, lowest and highest included."""
    return tuple(np.quantile(np.asarray(values, dtype=np.float64), LEVELS).tolist())


def normal_score(value: float, quantiles: Sequence[float]) -> float:
    """The normal score of a number's rank; among equal quantiles the middle rank counts."""
    return float(normal_scores(np.array([value]), quantiles)[0])


def normal_scores(values: NDArray[np.float64], quantiles: Sequence[float]) -> NDArray[np.float64]:
    """Like `normal_score`, of many numbers."""
    ranks = np.asarray(quantiles, dtype=np.float64)
    from_below = np.interp(values, ranks, NORMAL_SCORES)
    from_above = -np.interp(-values, -ranks[::-1], -NORMAL_SCORES[::-1])
    return np.asarray(0.5 * (from_below + from_above), dtype=np.float64)


def shift_logit(logit: float, slope: float, offset: float) -> float:
    """Probability of a logit that was corrected by what a person decided."""
    bounded = max(-40.0, min(40.0, slope * logit + offset))
    return 1.0 / (1.0 + math.exp(-bounded))
