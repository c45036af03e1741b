"""Learning curves: the error falls as a power of the number of labels, so the next labels' worth can be foretold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HEAD_START = 25.0
"""Labels that what a model knew before is taken to be worth; keeps the curve finite where there are none yet."""

MIN_POINTS = 3
MIN_WORDS = 20
N_RESAMPLES = 500


@dataclass(frozen=True)
class CurveMeasurement:
    """How often a model that learned from `n_labels` labels was right on `n_words` words that it did not learn from."""

    n_labels: int
    accuracy: float
    n_words: int


@dataclass(frozen=True)
class ForetoldGain:
    """What more labels are expected to add to the accuracy, with the middle 80 % of what chance would make of it."""

    gain: float
    low: float
    high: float


def fit_power_law(points: Sequence[CurveMeasurement]) -> tuple[float, float]:
    """Fit error(n) = scale · (n + 25)^-power to measurements, by least squares of logarithms weighted by words.

    Args:
        points: of at least two different numbers of labels.

    Returns:
        (scale, power); a power of 0 or less means that more labels did not help.

    Raises:
        ValueError: fewer than two different numbers of labels.

    Source:
        Hestness et al., "Deep learning scaling is predictable, empirically", 2017, section 3.
    """
    labels = np.array([point.n_labels for point in points], np.float64)
    if len(np.unique(labels)) < 2:
        raise ValueError(f"a curve needs two different numbers of labels, got {sorted(set(labels))}")
    words = np.array([point.n_words for point in points], np.float64)
    wrong = np.array([(1.0 - point.accuracy) * point.n_words for point in points], np.float64)
    # Half a word more, so that the logarithm of no error is finite.
    errors = np.log((wrong + 0.5) / (words + 1.0))
    slope, intercept = np.polyfit(np.log(labels + HEAD_START), errors, 1, w=np.sqrt(words))
    return float(np.exp(intercept)), float(-slope)


def foretell_gain(
    points: Sequence[CurveMeasurement], n_labels: int, more: int = 50, seed: int = 0
) -> ForetoldGain | None:
    """What `more` labels after `n_labels` are expected to add, None where the measurements cannot tell.

    They can where there are three different numbers of labels, each judged on 20 words or more, and where chance alone
    (each accuracy drawn anew from its words) leaves the gain above zero in nine cases of ten.

    Args:
        points: what trainings so far reached.
        n_labels: labels that there are now.
        more: labels to come.
        seed: of the drawing.
    """
    used = [point for point in points if point.n_words >= MIN_WORDS]
    if len({point.n_labels for point in used}) < MIN_POINTS:
        return None
    generator = np.random.default_rng(seed)
    drawn = [_gain([_draw(point, generator) for point in used], n_labels, more) for _ in range(N_RESAMPLES)]
    low, high = np.quantile(drawn, (0.1, 0.9))
    gain = _gain(used, n_labels, more)
    return ForetoldGain(gain, float(low), float(high)) if low > 0 and gain > 0 else None


def _gain(points: Sequence[CurveMeasurement], n_labels: int, more: int) -> float:
    scale, power = fit_power_law(points)
    before, after = (min(1.0, scale * (n + HEAD_START) ** -power) for n in (n_labels, n_labels + more))
    return before - after


def _draw(point: CurveMeasurement, generator: np.random.Generator) -> CurveMeasurement:
    right = int(generator.binomial(point.n_words, min(max(point.accuracy, 0.0), 1.0)))
    return CurveMeasurement(point.n_labels, right / point.n_words, point.n_words)
