"""What the Train tab says about series of rounds: plain values for the plot and its table."""

from collections.abc import Sequence
from typing import Any

from textrec_app.services.rounds import RoundView, SeriesView
from textrec_app.ui.train_words import name_set

MAX_ROUNDS_SHOWN = 10


def describe_rounds(series: Sequence[SeriesView]) -> dict[str, Any]:
    """The latest rounds of all series, oldest first, and how the newest series stands.

    Args:
        series: newest first.
    """
    newest = series[0] if series else None
    labelled = [(item, view) for item in reversed(series) for view in item.rounds]
    several = len({item.series_id for item, _ in labelled}) > 1
    shown = labelled[-MAX_ROUNDS_SHOWN:]
    return {
        "rounds": [describe_round(view, item.series_id if several else None) for item, view in shown],
        "rounds_message": "" if newest is None else newest.message,
    }


def describe_round(view: RoundView, series_id: int | None = None) -> dict[str, Any]:
    """One round; `title` names its series where several are shown."""
    names = [name for name in view.before if name in view.after]
    return {
        "title": f"round {view.number}" if series_id is None else f"{series_id}.{view.number}",
        "job_id": view.job_id,
        "state": view.state,
        "verdict": view.verdict,
        "kept": view.kept or 0,
        "waiting": view.waiting or 0,
        "sets": [{"name": name_set(name), "before": view.before[name], "after": view.after[name]} for name in names],
    }


def describe_rounds_left(series: SeriesView | None) -> str:
    """How many rounds may follow the present one, in words; empty where none may."""
    if series is None or not series.is_active or not series.rounds:
        return ""
    left = series.max_rounds - series.rounds[-1].number
    if left <= 0:
        return ""
    length = "" if series.minutes is None else f" of {series.minutes:g} min"
    return f"then up to {left} more {'round' if left == 1 else 'rounds'}{length}, as long as it gets better"


def to_json(series: SeriesView) -> dict[str, Any]:
    """A series as the API gives it; times in ISO 8601."""
    return {
        "series_id": series.series_id,
        "state": series.state,
        "max_rounds": series.max_rounds,
        "message": series.message,
        "recipe": series.recipe,
        "minutes": series.minutes,
        "requested_by": series.requested_by,
        "created_utc": series.created_utc.isoformat(),
        "rounds": [
            {
                "number": view.number,
                "job_id": view.job_id,
                "state": view.state,
                "verdict": view.verdict,
                "reasons": list(view.reasons),
                "before": view.before,
                "after": view.after,
                "checkpoint": view.checkpoint,
                "kept": view.kept,
                "waiting": view.waiting,
            }
            for view in series.rounds
        ],
    }
