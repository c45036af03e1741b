"""Fit the map from raw scores to the probability that a whole word is right, on held-out real words."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from models.calibration import GlyphCalibration, GlyphEvidence, WordCalibration, calibration_features
from textrec_app.evaluation.metrics import (
    N_ECE_BINS,
    compute_aurc,
    compute_coverage_at_precision,
    compute_ece,
    count_above_thresholds,
    find_bins,
)

logger = logging.getLogger(__name__)

MIN_WORDS = 40
MIN_OF_EACH_OUTCOME = 5
_GAMMAS = (0.0, 0.25, 0.5, 0.75, 1.0)
N_SPLITS = 10
PROMISED_PRECISION = 0.99
_N_FOLDS = 5
_INVERSE_PENALTY = 100.0
# The precisions a person may ask for on the slider; between two of them the stricter one is used.
_PRECISIONS = (*np.arange(0.50, 0.90, 0.02), *np.arange(0.90, 0.98, 0.005), *np.arange(0.98, 0.9995, 0.001))


@dataclass(frozen=True, slots=True)
class CalibrationWord:
    """Raw scores of one reading, and whether it was right.

    Attributes:
        log_prob: log-probability of the text, at most 0.
        length: characters in the text.
        min_char: probability of the weakest character, in [0, 1].
        evidence: of the glyph head; None where it did not speak.
    """

    log_prob: float
    length: int
    min_char: float
    correct: bool
    evidence: GlyphEvidence | None = None

    def judge(self, calibration: WordCalibration) -> float:
        """The confidence that a calibration gives to this reading."""
        return calibration.probability(self.log_prob, self.length, self.min_char, self.evidence)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Words whose confidence fell between two bounds: how sure the model was, how often it was right."""

    lower: float
    upper: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class SplitJudgement:
    """How well readings are judged by a map that was fitted on other words: every word by a fit on its other half.

    Means over several ways to halve the words; shares are in [0, 1].

    Attributes:
        coverage: words that can be kept so that 99 % of them are right.
        aurc: area under the risk-coverage curve.
    """

    ece: float
    coverage: float
    aurc: float


def fit_word_calibration(words: Sequence[CalibrationWord]) -> WordCalibration:
    """Fit Platt scaling on length-scaled log-probability and the weakest character.

    The length's exponent is chosen by cross-validated log-loss. Slopes are kept from going negative: a surer
    raw score never lowers the confidence. Readings with evidence of a glyph head get a map of their own, with the same
    exponent, if there are enough of them. With too few words, or too few right or wrong ones, the uncalibrated
    identity is returned and a warning logged.

    Source:
        METHODS section 11; Platt, 1999.
    """
    correct = np.array([word.correct for word in words], dtype=np.int64)
    if not _are_enough(correct):
        logger.warning(
            "%d words (%d right) are too few to calibrate; confidences stay raw. Add real validation words.",
            len(words),
            correct.sum(),
        )
        return WordCalibration()
    gamma = min(_GAMMAS, key=lambda candidate: _cross_validated_loss(words, correct, candidate))
    bias, slopes = _fit_slopes(_features(words, gamma), correct)
    fitted = WordCalibration(
        gamma=gamma,
        weight_log_prob=float(slopes[0]),
        weight_min_char=float(slopes[1]),
        bias=float(bias),
        glyphs=_fit_glyphs(words, gamma),
    )
    confidences = [word.judge(fitted) for word in words]
    return replace(fitted, curve=compute_precision_curve(confidences, [word.correct for word in words]))


def compute_split_ece(words: Sequence[CalibrationWord], seed: int = 0) -> float:
    """The calibration error that may be expected on new words: each half judged by a map fitted on the other."""
    return compute_ece(*_judge_in_halves(words, seed))


def judge_in_halves(words: Sequence[CalibrationWord], splits: int = N_SPLITS) -> SplitJudgement:
    """What may be expected of the confidences of new words; see `SplitJudgement`."""
    rows = []
    for seed in range(splits):
        confidences, correct = _judge_in_halves(words, seed)
        coverage = compute_coverage_at_precision(confidences, correct, PROMISED_PRECISION)
        rows.append((compute_ece(confidences, correct), coverage, compute_aurc(confidences, correct)))
    return SplitJudgement(*np.mean(rows, axis=0).tolist())


def without_evidence(words: Sequence[CalibrationWord]) -> list[CalibrationWord]:
    """The same words, of which no glyph head spoke: to see what it adds."""
    return [replace(word, evidence=None) for word in words]


def _judge_in_halves(words: Sequence[CalibrationWord], seed: int) -> tuple[list[float], list[bool]]:
    order = np.random.default_rng(seed).permutation(len(words)).tolist()
    halves = order[: len(words) // 2], order[len(words) // 2 :]
    confidences: list[float] = []
    correct: list[bool] = []
    for fitted_on, judged in (halves, halves[::-1]):
        fitted = fit_word_calibration([words[index] for index in fitted_on])
        chosen = [words[index] for index in judged]
        confidences += [word.judge(fitted) for word in chosen]
        correct += [word.correct for word in chosen]
    return confidences, correct


def compute_precision_curve(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[tuple[float, float], ...]:
    """For each precision that can be promised, the smallest confidence from which on it is kept.

    The precision of n kept words of which k are right is taken as (k + 0.5) / (n + 1), so that a handful of
    right words does not promise perfection. Precisions that no threshold keeps are left out.

    Returns:
        (precision, threshold) pairs, rising in both.
    """
    if len(confidences) == 0:
        return ()
    n_kept, n_right, thresholds = count_above_thresholds(
        np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    )
    promised = (n_right + 0.5) / (n_kept + 1.0)
    reachable = [precision for precision in _PRECISIONS if promised.max() >= precision]
    return tuple(
        (round(float(precision), 4), float(thresholds[promised >= precision].min())) for precision in reachable
    )


def compute_reliability(
    confidences: Sequence[float], correct: Sequence[bool], n_bins: int = N_ECE_BINS
) -> tuple[ReliabilityBin, ...]:
    """The non-empty bins of a reliability diagram, from the least to the most sure."""
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    bins = find_bins(sure, n_bins)
    return tuple(
        ReliabilityBin(
            lower=index / n_bins,
            upper=(index + 1) / n_bins,
            n=int((bins == index).sum()),
            confidence=float(sure[bins == index].mean()),
            accuracy=float(right[bins == index].mean()),
        )
        for index in np.unique(bins).tolist()
    )


def _are_enough(correct: NDArray[np.int64]) -> bool:
    return len(correct) >= MIN_WORDS and min(correct.sum(), (1 - correct).sum()) >= MIN_OF_EACH_OUTCOME


def _fit_glyphs(words: Sequence[CalibrationWord], gamma: float) -> GlyphCalibration | None:
    """The map of the words of which a glyph head spoke; None where they are too few."""
    spoken = [(word, word.evidence) for word in words if word.evidence is not None]
    correct = np.array([word.correct for word, _ in spoken], dtype=np.int64)
    if not _are_enough(correct):
        return None
    evidence = np.array([(float(agreement), sharpness) for _, (agreement, sharpness) in spoken])
    features = np.concatenate([_features([word for word, _ in spoken], gamma), evidence], axis=1)
    bias, slopes = _fit_slopes(features, correct)
    log_prob, min_char, agreement, sharpness = slopes.tolist()
    return GlyphCalibration(log_prob, min_char, agreement, sharpness, float(bias))


def _features(words: Sequence[CalibrationWord], gamma: float) -> NDArray[np.float64]:
    return np.array([calibration_features(word.log_prob, word.length, word.min_char, gamma) for word in words])


def _cross_validated_loss(words: Sequence[CalibrationWord], correct: NDArray[np.int64], gamma: float) -> float:
    features = _features(words, gamma)
    folds = StratifiedKFold(n_splits=_N_FOLDS, shuffle=True, random_state=0)
    losses = []
    for train, held_out in folds.split(features, correct):
        bias, slopes = _fit_slopes(features[train], correct[train])
        probs = 1.0 / (1.0 + np.exp(-np.clip(features[held_out] @ slopes + bias, -30.0, 30.0)))
        losses.append(log_loss(correct[held_out], probs, labels=[0, 1]))
    return float(np.mean(losses))


def _fit_slopes(features: NDArray[np.float64], correct: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """Logistic regression with slopes of at least 0: a feature that would get less is left out."""
    slopes = np.zeros(features.shape[1])
    used = list(range(features.shape[1]))
    while used:
        bias, found = _fit_logistic(features[:, used], correct)
        if found.min() >= 0.0:
            slopes[used] = found
            return bias, slopes
        used.pop(int(found.argmin()))
    share = correct.mean()
    return float(np.log(share / (1.0 - share))), slopes


def _fit_logistic(features: NDArray[np.float64], correct: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1000)
    model.fit((features - mean) / spread, correct)
    slopes = model.coef_[0] / spread
    return float(model.intercept_[0] - (mean * slopes).sum()), slopes
