"""Which readings are sure enough to be learned from: a wished precision, the threshold it means, and the counts."""

from dataclasses import dataclass

import numpy as np

from storage import selections
from storage.records import NewSelection
from textrec_app.errors import InputError
from textrec_app.services.context import ActiveModels, App

DEFAULT_PRECISION = 0.99
N_BINS = 20


@dataclass(frozen=True)
class ConfidenceView:
    """The readings nobody decided on, by confidence, and what a wished precision makes of them.

    Attributes:
        bin_edges: 21 edges from 0 to 1.
        counts: readings in each of the 20 bins.
        threshold: confidence from which on readings are kept.
        expected_precision: mean calibrated confidence of what is kept; None if nothing is.
        min_precision: what was wished.
        best_precision: the most that this recognizer can promise; None if that was never measured.
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


def confidence_view(app: App, min_precision: float) -> ConfidenceView:
    """Show what keeping with this precision would mean, without changing anything.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    return _build_view(app, min_precision, get_threshold(app.models.get_active(), min_precision))


def apply_precision(app: App, min_precision: float, who: str) -> ConfidenceView:
    """Keep what is sure enough and let the rest wait, among the readings that nobody decided on.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    models = app.models.get_active()
    threshold = get_threshold(models, min_precision)
    selections.apply_selection(app.store, NewSelection("slider", who, min_precision, threshold, models.checkpoint))
    return _build_view(app, min_precision, threshold)


def get_threshold(models: ActiveModels, min_precision: float) -> float:
    """The confidence from which on this recognizer was right with this precision.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    if not 0.0 <= min_precision <= 1.0:
        raise InputError(f"The precision must be between 0 and 1, not {min_precision}; 0.99 is usual.")
    return models.calibration.threshold_for(min_precision)


def find_min_precision(app: App) -> float:
    """The precision that was wished last, the usual one if none was."""
    latest = selections.find_latest_selection(app.store)
    return DEFAULT_PRECISION if latest is None else latest.min_precision


def is_kept(text: str, confidence: float, threshold: float) -> bool:
    """Whether a reading is sure enough; an empty one says nothing that could be learned."""
    return bool(text) and confidence >= threshold


def _build_view(app: App, min_precision: float, threshold: float) -> ConfidenceView:
    confidences = np.asarray(selections.list_undecided_confidences(app.store), dtype=np.float64)
    counts, edges = np.histogram(confidences, bins=N_BINS, range=(0.0, 1.0))
    kept = confidences[(confidences >= threshold) & (confidences > 0.0)]
    return ConfidenceView(
        bin_edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        threshold=threshold,
        kept=int(kept.size),
        waiting=int(confidences.size - kept.size),
        expected_precision=float(kept.mean()) if kept.size else None,
        total=int(confidences.size),
        min_precision=min_precision,
        best_precision=app.models.get_active().calibration.best_precision,
    )
