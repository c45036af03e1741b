"""The queue of retrainings: claiming with a lease, beating, finishing, and what happened on the way.

Every retraining is a round of a series, most of them of a series of one; `storage.series` queues them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from storage.base import Store
from storage.errors import MissingRowError, StoreError
from storage.schema_jobs import ACTIVE_STATES, Job, JobEvent, Series

RETRAIN = "retrain"
RUNNING = "running"
STORE_ERRORS = (SQLAlchemyError, StoreError)
"""What a loop that must go on catches: the database is busy or away, or a row is not as expected."""
FINAL_STATES = ("cancelled", "succeeded", "failed", "lost")


@dataclass(frozen=True)
class NewJob:
    """A wish to retrain."""

    recipe: str
    minutes: float | None
    seed: int
    base_checkpoint: str
    requested_by: str


@dataclass(frozen=True)
class JobRecord:
    """One row of the queue; `state` is queued, running, cancelling, cancelled, succeeded, failed or lost."""

    id: int
    kind: str
    state: str
    recipe: str
    minutes: float | None
    seed: int
    base_checkpoint: str
    requested_by: str
    cancelled_by: str | None
    created_utc: datetime
    started_utc: datetime | None
    finished_utc: datetime | None
    heartbeat_utc: datetime | None
    lease_owner: str | None
    lease_until_utc: datetime | None
    attempt: int
    pid: int | None
    pid_started: str | None
    step: int
    total_steps: int
    phase: str
    message: str
    verdict: str | None
    reasons: list[str]
    before: dict[str, Any]
    after: dict[str, Any]
    checkpoint: str | None
    series_id: int | None
    round_number: int | None


@dataclass(frozen=True)
class EventRecord:
    """Something that happened to a job; `line` numbers a line of its progress file, None for other events."""

    id: int
    job_id: int
    kind: str
    line: int | None
    data: dict[str, Any]
    created_utc: datetime


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    state: str
    message: str
    verdict: str | None = None
    reasons: tuple[str, ...] = ()
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    checkpoint: str | None = None


def get_job(store: Store, job_id: int) -> JobRecord:
    """The job of this number.

    Raises:
        MissingRowError: there is none.
    """
    with store.session() as session:
        return to_record(_get(session, job_id))


def find_active_job(store: Store) -> JobRecord | None:
    """The retraining that is not finished, None where all are."""
    with store.session() as session:
        row = find_active_row(session)
        return None if row is None else to_record(row)


def list_jobs(store: Store, limit: int) -> list[JobRecord]:
    """The latest jobs, newest first."""
    with store.session() as session:
        return [to_record(row) for row in session.scalars(select(Job).order_by(Job.id.desc()).limit(limit))]


def claim_job(store: Store, owner: str, now: datetime, lease: timedelta) -> JobRecord | None:
    """Take the unfinished job for `owner` until the lease runs out.

    A job is taken that is queued, that `owner` has already, or whose lease has run out because its supervisor died.
    Its state is left as it is.
    """
    with store.write() as session:
        row = session.scalar(
            select(Job).where(
                Job.state.in_(ACTIVE_STATES),
                or_(Job.lease_owner.is_(None), Job.lease_owner == owner, Job.lease_until_utc < now),
            )
        )
        if row is None:
            return None
        row.lease_owner, row.lease_until_utc = owner, now + lease
        return to_record(row)


def start_attempt(store: Store, job_id: int, now: datetime) -> JobRecord:
    """Count one more attempt and call the job running, unless somebody is cancelling it."""
    with store.write() as session:
        row = _get(session, job_id)
        row.attempt += 1
        row.pid = row.pid_started = None
        row.started_utc = row.started_utc or now
        row.heartbeat_utc = now
        row.phase, row.message = "preparing", f"starting, attempt {row.attempt}"
        if row.state == "queued":
            row.state = "running"
        session.add(_event(row.id, "attempt", {"attempt": row.attempt}))
        return to_record(row)


def set_process(store: Store, job_id: int, pid: int, pid_started: str) -> JobRecord:
    """Write down which process works on a job; the start time tells it from a later one with the same number."""
    with store.write() as session:
        row = _get(session, job_id)
        row.pid, row.pid_started = pid, pid_started
        session.add(_event(row.id, "process", {"pid": pid, "pid_started": pid_started}))
        return to_record(row)


def pause_job(store: Store, job_id: int, message: str) -> JobRecord:
    """Say that nobody works on a job for now and that its last attempt does not count."""
    with store.write() as session:
        row = _get(session, job_id)
        row.attempt = max(0, row.attempt - 1)
        row.pid = row.pid_started = row.lease_owner = row.lease_until_utc = None
        row.message = message
        session.add(_event(row.id, "paused", {}))
        return to_record(row)


def clear_process(store: Store, job_id: int) -> None:
    """Say that no process works on a job any more."""
    with store.write() as session:
        row = _get(session, job_id)
        row.pid = row.pid_started = None


def set_heartbeat(store: Store, job_id: int, beat: datetime) -> None:
    """Write down the last sign of life of the process that works on a job."""
    with store.write() as session:
        _get(session, job_id).heartbeat_utc = beat


def add_progress(
    store: Store, job_id: int, first_line: int, lines: Sequence[dict[str, Any]], now: datetime
) -> JobRecord:
    """Keep lines of a progress file, numbered from `first_line`; lines that are kept already are passed over."""
    with store.write() as session:
        row = _get(session, job_id)
        kept = _count_lines(session, job_id)
        for line, data in enumerate(lines, start=first_line):
            if line < kept:
                continue
            session.add(JobEvent(job_id=job_id, kind="progress", line=line, data=data, created_utc=now))
            _apply_progress(row, data)
        row.heartbeat_utc = now
        return to_record(row)


def request_cancel(store: Store, job_id: int, who: str, now: datetime) -> JobRecord:
    """Ask for a job to stop; one that nobody works on yet is cancelled at once, a finished one is left as it is.

    The series that it is a round of ends with it.
    """
    with store.write() as session:
        row = _get(session, job_id)
        cancel_row(session, row, who, now)
        return to_record(row)


def cancel_row(session: Session, row: Job, who: str, now: datetime) -> None:
    """The same inside the caller's transaction."""
    if row.state not in ("queued", "running"):
        return
    row.cancelled_by = who
    session.add(_event(row.id, "cancel", {"who": who}))
    if row.state == "queued" and row.attempt == 0:
        _finish(row, Outcome("cancelled", f"cancelled by {who} before it began"), now)
    else:
        row.state = "cancelling"
    series = None if row.series_id is None else session.get(Series, row.series_id)
    if series is not None:
        end_series(series, "cancelled", f"Cancelled by {who} in round {row.round_number}.", now)


def end_series(row: Series, state: str, message: str, now: datetime) -> None:
    """Close a series inside the caller's transaction; closing a closed one changes nothing."""
    if row.state == RUNNING:
        row.state, row.message, row.finished_utc = state, message, now


def finish_job(store: Store, job_id: int, outcome: Outcome, now: datetime) -> JobRecord:
    """Close a job; closing a closed one changes nothing."""
    with store.write() as session:
        row = _get(session, job_id)
        if row.state in ACTIVE_STATES:
            _finish(row, outcome, now)
            session.add(_event(row.id, "finished", {"state": outcome.state, "verdict": outcome.verdict}))
        return to_record(row)


def overrule_verdict(store: Store, checkpoint: str, who: str) -> None:
    """Write on the job that made a rejected checkpoint that a person put it in use all the same."""
    with store.write() as session:
        row = session.scalar(select(Job).where(Job.checkpoint == checkpoint).order_by(Job.id.desc()))
        if row is not None:
            row.verdict = "overruled"
            session.add(_event(row.id, "overruled", {"who": who}))


def list_events(store: Store, job_id: int, kind: str | None = None, after: int = 0) -> list[EventRecord]:
    """Events of a job in order, those with an id above `after`."""
    query = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.id > after).order_by(JobEvent.id)
    if kind is not None:
        query = query.where(JobEvent.kind == kind)
    with store.session() as session:
        return [_event_record(row) for row in session.scalars(query)]


def add_event(store: Store, job_id: int, kind: str, data: dict[str, Any]) -> None:
    """Write down that something happened to a job."""
    with store.write() as session:
        session.add(_event(job_id, kind, data))


def add_row(session: Session, new: NewJob) -> Job:
    """Queue a job inside the caller's transaction."""
    row = Job(
        kind=RETRAIN,
        state="queued",
        recipe=new.recipe,
        minutes=new.minutes,
        seed=new.seed,
        base_checkpoint=new.base_checkpoint,
        requested_by=new.requested_by,
        created_utc=datetime.now(UTC),
        attempt=0,
        step=0,
        total_steps=0,
        phase="queued",
        message="waiting for the worker",
        reasons=[],
        before={},
        after={},
    )
    session.add(row)
    session.flush()
    session.add(_event(row.id, "requested", {"who": new.requested_by}))
    return row


def find_active_row(session: Session) -> Job | None:
    """The job that is not finished, inside the caller's transaction."""
    return session.scalar(select(Job).where(Job.kind == RETRAIN, Job.state.in_(ACTIVE_STATES)))


def _apply_progress(row: Job, data: dict[str, Any]) -> None:
    row.step = int(data.get("step", row.step) or 0)
    row.total_steps = int(data.get("total_steps", row.total_steps) or 0)
    row.phase = str(data.get("phase", row.phase))[:40]
    row.message = str(data.get("message", row.message))


def _finish(row: Job, outcome: Outcome, now: datetime) -> None:
    row.state, row.message, row.verdict = outcome.state, outcome.message, outcome.verdict
    row.phase = "finished"
    row.reasons = list(outcome.reasons)
    row.before, row.after, row.checkpoint = outcome.before, outcome.after, outcome.checkpoint
    row.finished_utc = now
    row.lease_owner = row.lease_until_utc = row.pid = row.pid_started = None


def _event(job_id: int, kind: str, data: dict[str, Any]) -> JobEvent:
    return JobEvent(job_id=job_id, kind=kind, line=None, data=data, created_utc=datetime.now(UTC))


def _event_record(row: JobEvent) -> EventRecord:
    return EventRecord(row.id, row.job_id, row.kind, row.line, dict(row.data), row.created_utc)


def _count_lines(session: Session, job_id: int) -> int:
    last = session.scalar(select(func.max(JobEvent.line)).where(JobEvent.job_id == job_id))
    return 0 if last is None else last + 1


def _get(session: Session, job_id: int) -> Job:
    row = session.get(Job, job_id)
    if row is None:
        raise MissingRowError(f"there is no job {job_id}")
    return row


def to_record(row: Job) -> JobRecord:
    """The frozen form of a row."""
    return JobRecord(**{item.name: getattr(row, item.name) for item in fields(JobRecord)})
