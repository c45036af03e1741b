"""What can be said beforehand of everything that is kept: a precision that holds, or plainly that none can be told."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.calibration import WordCalibration
from models.calibration_maps import AS_READ, VIEWED, GridPoint, Measured
from textrec_app.evaluation.promise import RISK, Promised, bound_precision, find_best_promise, is_contradicted
from textrec_app.evaluation.shift import MIN_WORDS, measure_shift, name_unlike

WIDENING = 2.5
"""Errors may be so many times more (plus one) on pictures that are nothing like the validation words."""

SHIFT_STEP = 0.02
"""The margin grows in such steps, so that what was computed once is used again."""

REFUSED_SHIFT = 0.999
"""From here on nothing is promised; chosen with receipts and drawn codes as unseen kinds (docs/LOG.md)."""

ENOUGH_DECISIONS = 60
WORDS_TO_REVIEW = 60


@dataclass(frozen=True)
class Judged:
    """One undecided reading: its calibrated confidence, 0 for nothing read, and its evidence, None for old readings."""

    confidence: float
    evidence: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Promise:
    """What can be said of everything kept now, before anybody looked.

    Attributes:
        wished: the precision that was asked for.
        threshold: confidence from which on readings are kept.
        promised: precision that holds with 95 % confidence; None: cannot promise.
        expected: mean calibrated confidence of what is kept; None for nothing kept.
        shift: 0 (like the pictures the confidence was measured on) to 1 (nothing like them).
        margin: by how much the demanded precision was raised because of the shift.
        source: "card", or "decisions" of a person on this store's words.
        sentence: in words, with what to do next.
    """

    wished: float
    threshold: float
    promised: float | None
    expected: float | None
    shift: float
    margin: float
    source: str
    sentence: str


@dataclass(frozen=True)
class CurvePoint:
    """One threshold: share of the undecided readings it keeps, their expected precision, its lower 95 % bound."""

    threshold: float
    coverage: float
    precision: float | None
    lower: float | None


def make_promise(
    calibration: WordCalibration, judged: Sequence[Judged], wished: float, protocol: str = "exact"
) -> Promise:
    """Choose the threshold for a wished precision and say what holds above it.

    The higher of what the card's words and a person's decisions can promise counts, each with half the risk, and the
    card's only while the decisions do not contradict it.

    Args:
        judged: the readings that nobody decided on; none of them are compared with the validation words.
        protocol: what counts as right.
    """
    reviewed, measured = calibration.reviewed, calibration.measured
    if reviewed is None or reviewed.n < ENOUGH_DECISIONS:
        if measured is None:
            return _untested(calibration, judged, wished)
        return _promise_from(measured, _find_grid(calibration, judged, protocol), judged, _Wish(wished))
    own_grid = reviewed.grids.get(protocol, ())
    if measured is None:
        return _promise_from(reviewed, own_grid, judged, _Wish(wished, "decisions"))
    own = _promise_from(reviewed, own_grid, judged, _Wish(wished, "decisions", RISK / 2))
    card = _promise_from(measured, _find_grid(calibration, judged, protocol), judged, _Wish(wished, "card", RISK / 2))
    is_wrong = is_contradicted(own_grid, Promised(card.threshold, card.promised or 0.0))
    return own if is_wrong or (own.promised or 0.0) > (card.promised or 0.0) else card


def draw_curve(
    calibration: WordCalibration, judged: Sequence[Judged], promise: Promise, protocol: str = "exact"
) -> tuple[CurvePoint, ...]:
    """Precision against coverage at every threshold that promises are made from, rising in coverage."""
    is_own = promise.source == "decisions" and calibration.reviewed is not None
    own = calibration.reviewed.grids.get(protocol, ()) if calibration.reviewed is not None else ()
    grid = own if is_own else _find_grid(calibration, judged, protocol)
    sure = np.array([one.confidence for one in judged])
    points = []
    for point in grid:
        kept = sure[(sure >= point.threshold) & (sure > 0.0)]
        share = kept.size / max(1, sure.size)
        error = (1.0 - bound_precision(point.kept, point.wrong)) * (1.0 + WIDENING * promise.shift)
        lower = None if promise.promised is None else max(0.0, 1.0 - error)
        points.append(CurvePoint(point.threshold, share, float(kept.mean()) if kept.size else None, lower))
    return tuple(points)


def _find_grid(calibration: WordCalibration, judged: Sequence[Judged], protocol: str) -> tuple[GridPoint, ...]:
    """The thresholds that were measured on confidences like these: with views, or as most were read without."""
    known = [one for one in judged if one.confidence > 0.0]
    viewed = sum(VIEWED in (one.evidence or {}) for one in known)
    as_read = calibration.corrected_grid(protocol + AS_READ) if 2 * viewed < len(known) else ()
    return as_read or calibration.corrected_grid(protocol)


@dataclass(frozen=True)
class _Wish:
    """A precision that is wished, whose words it is measured on, and the chance that the promise may be broken."""

    precision: float
    source: str = "card"
    risk: float = RISK


def _promise_from(measured: Measured, grid: Sequence[GridPoint], judged: Sequence[Judged], wish: _Wish) -> Promise:
    wished, source = wish.precision, wish.source
    known = [one.evidence for one in judged if one.evidence]
    shift = measure_shift(measured.reference, known, measured.n)
    inflation = 1.0 + WIDENING * math.ceil(shift / SHIFT_STEP) * SHIFT_STEP
    best = find_best_promise(grid, wished, inflation, wish.risk)
    confidences = np.array([one.confidence for one in judged if one.confidence > 0.0])
    threshold = 1.0 if best is None else _raise_to_expected(confidences, best)
    kept = confidences[confidences >= threshold]
    is_empty = bool(judged) and not kept.size
    is_refused = (
        best is None or is_empty or shift >= REFUSED_SHIFT or 0 < len(judged) < MIN_WORDS or 0 < len(known) < MIN_WORDS
    )
    promised = None if best is None or is_refused else best.precision
    unlike = name_unlike(measured.reference, known, measured.n)
    return Promise(
        wished=wished,
        threshold=threshold,
        promised=promised,
        expected=float(kept.mean()) if kept.size else None,
        shift=shift,
        margin=(1.0 - wished) * (1.0 - 1.0 / inflation),
        source=source,
        sentence=_explain_refusal(best, len(judged), shift, unlike)
        if promised is None
        else _tell(promised, wished, (kept.size, len(judged)), measured.n, source, shift),
    )


def _raise_to_expected(confidences: np.ndarray, best: Promised) -> float:
    """The threshold, raised until what is kept is also expected to be so precise: harder pictures have more doubt."""
    falling = np.sort(confidences[confidences >= best.threshold])[::-1]
    if not falling.size:
        return best.threshold
    means = np.cumsum(falling) / np.arange(1, falling.size + 1)
    good = np.flatnonzero(means >= best.precision)
    if good.size == falling.size:
        return best.threshold
    return float(falling[good[-1]]) if good.size else 1.0


def _untested(calibration: WordCalibration, judged: Sequence[Judged], wished: float) -> Promise:
    threshold = calibration.threshold_for(wished)
    if calibration.maps:  # the curve was measured on other confidences: what is kept must at least expect as much
        confidences = np.array([one.confidence for one in judged if one.confidence > 0.0])
        threshold = _raise_to_expected(confidences, Promised(0.5, wished)) if confidences.size else wished
    kept = [one.confidence for one in judged if one.confidence >= threshold and one.confidence > 0.0]
    best = calibration.best_precision
    if calibration.maps:
        best = None
    most = f" Its curve ends at {best:.1%}." if best is not None and best < wished else ""
    return Promise(
        wished=wished,
        threshold=threshold,
        promised=None,
        expected=float(np.mean(kept)) if kept else None,
        shift=0.0,
        margin=0.0,
        source="card",
        sentence="Cannot promise a precision: this recognizer's confidences were never tested on words that it"
        f" did not learn from.{most} Review {WORDS_TO_REVIEW} words.",
    )


def _tell(promised: float, wished: float, counts: tuple[int, int], n: int, source: str, shift: float) -> str:
    measured_on = f"{n} validation words" if source == "card" else f"{n} of your own decisions"
    of_them = f": {counts[0]:,} of {counts[1]:,} words are kept" if counts[1] else ""
    start = f"At least {promised:.4g} of what is kept is right, with 95 % confidence{of_them}"
    start = start.replace(f"{promised:.4g}", f"{100 * promised:.4g} %")
    wider = " The margin was widened, because these pictures are unlike those or harder." if shift >= 0.25 else ""
    if promised >= wished - 1e-9:
        return f"{start} (measured on {measured_on}).{wider}"
    return (
        f"{start}. {100 * wished:.4g} % was wished, but {measured_on} prove no more.{wider}"
        f" Review {WORDS_TO_REVIEW} kept words to make it firmer."
    )


def _explain_refusal(best: Promised | None, n: int, shift: float, unlike: Sequence[str]) -> str:
    if best is None:
        return (
            "Cannot promise any precision: the words that the confidence was measured on are too few or too often"
            f" misread. Nothing is kept. Review {WORDS_TO_REVIEW} words."
        )
    if shift >= REFUSED_SHIFT:
        what = f" ({', '.join(unlike[:3])} differ)" if unlike else ""
        return (
            "Cannot promise a precision on these pictures: they are too unlike those that the confidence was"
            f" measured on{what}. What is kept is only likely to be right. Review {WORDS_TO_REVIEW} words."
        )
    if n >= MIN_WORDS:
        return (
            "Nothing is kept, so there is nothing to promise: no reading is sure enough."
            f" Ask for less precision, or review {WORDS_TO_REVIEW} words."
        )
    return (
        f"Cannot promise a precision yet: {n} words are too few to tell whether they are like those that the"
        f" confidence was measured on. Harvest at least {MIN_WORDS}, or review them."
    )
