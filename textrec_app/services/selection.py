"""Which readings are sure enough to be learned from: a wished precision, the threshold it means, what it promises."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.calibration_maps import ReliabilityPoint
from storage import selections
from storage.calibrations import list_decided_readings
from storage.records import NewSelection
from textrec_app.errors import InputError
from textrec_app.evaluation.calibration import ReliabilityBin, compute_reliability
from textrec_app.evaluation.promising import CurvePoint, Judged, Promise, draw_curve, make_promise
from textrec_app.services.context import ActiveModels, App

__all__ = ["ConfidenceView", "CurvePoint", "Promise", "ReliabilityBin", "confidence_view", "explain_waiting"]

DEFAULT_PRECISION = 0.99
N_BINS = 20
ENOUGH_REVIEWED = 30
SAME_THRESHOLD = 1e-9
UNLIKELY_WORD = -3.2
"""Log-probability of a character under the language from which on a text counts as unlikely."""

WEAK_CHARACTER = 0.0
"""Logit of the weakest character below which it is no better than a toss."""


@dataclass(frozen=True)
class ConfidenceView:
    """The readings nobody decided on, by confidence, and what a wished precision makes of them.

    Attributes:
        bin_edges: 21 edges from 0 to 1.
        counts: readings in each of the 20 bins.
        threshold: confidence from which on readings are kept.
        expected_precision: mean calibrated confidence of what is kept; None if nothing is.
        min_precision: what was wished.
        best_precision: the most that this recognizer can promise; None if it can promise nothing.
        promise: what can be said of what is kept.
        curve: precision against coverage, rising in coverage; empty where confidences were never tested.
        reliability: bins of the reliability diagram.
        reliability_source: whose words those are: "decisions", "card" or "none".
        reasons: why readings wait, the most frequent first, with their number.
    """

    bin_edges: tuple[float, ...]
    counts: tuple[int, ...]
    threshold: float
    kept: int
    waiting: int
    expected_precision: float | None
    total: int
    min_precision: float
    best_precision: float | None
    promise: Promise
    curve: tuple[CurvePoint, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    reliability_source: str = "none"
    reasons: tuple[tuple[str, int], ...] = ()


def confidence_view(app: App, min_precision: float) -> ConfidenceView:
    """Show what keeping with this precision would mean, without changing anything.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    _check(min_precision)
    models, judged = app.models.get_active(), _list_judged(app)
    return _build_view(app, models, judged, make_promise(models.calibration, judged, min_precision))


def apply_precision(app: App, min_precision: float, who: str) -> ConfidenceView:
    """Keep what is sure enough and let the rest wait, among the readings that nobody decided on.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    view = confidence_view(app, min_precision)
    _apply(app, "slider", who, view.promise)
    return view


def find_promise(app: App, min_precision: float) -> Promise:
    """What can be promised now of the readings that nobody decided on, and the threshold for it.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    _check(min_precision)
    return make_promise(app.models.get_active().calibration, _list_judged(app), min_precision)


def settle_promise(app: App, who: str, min_precision: float, is_new: bool = False) -> Promise:
    """Set the threshold anew where what is in the store asks for another; else change nothing.

    Args:
        is_new: confidences changed, so that it is set in any case.
    """
    promise = find_promise(app, min_precision)
    latest = selections.find_latest_selection(app.store)
    if is_new or latest is None or abs(latest.threshold - promise.threshold) > SAME_THRESHOLD:
        _apply(app, "calibration", who, promise)
    return promise


def get_threshold(models: ActiveModels, min_precision: float) -> float:
    """The confidence from which on readings are kept of pictures like those it was measured on.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    _check(min_precision)
    return make_promise(models.calibration, (), min_precision).threshold


def find_min_precision(app: App) -> float:
    """The precision that was wished last, the usual one if none was."""
    latest = selections.find_latest_selection(app.store)
    return DEFAULT_PRECISION if latest is None else latest.min_precision


def is_kept(text: str, confidence: float, threshold: float) -> bool:
    """Whether a reading is sure enough; an empty one says nothing that could be learned."""
    return bool(text) and confidence >= threshold


def explain_waiting(evidence: Mapping[str, float] | None, confidence: float, threshold: float) -> str:
    """Why a reading was not kept, by what speaks loudest against it; empty for one that is sure enough."""
    if confidence <= 0.0 or (evidence is not None and evidence.get("length") == 0.0):
        return "nothing read"
    if confidence >= threshold:
        return ""
    known = evidence or {}
    if known.get("heads_agree") == 0.0:
        return "heads disagree"
    if known.get("rival_margin", 1.0) < 0.0 or known.get("views_margin", 1.0) < 0.0:
        return "another text is as likely"
    if any(known.get(f"{group}_agree", 1.0) < 1.0 for group in ("weak", "strong", "scale", "turn")):
        return "two views disagree"
    if known.get("weakest", 1.0) < WEAK_CHARACTER:
        return "weak character"
    if known.get("language", 0.0) < UNLIKELY_WORD:
        return "an unlikely word"
    return "not sure enough"


def disagreement(evidence: Mapping[str, float] | None) -> float:
    """How much heads and views disagree about a reading: 0 all alike, 1 none; 0 where nothing is known."""
    agrees = [value for name, value in (evidence or {}).items() if name.endswith("_agree")]
    return 1.0 - sum(agrees) / len(agrees) if agrees else 0.0


def _apply(app: App, reason: str, who: str, promise: Promise) -> None:
    checkpoint = app.models.get_active().checkpoint
    selections.apply_selection(app.store, NewSelection(reason, who, promise.wished, promise.threshold, checkpoint))


def _check(min_precision: float) -> None:
    if not 0.0 <= min_precision <= 1.0:
        raise InputError(f"The precision must be between 0 and 1, not {min_precision}; 0.99 is usual.")


def _list_judged(app: App) -> list[Judged]:
    return [Judged(row.confidence, row.evidence) for row in selections.list_undecided(app.store)]


def _build_view(app: App, models: ActiveModels, judged: Sequence[Judged], promise: Promise) -> ConfidenceView:
    confidences = np.array([one.confidence for one in judged], dtype=np.float64)
    counts, edges = np.histogram(confidences, bins=N_BINS, range=(0.0, 1.0))
    kept = int(((confidences >= promise.threshold) & (confidences > 0.0)).sum())
    reliability, source = _find_reliability(app, models)
    found = Counter(explain_waiting(one.evidence, one.confidence, promise.threshold) for one in judged)
    found.pop("", None)
    most = make_promise(models.calibration, judged, 1.0)
    return ConfidenceView(
        bin_edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        threshold=promise.threshold,
        kept=kept,
        waiting=len(judged) - kept,
        expected_precision=promise.expected,
        total=len(judged),
        min_precision=promise.wished,
        best_precision=models.calibration.best_precision if models.calibration.measured is None else most.promised,
        promise=promise,
        curve=draw_curve(models.calibration, judged, promise),
        reliability=reliability,
        reliability_source=source,
        reasons=tuple(found.most_common()),
    )


def _find_reliability(app: App, models: ActiveModels) -> tuple[tuple[ReliabilityBin, ...], str]:
    """Bins of this store's reviewed words where they are enough, else those of the card."""
    decided = list_decided_readings(app.store, models.checkpoint.sha256)
    if len(decided) >= ENOUGH_REVIEWED:
        sure = [models.calibration.judge(one.evidence, 0.0) for one in decided]
        return compute_reliability(sure, [one.text == one.decided for one in decided]), "decisions"
    measured = models.calibration.measured
    if measured is None or not measured.reliability:
        return (), "none"
    return tuple(_to_bin(one) for one in measured.reliability), "card"


def _to_bin(point: ReliabilityPoint) -> ReliabilityBin:
    return ReliabilityBin(point.lower, point.upper, point.n, point.confidence, point.accuracy)
