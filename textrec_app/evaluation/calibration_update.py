"""Correct a calibration by what a person decided: a little by a few decisions, wholly by many."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from models.calibration import WordCalibration
from models.calibration_maps import Measured, ReliabilityPoint, compute_quantiles, shift_logit
from textrec_app.evaluation.calibration import compute_reliability
from textrec_app.evaluation.calibration_fit import PROTOCOL, EvidenceWord
from textrec_app.evaluation.promise import build_grid

SLOPE_SPREAD = 0.5
OFFSET_SPREAD = 1.5
"""How far the correction is thought to lie from the one before, at first 1 and 0 (standard deviations)."""

LEAST_SLOPE = 0.05


def update_calibration(calibration: WordCalibration, words: Sequence[EvidenceWord]) -> WordCalibration:
    """The calibration with its logit stretched and moved so that it fits the decisions, as a priori as it was.

    Weighted words count as many equal ones as give the same variance, so that a small audit of a large store does not
    pass for thousands of decisions.

    Args:
        calibration: of the checkpoint; without maps it is returned as it is.
        words: decided readings whose evidence a map covers.
    """
    logits, kept = _list_logits(calibration, words)
    if not kept:
        return calibration
    correct = np.array([word.correct[PROTOCOL] for word in kept], dtype=np.float64)
    weight = np.array([word.weight for word in kept])
    weight = weight * weight.sum() / (weight**2).sum()

    def loss(values: np.ndarray) -> float:
        raised = values[0] * logits + values[1]
        data = (weight * (np.logaddexp(0.0, raised) - correct * raised)).sum()
        away = ((values[0] - calibration.slope) / SLOPE_SPREAD, (values[1] - calibration.offset) / OFFSET_SPREAD)
        return float(data + 0.5 * (away[0] ** 2 + away[1] ** 2))

    found = minimize(
        loss,
        np.array([calibration.slope, calibration.offset]),
        method="L-BFGS-B",
        bounds=[(LEAST_SLOPE, 5.0), (-10.0, 10.0)],
    ).x
    slope, offset = float(found[0]), float(found[1])
    sure = [shift_logit(logit, slope, offset) for logit in logits.tolist()]
    reviewed, known = _measure(kept, sure), calibration.reviewed
    if known is not None and known.n > reviewed.n:
        reviewed = known
    return replace(calibration, slope=slope, offset=offset, reviewed=reviewed)


def _list_logits(calibration: WordCalibration, words: Sequence[EvidenceWord]) -> tuple[np.ndarray, list[EvidenceWord]]:
    logits, kept = [], []
    for word in words:
        found = next((one for one in calibration.maps if one.covers(word.evidence)), None)
        if found is not None:
            logits.append(found.logit(word.evidence))
            kept.append(word)
    return np.array(logits), kept


def _measure(words: Sequence[EvidenceWord], sure: Sequence[float]) -> Measured:
    correct = [word.correct[PROTOCOL] for word in words]
    names = sorted({name for word in words for name in word.evidence})
    return Measured(
        n=len(words),
        grids={PROTOCOL: build_grid(sure, correct, [word.weight for word in words])},
        reference={
            name: compute_quantiles([word.evidence[name] for word in words if name in word.evidence]) for name in names
        },
        reliability=tuple(
            ReliabilityPoint(one.lower, one.upper, one.n, one.confidence, one.accuracy)
            for one in compute_reliability(sure, correct)
        ),
    )
