"""How unlike the validation words some pictures are, from the ranks of their evidence: no label is needed."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.calibration_maps import LEVELS

MIN_WORDS = 20
"""Fewer words cannot be told from other kinds."""

PICTURE = "picture_"
TEXT = ("length", "language")
SURENESS = ("log_prob", "weakest", "rival_margin", "views_margin")
NOTHING_LIKE = 0.65
"""Both distances together from which on pictures count as nothing like the validation words."""

TELLING = 0.15
WORDS = {
    "picture_height": "their size",
    "picture_aspect": "their shape",
    "picture_brightness": "their brightness",
    "picture_contrast": "their contrast",
    "picture_colour": "their colours",
    "picture_detail": "the fineness of their detail",
    "length": "the length of the texts",
    "language": "the kind of words",
}

SIGNIFICANT = 1.36
"""A distance that chance alone exceeds in 5 % of samples, times the root of the sample's size."""


def measure_distances(
    reference: Mapping[str, Sequence[float]], evidence: Sequence[Mapping[str, float]], n_reference: int
) -> dict[str, float]:
    """Kolmogorov and Smirnov's distance of each evidence from the validation words, less what chance explains.

    Args:
        reference: quantiles of each evidence among the validation words.
        evidence: of the words at hand.
        n_reference: how many validation words there were.

    Returns:
        For each evidence that at least `MIN_WORDS` words have, a distance in [0, 1]; 0 is like the validation words.
    """
    found = {}
    for name, quantiles in reference.items():
        values = np.array([one[name] for one in evidence if name in one], dtype=np.float64)
        if len(values) >= MIN_WORDS:
            found[name] = max(0.0, _distance(values, quantiles) - _chance(len(values), n_reference))
    return found


def measure_shift(
    reference: Mapping[str, Sequence[float]], evidence: Sequence[Mapping[str, float]], n_reference: int
) -> float:
    """How unlike the validation words the pictures and texts are: 0 like them, 1 nothing like them.

    The mean distance of what says nothing of a reading's quality (height, shape, light, colour and detail of the
    crops, length and plausibility of the texts), and the mean distance by which readings are less sure: confidences
    are too high on kinds that are harder than any before. Sources of the validation words, each against the others,
    come to .1 to .5, scanned receipts and dot-printed codes to .9 (docs/LOG.md).
    """
    kind = measure_distances(
        {name: ranks for name, ranks in reference.items() if name.startswith(PICTURE) or name in TEXT},
        evidence,
        n_reference,
    )
    if not kind:
        return 0.0
    harder = [_measure_fall(reference[name], evidence, name, n_reference) for name in SURENESS if name in reference]
    return min(1.0, (float(np.mean(list(kind.values()))) + float(np.mean(harder or [0.0]))) / NOTHING_LIKE)


def name_unlike(
    reference: Mapping[str, Sequence[float]], evidence: Sequence[Mapping[str, float]], n_reference: int
) -> list[str]:
    """In words what sets the pictures apart from the validation words, the most telling first."""
    distances = measure_distances(reference, evidence, n_reference)
    telling = sorted((name for name in distances if name in WORDS), key=lambda name: -distances[name])
    return [WORDS[name] for name in telling if distances[name] >= TELLING]


def _measure_fall(
    quantiles: Sequence[float], evidence: Sequence[Mapping[str, float]], name: str, n_reference: int
) -> float:
    """How much more often than among the validation words one evidence lies below their quantiles, less chance."""
    values = np.sort(np.array([one[name] for one in evidence if name in one], dtype=np.float64))
    if len(values) < MIN_WORDS:
        return 0.0
    ranks = np.asarray(quantiles, dtype=np.float64)
    below = np.searchsorted(values, ranks, side="left") / len(values)
    last = LEVELS[np.searchsorted(ranks, ranks, side="right") - 1]
    return max(0.0, float((below - last).max()) - _chance(len(values), n_reference))


def _chance(n: int, n_reference: int) -> float:
    return SIGNIFICANT * float(np.sqrt(1.0 / n + 1.0 / max(1, n_reference)))


def _distance(values: np.ndarray, quantiles: Sequence[float]) -> float:
    """Largest gap between both distributions, looked for at the quantiles; equal ones are bounds of one step."""
    ordered, ranks = np.sort(values), np.asarray(quantiles, dtype=np.float64)
    below = np.searchsorted(ordered, ranks, side="left") / len(ordered)
    upto = np.searchsorted(ordered, ranks, side="right") / len(ordered)
    first = LEVELS[np.searchsorted(ranks, ranks, side="left")]
    last = LEVELS[np.searchsorted(ranks, ranks, side="right") - 1]
    # A level within a run of equal quantiles may stand anywhere in it: only what lies outside counts as a gap.
    return float(np.maximum(np.maximum(first - upto, below - last), 0.0).max())
