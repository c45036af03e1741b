"""Series of retrainings: asking, rounds one after the other, the end; one series runs at a time.

Each change is one transaction, so a program that is killed leaves either the state before it or the one after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.base import Store
from storage.errors import MissingRowError
from storage.jobs import (
    RUNNING,
    JobRecord,
    NewJob,
    add_row,
    cancel_row,
    end_series,
    find_active_row,
    to_record,
)
from storage.schema_jobs import Job, JobEvent, Series


@dataclass(frozen=True)
class SeriesRecord:
    """One row; `state` is running, finished or cancelled, `minutes` and `recipe` are those of each round."""

    id: int
    created_utc: datetime
    finished_utc: datetime | None
    requested_by: str
    recipe: str
    minutes: float | None
    max_rounds: int
    state: str
    message: str


@dataclass(frozen=True)
class NewRound:
    """The wish to go on with a series.

    Attributes:
        after_job: the round that is the newest now; if another one is, somebody was faster.
    """

    series_id: int
    after_job: int
    job: NewJob


def request_series(store: Store, new: NewJob, max_rounds: int = 1) -> tuple[JobRecord, bool]:
    """Queue the first round of a new series, or give the newest round of the series that is not at its end.

    Returns:
        The job, and whether it was made by this call.
    """
    try:
        with store.write() as session:
            row = _find_current(session)
            if row is not None:
                if row.series_id is None:  # asked for before there were series
                    _begin_series(session, row, 1)
                return to_record(row), False
            row = add_row(session, new)
            _begin_series(session, row, max_rounds)
            return to_record(row), True
    except IntegrityError:
        # Another process was faster (only a database without BEGIN IMMEDIATE lets it come to this).
        with store.session() as session:
            row = _find_current(session)
            if row is None:
                raise
            return to_record(row), False


def get_series(store: Store, series_id: int) -> SeriesRecord:
    """The series of this number.

    Raises:
        MissingRowError: there is none.
    """
    with store.session() as session:
        return _record(_get(session, series_id))


def find_current_job(store: Store) -> JobRecord | None:
    """The job that is not finished, else the newest round of the series that is not at its end, else None."""
    with store.session() as session:
        row = _find_current(session)
        return None if row is None else to_record(row)


def find_running_series(store: Store) -> SeriesRecord | None:
    """The series that is not at its end, None where all are."""
    with store.session() as session:
        row = session.scalar(select(Series).where(Series.state == RUNNING))
        return None if row is None else _record(row)


def list_series(store: Store, limit: int) -> list[SeriesRecord]:
    """The latest series, newest first."""
    with store.session() as session:
        return [_record(row) for row in session.scalars(select(Series).order_by(Series.id.desc()).limit(limit))]


def list_rounds(store: Store, series_ids: Sequence[int]) -> list[JobRecord]:
    """The jobs of these series, by series and round."""
    query = select(Job).where(Job.series_id.in_(series_ids)).order_by(Job.series_id, Job.round_number)
    with store.session() as session:
        return [to_record(row) for row in session.scalars(query)]


def add_round(store: Store, new: NewRound) -> JobRecord | None:
    """Queue the next round, None where the series has ended, a job is active, or the round is queued already."""
    with store.write() as session:
        series, newest = _get(session, new.series_id), _find_newest(session, new.series_id)
        if series.state != RUNNING or newest is None or newest.id != new.after_job or find_active_row(session):
            return None
        row = add_row(session, new.job)
        row.series_id, row.round_number = series.id, (newest.round_number or 0) + 1
        return to_record(row)


def finish_series(store: Store, series_id: int, message: str, now: datetime) -> SeriesRecord:
    """Close a series with the sentence that says why; a closed one is left as it is."""
    with store.write() as session:
        row = _get(session, series_id)
        end_series(row, "finished", message, now)
        return _record(row)


def cancel_series(store: Store, series_id: int, who: str, now: datetime) -> tuple[SeriesRecord, JobRecord | None]:
    """End a series and ask its running round to stop, in one transaction.

    Returns:
        The series, and its newest round.

    Raises:
        MissingRowError: there is no such series.
    """
    with store.write() as session:
        row, newest = _get(session, series_id), _find_newest(session, series_id)
        if newest is not None:
            cancel_row(session, newest, who, now)
            end_series(row, "cancelled", f"Cancelled by {who} after round {newest.round_number}.", now)
        end_series(row, "cancelled", f"Cancelled by {who}.", now)
        return _record(row), None if newest is None else to_record(newest)


def list_notes(store: Store, job_ids: Sequence[int], kind: str) -> dict[int, list[dict[str, object]]]:
    """What was written down under `kind` about each of these jobs, in order."""
    query = select(JobEvent).where(JobEvent.job_id.in_(job_ids), JobEvent.kind == kind).order_by(JobEvent.id)
    found: dict[int, list[dict[str, object]]] = {job_id: [] for job_id in job_ids}
    with store.session() as session:
        for row in session.scalars(query):
            found[row.job_id].append(dict(row.data))
    return found


def _find_current(session: Session) -> Job | None:
    """The job that is not finished, else the newest round of the series that is not."""
    active = find_active_row(session)
    running = session.scalar(select(Series.id).where(Series.state == RUNNING))
    return active if active is not None or running is None else _find_newest(session, running)


def _find_newest(session: Session, series_id: int) -> Job | None:
    newest = select(Job).where(Job.series_id == series_id).order_by(Job.round_number.desc()).limit(1)
    return session.scalar(newest)


def _begin_series(session: Session, row: Job, max_rounds: int) -> None:
    series = Series(
        created_utc=row.created_utc,
        requested_by=row.requested_by,
        recipe=row.recipe,
        minutes=row.minutes,
        max_rounds=max_rounds,
        state=RUNNING,
        message="",
    )
    session.add(series)
    session.flush()
    row.series_id, row.round_number = series.id, 1


def _get(session: Session, series_id: int) -> Series:
    row = session.get(Series, series_id)
    if row is None:
        raise MissingRowError(f"there is no series {series_id}")
    return row


def _record(row: Series) -> SeriesRecord:
    return SeriesRecord(**{item.name: getattr(row, item.name) for item in fields(SeriesRecord)})
