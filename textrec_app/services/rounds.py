"""Several retrainings without a person: ask for a series, look at it, end it. The worker's side is `series_runs`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from storage import items, readings, series
from storage.errors import MissingRowError
from storage.jobs import ACTIVE_STATES, RUNNING, JobRecord
from storage.series import SeriesRecord
from textrec_app.errors import NotFoundError
from textrec_app.services.active_weights import find_active_weights
from textrec_app.services.context import App
from textrec_app.services.retraining import RetrainRequest, request_retrain, tell_process_to_stop

STOCK = "stock"
"""Kind of the two events of a round that say how many items were kept and waiting, before it and after it."""
UNDECIDED = ("kept", "waiting")
MANY = 1_000_000


@dataclass(frozen=True)
class RoundView:
    """One round as people see it.

    Attributes:
        number: from 1.
        state: that of its job: queued, running, cancelling, cancelled, succeeded, failed or lost.
        verdict: promoted, rejected, overruled, or None before the gate.
        reasons: why the gate rejected, or what became better, in words.
        before: score of the model in use on each frozen set (labels, anchor, agreement), 0 to 1.
        after: the same for the candidate.
        kept: readings that the store kept when the round began; None before that.
        waiting: readings that waited for a person then.
        kept_after: the same after the round, when what waits had been read again.
        waiting_after: the same.
        message: one line on what is going on, or how it ended.
    """

    number: int
    job_id: int
    state: str
    verdict: str | None
    reasons: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    checkpoint: str | None
    kept: int | None
    waiting: int | None
    started_utc: datetime | None
    finished_utc: datetime | None
    kept_after: int | None = None
    waiting_after: int | None = None
    message: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it is not finished yet."""
        return self.state in ACTIVE_STATES


@dataclass(frozen=True)
class SeriesView:
    """A series as people see it.

    Attributes:
        state: running, finished or cancelled.
        message: what is going on, or why it ended, in words.
        rounds: those begun, in order; there is always one.
        minutes: length of each round; None follows the recipe's number of steps.
    """

    series_id: int
    state: str
    max_rounds: int
    message: str
    rounds: tuple[RoundView, ...]
    recipe: str
    minutes: float | None
    requested_by: str
    created_utc: datetime
    finished_utc: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether something of it is still to come or to stop."""
        return self.state == RUNNING or any(item.is_active for item in self.rounds)

    @property
    def promoted(self) -> tuple[RoundView, ...]:
        """The rounds whose model came into use."""
        return tuple(item for item in self.rounds if item.verdict == "promoted")


@dataclass(frozen=True)
class SeriesResult:
    """What a series brought, in the words of a single retraining.

    Attributes:
        verdict: promoted where any round was, else the last round's.
        reasons: of the last promoted round, else of the last one.
        before: scores of the first round's base on the frozen sets as they were then.
        after: scores of the model that came into use last, else of the last candidate.
    """

    verdict: str | None
    reasons: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    checkpoint: str | None


def request_rounds(app: App, request: RetrainRequest, max_rounds: int = 1) -> SeriesView:
    """Ask for a series of retrainings; while one is not at its end, that one is the answer.

    Each round learns from a snapshot of its own and is judged by the gate. After a promotion all that waits is read
    again with the new model, and the next round begins from it. The series ends when a round is rejected or brings
    nothing measurable, after `max_rounds`, or when a person cancels or puts another model in use.

    Raises:
        InputError: nothing to train on, or a length or number that makes no sense.
        NotFoundError: no such recipe.
    """
    job = request_retrain(app, request, max_rounds)
    if job.series_id is None:
        raise NotFoundError(f"Job {job.job_id} belongs to no series; wait for its end, then retrain.")
    return get_series(app, job.series_id)


def active_series(app: App) -> SeriesView | None:
    """The series that is not at its end, or whose last round is still stopping; None where there is none."""
    job = series.find_current_job(app.store)
    return None if job is None or job.series_id is None else get_series(app, job.series_id)


def get_series(app: App, series_id: int) -> SeriesView:
    """The series of this number.

    Raises:
        NotFoundError: there is none.
    """
    try:
        return _view_all(app, [series.get_series(app.store, series_id)])[0]
    except MissingRowError as error:
        raise NotFoundError(f"There is no series {series_id}; `jobs rounds` shows those there are.") from error


def list_series(app: App, limit: int = 10) -> list[SeriesView]:
    """The latest series, newest first."""
    return _view_all(app, series.list_series(app.store, limit))


def cancel_series(app: App, series_id: int, who: str) -> SeriesView:
    """End a series; its running round stops within two seconds. One at its end is left as it is.

    Raises:
        NotFoundError: there is no such series.
    """
    get_series(app, series_id)
    _, newest = series.cancel_series(app.store, series_id, who, datetime.now(UTC))
    if newest is not None:
        tell_process_to_stop(app, newest)
    return get_series(app, series_id)


def sum_up(view: SeriesView) -> SeriesResult:
    """What came of a series."""
    best = (view.promoted or view.rounds)[-1]
    return SeriesResult(best.verdict, best.reasons, view.rounds[0].before, best.after, best.checkpoint)


def _view_all(app: App, records: Sequence[SeriesRecord]) -> list[SeriesView]:
    jobs = series.list_rounds(app.store, [record.id for record in records])
    stocks = series.list_notes(app.store, [job.id for job in jobs], STOCK)
    rounds = [(job.series_id, _view_round(job, stocks[job.id])) for job in jobs]
    return [_view(app, record, tuple(view for owner, view in rounds if owner == record.id)) for record in records]


def _view(app: App, record: SeriesRecord, rounds: tuple[RoundView, ...]) -> SeriesView:
    return SeriesView(
        series_id=record.id,
        state=record.state,
        max_rounds=record.max_rounds,
        message=record.message or _describe_running(app, record, rounds),
        rounds=rounds,
        recipe=record.recipe,
        minutes=record.minutes,
        requested_by=record.requested_by,
        created_utc=record.created_utc,
        finished_utc=record.finished_utc,
    )


def _view_round(job: JobRecord, stocks: Sequence[dict[str, object]]) -> RoundView:
    counts = {str(stock["when"]): stock for stock in stocks}
    return RoundView(
        number=job.round_number or 1,
        job_id=job.id,
        state=job.state,
        verdict=job.verdict,
        reasons=tuple(job.reasons),
        before=dict(job.before),
        after=dict(job.after),
        checkpoint=job.checkpoint,
        kept=_count(counts, "before", "kept"),
        waiting=_count(counts, "before", "waiting"),
        started_utc=job.started_utc,
        finished_utc=job.finished_utc,
        kept_after=_count(counts, "after", "kept"),
        waiting_after=_count(counts, "after", "waiting"),
        message=job.message,
    )


def _count(stocks: dict[str, dict[str, object]], when: str, status: str) -> int | None:
    found = stocks.get(when, {}).get(status)
    return found if isinstance(found, int) else None


def _describe_running(app: App, record: SeriesRecord, rounds: tuple[RoundView, ...]) -> str:
    if not rounds:
        return ""
    last = rounds[-1]
    if last.is_active:
        return f"Round {last.number} of {record.max_rounds}: {last.message}."
    weights = find_active_weights(app.store, app.settings, "recognizer")
    stale = 0 if weights is None else len(readings.list_stale_item_ids(app.store, weights.sha256, 0, MANY))
    if not stale:
        return f"Round {last.number} of {record.max_rounds} is over; the worker decides how to go on."
    counts = items.count_by_status(app.store)
    return (
        f"The model of round {last.number} is in use; all that waits is read again with it: {stale} of "
        f"{sum(counts[status] for status in UNDECIDED)} words to go."
    )
