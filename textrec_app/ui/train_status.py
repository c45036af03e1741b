"""What the Train tab says about a job: plain values for the page."""

from datetime import datetime
from typing import Any

from textrec_app.services.retraining import JobView, ProgressPoint
from textrec_app.ui.train_progress import PHASES, compute_progress, describe_left, find_phase
from textrec_app.ui.train_words import VERDICTS, name_set

N_LOG_LINES = 40
N_CURVE_POINTS = 300
SNAPSHOT_WORDS = {
    "train_human": "reviewed words to learn from",
    "train_pseudo": "kept words to learn from",
    "train_unsure": "waiting words to learn from",
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
NO_CURVES: dict[str, Any] = {"loss": [], "accuracy": []}
OVERRULE = {
    "action": "overrule",
    "button": "Use it all the same: overrule the gate",
    "question": "The gate did not let this model pass. Use it all the same? That is written down with your name.",
    "sure": "Yes, use it all the same",
}
ROLL_BACK = {
    "action": "rollback",
    "button": "Roll back to the model before",
    "question": "Put the model before back in use? The new one stays in Models; nothing is lost.",
    "sure": "Yes, roll back",
}


def describe_job(job: JobView, points: list[ProgressPoint], now: datetime, rounds_left: str = "") -> dict[str, Any]:
    """The status panel's value for a job.

    Args:
        job: its row.
        points: its progress so far.
        now: for the time spent.
        rounds_left: what may follow it, in words.
    """
    return {
        "job_id": job.job_id,
        "state": job.state,
        "badge": job.verdict or job.state,
        "is_active": job.is_active,
        "title": f"{TITLES.get(job.state, job.state)} · {describe_number(job)}",
        "message": job.message,
        "phases": list(PHASES),
        "phase": find_phase(job),
        "progress": compute_progress(job),
        "time_left": describe_left(job, rounds_left),
        "facts": describe_facts(job, now),
        "verdict": job.verdict,
        "verdict_text": VERDICTS.get(job.verdict or "", "Before and after"),
        "reasons": list(job.reasons) if job.verdict else [],
        "compared": describe_sets(job.before, job.after),
        "checks": [],
        "settle": None,
        "curves": {"loss": build_loss_curve(points), "accuracy": build_accuracy_curve(points)},
        "log": [describe_point(point) for point in points[-N_LOG_LINES:]],
    }


def describe_nothing(n_labels: int, n_kept: int, n_waiting: int = 0) -> dict[str, Any]:
    """The status panel's value when nothing was trained yet."""
    if n_labels + n_kept + n_waiting:
        message = (
            f"Press Retrain: the model learns from your {n_labels + n_kept + n_waiting} words ({n_labels} reviewed, "
            f"{n_kept} kept, {n_waiting} waiting), and is used only if it reads better than before."
        )
    else:
        message = "There is nothing to learn from yet. Harvest some pictures; no label needs to be typed."
    return {
        "job_id": None,
        "state": "none",
        "badge": "",
        "is_active": False,
        "title": "No training yet",
        "message": message,
        "phases": list(PHASES),
        "phase": "",
        "progress": 0.0,
        "time_left": "",
        "facts": "",
        "verdict": None,
        "verdict_text": "",
        "reasons": [],
        "compared": [],
        "checks": [],
        "settle": None,
        "curves": NO_CURVES,
        "log": [],
    }


def describe_settle(job: JobView, candidate_state: str | None) -> dict[str, str] | None:
    """What a person may do about a verdict: overrule a rejection, roll back a promotion; None where neither."""
    if job.verdict == "rejected" and candidate_state == "rejected":
        return OVERRULE
    if job.verdict in ("promoted", "overruled") and candidate_state == "active":
        return ROLL_BACK
    return None


def describe_number(job: JobView) -> str:
    """Which job it is, and which round where there are several."""
    round_words = f", round {job.round_number}" if job.round_number and job.round_number > 1 else ""
    return f"job {job.job_id}{round_words}"


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
    return [{"name": name_set(name), "before": before.get(name), "after": after.get(name)} for name in names]


def describe_point(point: ProgressPoint) -> str:
    """One line of the log."""
    text = point.message or point.phase or point.event
    return f"{point.time_utc:%H:%M:%S}  {text}"


def build_loss_curve(points: list[ProgressPoint]) -> list[tuple[int, float]]:
    """Pairs of step and loss; thinned out."""
    return _thin([(point.step, float(point.loss)) for point in points if point.loss is not None])


def build_accuracy_curve(points: list[ProgressPoint]) -> list[tuple[int, float]]:
    """Pairs of step and the share of the validation words read right, 0 to 1; thinned out."""
    rows = [
        (point.step, float(point.metrics["word_accuracy_exact"]))
        for point in points
        if "word_accuracy_exact" in point.metrics
    ]
    return _thin(rows)


def _thin(rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
    stride = max(1, -(-len(rows) // N_CURVE_POINTS))
    return rows[::stride] if stride == 1 else [*rows[:-1:stride], rows[-1]]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
