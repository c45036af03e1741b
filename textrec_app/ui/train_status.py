"""What the Train tab says about a job: plain values for the page, data frames for the curves."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from textrec_app.services.retraining import JobView, ProgressPoint

N_LOG_LINES = 40
N_CURVE_POINTS = 300
ACTIVE_STATES = ("queued", "running", "cancelling")
SET_NAMES = {"labels": "your reviewed words", "anchor": "anchor set", "agreement": "agreement on unlabelled words"}
VERDICTS = {
    "promoted": "Better: the new model is in use",
    "rejected": "Not better: the old model stays in use",
    "overruled": "Rejected by the gate, put in use by a person",
}
SNAPSHOT_WORDS = {
    "train_human": "reviewed words to learn from",
    "train_pseudo": "kept words to learn from",
    "validation": "reviewed words to measure on",
    "agreement": "unlabelled words to measure on",
}
TITLES = {
    "queued": "Waiting to start",
    "running": "Training",
    "cancelling": "Stopping",
    "cancelled": "Cancelled",
    "succeeded": "Finished",
    "failed": "Failed",
    "lost": "Lost",
}


def describe_job(job: JobView, points: list[ProgressPoint]) -> dict[str, Any]:
    """The status panel's value for a job."""
    is_active = job.state in ACTIVE_STATES
    return {
        "job_id": job.job_id,
        "state": job.state,
        "is_active": is_active,
        "title": f"{TITLES.get(job.state, job.state)} · job {job.job_id}",
        "message": job.message,
        "progress": job.progress if job.progress > 0 else None,
        "facts": describe_facts(job, datetime.now(UTC)),
        "verdict": job.verdict,
        "verdict_text": VERDICTS.get(job.verdict or "", "Before and after"),
        "reasons": list(job.reasons) if job.verdict else [],
        "compared": describe_sets(job.before, job.after),
        "log": [describe_point(point) for point in points[-N_LOG_LINES:]],
    }


def describe_nothing(n_labels: int, n_kept: int) -> dict[str, Any]:
    """The status panel's value when nothing was trained yet."""
    if n_labels + n_kept:
        message = "Press Retrain: the model learns from your words, and is used only if it reads better than before."
    else:
        message = "There is nothing to learn from yet. Harvest some pictures, then accept or correct words in Review."
    return {
        "job_id": None,
        "state": "none",
        "is_active": False,
        "title": "No training yet",
        "message": message,
        "progress": 0.0,
        "facts": "",
        "verdict": None,
        "verdict_text": "",
        "reasons": [],
        "compared": [],
        "log": [],
    }


def describe_facts(job: JobView, now: datetime) -> str:
    """Recipe, who asked, how long, on what; one line."""
    begun = job.started_utc or job.created_utc
    spent_s = max(0.0, ((job.finished_utc or now) - begun).total_seconds())
    length = "the recipe's length" if job.minutes is None else f"{job.minutes:g} min"
    facts = [f"recipe {job.recipe}, {length}", f"asked by {job.requested_by}", describe_duration(spent_s)]
    if job.attempt > 1:
        facts.append(f"attempt {job.attempt}")
    return " · ".join([*facts, *describe_snapshot(job.snapshot)])


def describe_snapshot(snapshot: dict[str, Any]) -> list[str]:
    """What the training learns from and is measured on, as far as it is known."""
    parts = [f"{snapshot[name]} {words}" for name, words in SNAPSHOT_WORDS.items() if snapshot.get(name)]
    return [", ".join(parts)] if parts else []


def describe_duration(seconds: float) -> str:
    """A duration for people."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def describe_sets(before: dict[str, float], after: dict[str, float]) -> list[dict[str, Any]]:
    """Before and after on each frozen set."""
    names = [name for name in {**before, **after} if _is_number(before.get(name)) or _is_number(after.get(name))]
    return [{"name": SET_NAMES.get(name, name), "before": before.get(name), "after": after.get(name)} for name in names]


def describe_point(point: ProgressPoint) -> str:
    """One line of the log."""
    text = point.message or point.phase or point.event
    return f"{point.time_utc:%H:%M:%S}  {text}"


def build_loss_curve(points: list[ProgressPoint]) -> pd.DataFrame:
    """Columns step, loss; thinned out."""
    rows = [(point.step, float(point.loss)) for point in points if point.loss is not None]
    return pd.DataFrame(_thin(rows), columns=["step", "loss"], dtype=float)


def build_accuracy_curve(points: list[ProgressPoint]) -> pd.DataFrame:
    """Columns step, accuracy (percent), on the validation words."""
    rows = [
        (point.step, 100.0 * float(point.metrics["word_accuracy_exact"]))
        for point in points
        if "word_accuracy_exact" in point.metrics
    ]
    return pd.DataFrame(_thin(rows), columns=["step", "accuracy"], dtype=float)


def _thin(rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
    stride = max(1, -(-len(rows) // N_CURVE_POINTS))
    return rows[::stride] if stride == 1 else [*rows[:-1:stride], rows[-1]]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
