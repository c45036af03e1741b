"""Series in the store: one runs at a time, a round is queued once, and an end is an end."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from storage import jobs, series
from storage.base import Store
from storage.errors import MissingRowError
from storage.jobs import NewJob, Outcome
from storage.schema_jobs import Series
from storage.series import NewRound
from tests.support.rows import open_store

NEW = NewJob("adapt", 5.0, 1, "recognizer-shipped", "ana")
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_a_round_is_queued_once_and_only_when_the_one_before_is_over(store: Store) -> None:
    first, _ = series.request_series(store, NEW, 3)
    number = first.series_id or 0
    wanted = NewRound(number, first.id, NEW)
    assert series.add_round(store, wanted) is None
    jobs.finish_job(store, first.id, Outcome("succeeded", "done", "promoted"), NOW)
    queued: list[int] = []
    barrier = threading.Barrier(4)

    def ask() -> None:
        barrier.wait()
        record = series.add_round(store, wanted)
        if record is not None:
            queued.append(record.round_number or 0)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert queued == [2]
    assert [(job.series_id, job.round_number) for job in series.list_rounds(store, [number])] == [
        (number, 1),
        (number, 2),
    ]
    current = series.find_current_job(store)
    assert current is not None
    assert current.round_number == 2


def test_a_series_that_has_ended_takes_no_further_round(store: Store) -> None:
    first, _ = series.request_series(store, NEW, 3)
    number = first.series_id or 0
    jobs.finish_job(store, first.id, Outcome("succeeded", "done", "promoted"), NOW)
    assert series.find_running_series(store) == series.get_series(store, number)

    ended = series.finish_series(store, number, "nothing more to gain", NOW)

    assert (ended.state, ended.message, ended.finished_utc) == ("finished", "nothing more to gain", NOW)
    assert series.add_round(store, NewRound(number, first.id, NEW)) is None
    assert series.finish_series(store, number, "again", NOW) == ended
    assert series.cancel_series(store, number, "ben", NOW)[0] == ended
    assert series.find_running_series(store) is None
    assert series.find_current_job(store) is None


def test_cancelling_a_queued_round_cancels_both_in_one_step(store: Store) -> None:
    first, _ = series.request_series(store, NEW, 3)
    cancelled, newest = series.cancel_series(store, first.series_id or 0, "ben", NOW)
    assert (cancelled.state, cancelled.message) == ("cancelled", "Cancelled by ben in round 1.")
    assert newest is not None
    assert newest.state == "cancelled"


def test_the_database_itself_allows_one_running_series(store: Store) -> None:
    series.request_series(store, NEW)
    row = Series(created_utc=NOW, requested_by="ana", recipe="adapt", max_rounds=1, state="running", message="")
    with pytest.raises(IntegrityError), store.write() as session:
        session.add(row)


def test_an_unknown_series_is_an_error(store: Store) -> None:
    with pytest.raises(MissingRowError, match="no series 9"):
        series.get_series(store, 9)
    assert series.list_series(store, 5) == []
