"""Numbers that say how well texts were read, and how well the reader knew it.

All functions take plain sequences of equal length and give 0.0 for no words at all, unless stated.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

N_ECE_BINS = 15


def compute_word_accuracy(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Share of predictions equal to their label, in [0, 1]."""
    return _mean([label == prediction for label, prediction in zip(labels, predictions, strict=True)])


def compute_one_minus_ned(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Mean of 1 - edit distance / length of the longer text, in [0, 1]; two empty texts give 1.

    Source:
        ICDAR 2019 robust reading challenges (ArT, LSVT); METHODS section 0.3 with its FIX.
    """
    from rapidfuzz.distance import Levenshtein  # here: machines that only train may lack it

    return _mean([Levenshtein.normalized_similarity(*pair) for pair in zip(labels, predictions, strict=True)])


def compute_cer(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Edits needed over all words / characters of all labels; may exceed 1 where much was invented.

    Labels without a single character count as one character.
    """
    from rapidfuzz.distance import Levenshtein

    edits = sum(Levenshtein.distance(*pair) for pair in zip(labels, predictions, strict=True))
    return edits / max(sum(len(label) for label in labels), 1)


def compute_ece(confidences: Sequence[float], correct: Sequence[bool], n_bins: int = N_ECE_BINS) -> float:
    """Expected calibration error over equal-width bins: mean |accuracy - confidence| weighted by bin size.

    Source:
        Naeini et al., AAAI 2015; Guo et al., ICML 2017, section 2.
    """
    sure, right = _arrays(confidences, correct)
    if sure.size == 0:
        return 0.0
    bins = find_bins(sure, n_bins)
    gaps = np.bincount(bins, weights=right - sure, minlength=n_bins)
    return float(np.abs(gaps).sum() / sure.size)


def find_bins(confidences: NDArray[np.float64], n_bins: int) -> NDArray[np.int64]:
    """Bin of each confidence among `n_bins` equal ones over [0, 1]; 1.0 falls into the last."""
    return np.clip((confidences * n_bins).astype(np.int64), 0, n_bins - 1)


def compute_coverage_at_precision(confidences: Sequence[float], correct: Sequence[bool], precision: float) -> float:
    """Largest share of words that can be kept by a confidence threshold so that `precision` of them are right.

    Words of equal confidence are kept or left together. 0.0 when no threshold is good enough.
    """
    sure, right = _arrays(confidences, correct)
    if sure.size == 0:
        return 0.0
    n_kept, n_right, _ = count_above_thresholds(sure, right)
    good = n_right / n_kept >= precision - 1e-12
    return float(n_kept[good].max(initial=0) / sure.size)


def compute_aurc(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """Area under the risk-coverage curve: mean error among the k surest words, over k = 1..n; lower is better.

    Within equal confidences every word carries their mean error, so the order of the input does not matter.

    Source:
        Geifman and El-Yaniv, NeurIPS 2017; Geifman et al., ICLR 2019.
    """
    sure, right = _arrays(confidences, correct)
    if sure.size == 0:
        return 0.0
    _, group, size = np.unique(-sure, return_inverse=True, return_counts=True)
    errors = np.bincount(group, weights=1.0 - right) / size
    risks = np.cumsum(np.repeat(errors, size)) / np.arange(1, sure.size + 1)
    return float(risks.mean())


def count_above_thresholds(
    confidences: NDArray[np.float64], correct: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """What each distinct confidence would keep as a threshold, from the highest to the lowest.

    Returns:
        Three arrays of one length: words at or above the threshold, how many of them are right, the threshold.
    """
    falling, group, size = np.unique(-confidences, return_inverse=True, return_counts=True)
    return np.cumsum(size), np.cumsum(np.bincount(group, weights=correct)), -falling


def _arrays(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if sure.shape != right.shape:
        raise ValueError(f"{sure.size} confidences, but {right.size} outcomes; give one for each word")
    return sure, right


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
