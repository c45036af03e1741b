"""Fit the maps from all evidence to the probability that a reading is right, and measure what they promise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from models.calibration import WordCalibration
from models.calibration_maps import (
    AS_READ,
    EvidenceMap,
    Measured,
    ReliabilityPoint,
    compute_quantiles,
    normal_scores,
    shift_logit,
)
from textrec_app.evaluation.calibration import compute_reliability
from textrec_app.evaluation.metrics import compute_aurc, compute_coverage_at_precision, compute_ece
from textrec_app.evaluation.promise import build_grid

MIN_WORDS = 100
MIN_OF_EACH_OUTCOME = 10
PROTOCOL = "exact"
N_FOLDS = 10
INVERSE_PENALTY = 0.3
COMMON_SHARE = 0.9
"""A map is fitted where at least so many words have all its evidence."""

SCORES = ("log_prob", "weakest")
LANGUAGE = ("language",)
HEADS = ("heads_agree", "sharpness")
RIVALS = ("rival_margin",)
VIEWS = ("views_margin", "views_log_prob", "weak_agree", "strong_agree", "scale_agree", "turn_agree")
HEADS_IN_VIEWS = ("glyph_agree", "both_agree")
OUTSIDE = ("outside_agree",)

FEATURE_SETS: tuple[tuple[str, ...], ...] = (
    (*SCORES, *LANGUAGE, *HEADS, *RIVALS, *VIEWS, *HEADS_IN_VIEWS, *OUTSIDE),
    (*SCORES, *LANGUAGE, *HEADS, *RIVALS, *VIEWS, *HEADS_IN_VIEWS),
    (*SCORES, *LANGUAGE, *RIVALS, *VIEWS),
    (*SCORES, *RIVALS, *VIEWS),
    (*SCORES, *LANGUAGE, *HEADS),
    (*SCORES, *LANGUAGE),
    SCORES,
)
"""What maps may weigh, the most first; a reading is judged by the first that it has everything for."""

ABLATION: Mapping[str, tuple[str, ...]] = {
    "scores": SCORES,
    "+ language": (*SCORES, *LANGUAGE),
    "+ heads": (*SCORES, *LANGUAGE, *HEADS),
    "+ rivals": (*SCORES, *LANGUAGE, *HEADS, *RIVALS),
    "+ views": (*SCORES, *LANGUAGE, *HEADS, *RIVALS, *VIEWS),
    "+ heads in views": (*SCORES, *LANGUAGE, *HEADS, *RIVALS, *VIEWS, *HEADS_IN_VIEWS),
}
"""Groups of evidence, each added to those before."""


@dataclass(frozen=True)
class EvidenceWord:
    """All evidence of one reading, and whether it was right under each protocol.

    Attributes:
        weight: how many words of the population it stands for.
    """

    evidence: Mapping[str, float]
    correct: Mapping[str, bool]
    weight: float = 1.0


@dataclass(frozen=True)
class AblationRow:
    """How well confidences made of some evidence judge words that took no part in the fit; shares in [0, 1]."""

    evidence: str
    ece: float
    aurc: float
    coverage_99: float
    coverage_995: float


def fit_evidence_calibration(words: Sequence[EvidenceWord], base: WordCalibration) -> WordCalibration:
    """Fit every map that the words have evidence for, and measure the confidences by cross-fitting.

    Args:
        words: real words that the recognizer did not learn from.
        base: the calibration without evidence; it stays for readings that no map covers.

    Returns:
        `base` as it was where there are too few words, or too few right or wrong ones.
    """
    if not _are_enough(words):
        return base
    fitted = _fit_maps(words)
    confidences = cross_fit(words, _fit_maps)
    as_read = cross_fit([_without_views(word) for word in words], _fit_maps)
    correct = [word.correct[PROTOCOL] for word in words]
    names = sorted({name for word in words for name in word.evidence})
    measured = Measured(
        n=len(words),
        grids={
            protocol + suffix: build_grid(sure, [word.correct[protocol] for word in words])
            for protocol in words[0].correct
            for suffix, sure in (("", confidences), (AS_READ, as_read))
        },
        reference={
            name: compute_quantiles([word.evidence[name] for word in words if name in word.evidence]) for name in names
        },
        reliability=tuple(
            ReliabilityPoint(one.lower, one.upper, one.n, one.confidence, one.accuracy)
            for one in compute_reliability(confidences, correct)
        ),
    )
    return replace(base, maps=fitted, measured=measured, slope=1.0, offset=0.0)


def cross_fit(
    words: Sequence[EvidenceWord], fit: Callable[[Sequence[EvidenceWord]], Sequence[EvidenceMap]], seed: int = 0
) -> list[float]:
    """The confidence of each word by maps that were fitted on the other folds."""
    correct = np.array([word.correct[PROTOCOL] for word in words])
    confidences = np.zeros(len(words))
    for train, held_out in StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(correct, correct):
        maps = fit([words[index] for index in train])
        for index in held_out.tolist():
            logit = next((one.logit(words[index].evidence) for one in maps if one.covers(words[index].evidence)), -5.0)
            confidences[index] = shift_logit(logit, 1.0, 0.0)
    return confidences.tolist()


def compare_evidence(words: Sequence[EvidenceWord], protocol: str = PROTOCOL, seeds: int = 2) -> list[AblationRow]:
    """What each group of evidence adds, in cross-fitting; groups that the words lack are left out."""
    correct = [word.correct[protocol] for word in words]
    rows = []
    for name, features in ABLATION.items():
        if _fit_map(words, features) is None:
            continue
        told = []
        for seed in range(seeds):
            sure = cross_fit(words, partial(_fit_one, features=features), seed)
            coverage = [compute_coverage_at_precision(sure, correct, wished) for wished in (0.99, 0.995)]
            told.append((compute_ece(sure, correct), compute_aurc(sure, correct), *coverage))
        rows.append(AblationRow(name, *np.mean(told, axis=0).tolist()))
    return rows


def _without_views(word: EvidenceWord) -> EvidenceWord:
    looked = {*RIVALS, *VIEWS, *HEADS_IN_VIEWS}
    return replace(word, evidence={name: value for name, value in word.evidence.items() if name not in looked})


def _fit_maps(words: Sequence[EvidenceWord]) -> tuple[EvidenceMap, ...]:
    return tuple(found for features in FEATURE_SETS for found in _some(_fit_map(words, features)))


def _fit_one(words: Sequence[EvidenceWord], features: tuple[str, ...]) -> tuple[EvidenceMap, ...]:
    return _some(_fit_map(words, features))


def _some(found: EvidenceMap | None) -> tuple[EvidenceMap, ...]:
    return () if found is None else (found,)


def _fit_map(words: Sequence[EvidenceWord], features: tuple[str, ...]) -> EvidenceMap | None:
    """One map; None where its evidence is rare. Words without a text to look for have less evidence than others."""
    chosen = [word for word in words if all(name in word.evidence for name in features)]
    spoken = [word for word in words if word.evidence.get("length", 1.0) > 0]
    if len(chosen) < COMMON_SHARE * len(spoken) or not _are_enough(chosen):
        return None
    columns = np.array([[word.evidence[name] for name in features] for word in chosen], dtype=np.float64)
    quantiles = tuple(compute_quantiles(column) for column in columns.T.tolist())
    scores = np.stack([normal_scores(column, ranks) for column, ranks in zip(columns.T, quantiles, strict=True)], 1)
    correct = np.array([word.correct[PROTOCOL] for word in chosen])
    bias, weights = _fit_slopes(scores, correct, np.array([word.weight for word in chosen]))
    return EvidenceMap(features, quantiles, tuple(weights.tolist()), bias)


def _fit_slopes(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Logistic regression with slopes of at least 0: a feature that would get less is left out."""
    slopes, used = np.zeros(scores.shape[1]), list(range(scores.shape[1]))
    while used:
        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000)
        model.fit(scores[:, used], correct, sample_weight=weight)
        if model.coef_[0].min() >= 0.0:
            slopes[used] = model.coef_[0]
            return float(model.intercept_[0]), slopes
        used.pop(int(model.coef_[0].argmin()))
    share = float(np.average(correct, weights=weight))
    return float(np.log(share / (1.0 - share))), slopes


def _are_enough(words: Sequence[EvidenceWord]) -> bool:
    right = sum(word.correct[PROTOCOL] for word in words)
    return len(words) >= MIN_WORDS and min(right, len(words) - right) >= MIN_OF_EACH_OUTCOME
