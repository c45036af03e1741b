"""Retraining as people ask for it: request, look at, cancel. The work itself is the worker's."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from storage import jobs, series, snapshots
from storage.errors import MissingRowError
from storage.jobs import EventRecord, JobRecord, NewJob
from textrec_app.errors import InputError, NotFoundError
from textrec_app.services.active_weights import find_active_weights
from textrec_app.services.context import App
from textrec_app.services.job_progress import Estimate, estimate_progress
from textrec_app.services.snapshots import check_trainable, get_run_dir
from textrec_app.training.manifest import CANCEL_FILE
from textrec_app.training.recipes import get_recognizer_recipe

DEFAULT_MINUTES = 10.0
MAX_MINUTES = 24 * 60.0
MAX_ROUNDS = 20
TERMINAL_STATES = jobs.FINAL_STATES


@dataclass(frozen=True)
class RetrainRequest:
    """A wish to retrain.

    Attributes:
        minutes: length of the whole job (preparing, training, judging); None follows the recipe's number of steps.
    """

    recipe: str = "adapt"
    minutes: float | None = DEFAULT_MINUTES
    who: str = "local"
    seed: int = 1


@dataclass(frozen=True)
class JobView:
    """A retraining as people see it.

    Attributes:
        state: queued, running, cancelling, cancelled, succeeded, failed or lost. Succeeded says that it ran to its
            end; whether the result is used, `verdict` says.
        total_steps: expected steps, 0 where unknown; with `minutes` an estimate.
        phase: queued, preparing, training, judging or finished.
        message: one line on what is going on, or why it ended.
        verdict: promoted, rejected, overruled, or None before the gate.
        reasons: why the gate rejected, or what became better, in words.
        before: word accuracy of the model in use on each frozen set (labels, anchor, agreement), 0 to 1.
        after: the same for the candidate.
        checkpoint: name of the candidate.
        snapshot: counts and hash of what it trains on.
        series_id: the series that it is a round of; None for a job of an older TextRec.
        round_number: which round of it, from 1.
        percent: how far the whole job is, 0 to 100; None where that cannot be said yet, and at its end.
        seconds_left: until the verdict, likewise.
    """

    job_id: int
    state: str
    recipe: str
    minutes: float | None
    requested_by: str
    created_utc: datetime
    started_utc: datetime | None
    finished_utc: datetime | None
    heartbeat_utc: datetime | None
    attempt: int
    step: int
    total_steps: int
    phase: str
    message: str
    verdict: str | None
    reasons: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    checkpoint: str | None
    snapshot: dict[str, Any] = field(default_factory=dict)
    series_id: int | None = None
    round_number: int | None = None
    percent: float | None = None
    seconds_left: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is not finished yet."""
        return self.state not in TERMINAL_STATES

    @property
    def progress(self) -> float:
        """Part of the training that is done, 0 to 1."""
        if self.phase in ("judging", "finished"):
            return 1.0
        return min(1.0, self.step / self.total_steps) if self.total_steps else 0.0


@dataclass(frozen=True)
class ProgressPoint:
    """One line of a job's progress; `index` rises, pass the last one seen as `after` to get the newer ones.

    Attributes:
        event: start, step, evaluation, end, phase or note.
        metrics: what an evaluation measured, by name (`word_accuracy_exact`, …).
    """

    index: int
    event: str
    time_utc: datetime
    step: int
    total_steps: int
    phase: str
    message: str
    loss: float | None
    learning_rate: float | None
    metrics: dict[str, float]


def request_retrain(app: App, request: RetrainRequest, max_rounds: int = 1) -> JobView:
    """Ask for a retraining; while one is not finished, that one is the answer.

    Args:
        app: the opened application.
        request: what each round is like.
        max_rounds: at most so many, one after the other; see `services.rounds`.

    Returns:
        The first round, or the newest one of the series that is not at its end.

    Raises:
        InputError: nothing to train on, or a length that makes no sense.
        NotFoundError: no such recipe.
    """
    current = series.find_current_job(app.store)
    if current is not None and current.series_id is not None:
        return _view(app, current)
    _check(request, max_rounds)
    weights = find_active_weights(app.store, app.settings, "recognizer")
    if weights is None:
        raise InputError("There is no recognizer to begin from; pull one with `models pull`, then retrain.")
    check_trainable(app)
    new = NewJob(request.recipe, request.minutes, request.seed, weights.name, request.who)
    return _view(app, series.request_series(app.store, new, max_rounds)[0])


def active_job(app: App) -> JobView | None:
    """The retraining that is not finished, None where all are."""
    record = jobs.find_active_job(app.store)
    return None if record is None else _view(app, record)


def get_job(app: App, job_id: int) -> JobView:
    """The job of this number.

    Raises:
        NotFoundError: there is none.
    """
    return _view(app, _get(app, job_id))


def list_jobs(app: App, limit: int = 20) -> list[JobView]:
    """The latest jobs, newest first."""
    return [_view(app, record) for record in jobs.list_jobs(app.store, limit)]


def cancel_job(app: App, job_id: int, who: str) -> JobView:
    """Ask a job to stop; it does within two seconds, and its series ends. A finished job is left as it is.

    Raises:
        NotFoundError: there is no such job.
    """
    _get(app, job_id)
    record = jobs.request_cancel(app.store, job_id, who, datetime.now(UTC))
    tell_process_to_stop(app, record)
    return _view(app, record)


def tell_process_to_stop(app: App, record: JobRecord) -> None:
    """Let the process of a job that is being cancelled know of it at once, before the supervisor looks again."""
    run_dir = get_run_dir(app, record.id)
    if record.state == "cancelling" and run_dir.is_dir():
        (run_dir / CANCEL_FILE).touch()


def job_points(app: App, job_id: int, after: int = 0) -> list[ProgressPoint]:
    """Progress of a job in order; only points with an index above `after`."""
    return [_point(event) for event in jobs.list_events(app.store, job_id, "progress", after)]


def _check(request: RetrainRequest, max_rounds: int) -> None:
    get_recognizer_recipe(request.recipe)
    if request.minutes is not None and not 0 < request.minutes <= MAX_MINUTES:
        raise InputError(f"minutes is {request.minutes:g}; give more than 0 and at most {MAX_MINUTES:g}")
    if not 1 <= max_rounds <= MAX_ROUNDS:
        raise InputError(f"rounds is {max_rounds}; give 1 to {MAX_ROUNDS}")


def _get(app: App, job_id: int) -> JobRecord:
    try:
        return jobs.get_job(app.store, job_id)
    except MissingRowError as error:
        raise NotFoundError(f"There is no job {job_id}; `jobs list` shows those there are.") from error


def _view(app: App, record: JobRecord) -> JobView:
    snapshot = snapshots.find_snapshot(app.store, record.id)
    estimate = _estimate(app, record)
    return JobView(
        job_id=record.id,
        state=record.state,
        recipe=record.recipe,
        minutes=record.minutes,
        requested_by=record.requested_by,
        created_utc=record.created_utc,
        started_utc=record.started_utc,
        finished_utc=record.finished_utc,
        heartbeat_utc=record.heartbeat_utc,
        attempt=record.attempt,
        step=record.step,
        total_steps=record.total_steps,
        phase=record.phase,
        message=record.message,
        verdict=record.verdict,
        reasons=tuple(record.reasons),
        before=dict(record.before),
        after=dict(record.after),
        checkpoint=record.checkpoint,
        snapshot={} if snapshot is None else {**snapshot.counts, "sha256": snapshot.sha256},
        series_id=record.series_id,
        round_number=record.round_number,
        percent=estimate.percent,
        seconds_left=estimate.seconds_left,
    )


def _estimate(app: App, record: JobRecord) -> Estimate:
    if record.state in TERMINAL_STATES:
        return Estimate(None, None)
    lines = [event.data for event in jobs.list_events(app.store, record.id, "progress")]
    return estimate_progress(lines, record.minutes, datetime.now(UTC).timestamp())


def _point(event: EventRecord) -> ProgressPoint:
    data = event.data
    numbers = {name: value for name, value in data.items() if name.startswith("word_accuracy") or name == "score"}
    return ProgressPoint(
        index=event.id,
        event=str(data.get("event", "note")),
        time_utc=event.created_utc,
        step=int(data.get("step", 0)),
        total_steps=int(data.get("total_steps", 0)),
        phase=str(data.get("phase", "")),
        message=str(data.get("message", "")),
        loss=data.get("loss"),
        learning_rate=data.get("learning_rate"),
        metrics=numbers,
    )
