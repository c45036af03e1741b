"""The queue: one active job, leases, progress kept once, closed for good."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import jobs, series
from storage.base import Store
from storage.errors import MissingRowError
from storage.jobs import NewJob, Outcome
from storage.snapshots import SnapshotRecord, add_snapshot, find_snapshot
from tests.support.rows import open_store

NEW = NewJob("adapt", 5.0, 1, "recognizer-shipped", "ana")
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_ten_requests_at_once_make_one_job(store: Store) -> None:
    answers: list[tuple[int, bool]] = []
    barrier = threading.Barrier(10)

    def ask() -> None:
        barrier.wait()
        record, is_new = series.request_series(store, NEW)
        answers.append((record.id, is_new))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({job_id for job_id, _ in answers}) == 1
    assert sum(is_new for _, is_new in answers) == 1
    assert len(jobs.list_jobs(store, 20)) == 1


def test_a_closed_job_makes_room_for_the_next(store: Store) -> None:
    first, _ = series.request_series(store, NEW)
    closed = jobs.finish_job(store, first.id, Outcome("succeeded", "done", "promoted", ("better",)), NOW)
    assert (closed.state, closed.verdict, closed.reasons, closed.finished_utc) == (
        "succeeded",
        "promoted",
        ["better"],
        NOW,
    )

    assert series.request_series(store, NEW) == (closed, False)  # its series is not closed yet
    series.finish_series(store, first.series_id or 0, "done", NOW)
    second, is_new = series.request_series(store, NEW)

    assert is_new
    assert jobs.finish_job(store, first.id, Outcome("failed", "too late"), NOW).state == "succeeded"
    assert [job.id for job in jobs.list_jobs(store, 20)] == [second.id, first.id]


def test_a_lease_keeps_others_away_until_it_runs_out(store: Store) -> None:
    job, _ = series.request_series(store, NEW)

    mine = jobs.claim_job(store, "one", NOW, LEASE)
    assert mine is not None
    assert mine.id == job.id
    assert jobs.claim_job(store, "two", NOW + timedelta(seconds=29), LEASE) is None
    again = jobs.claim_job(store, "one", NOW + timedelta(seconds=29), LEASE)
    assert again is not None
    assert again.lease_until_utc == NOW + timedelta(seconds=59)
    taken = jobs.claim_job(store, "two", NOW + timedelta(seconds=60), LEASE)
    assert taken is not None
    assert taken.lease_owner == "two"


def test_each_line_of_progress_is_kept_once(store: Store) -> None:
    job, _ = series.request_series(store, NEW)
    lines = [{"event": "step", "step": step, "total_steps": 9, "phase": "training"} for step in range(5)]

    jobs.add_progress(store, job.id, 0, lines[:3], NOW)
    jobs.add_progress(store, job.id, 1, lines[1:], NOW)  # overlaps, as after a restart
    record = jobs.get_job(store, job.id)

    assert [event.data["step"] for event in jobs.list_events(store, job.id, "progress")] == [0, 1, 2, 3, 4]
    assert (record.step, record.total_steps, record.phase) == (4, 9, "training")


def test_what_happened_to_a_job_stays_readable(store: Store) -> None:
    job, _ = series.request_series(store, NEW)
    assert jobs.start_attempt(store, job.id, NOW).state == "running"
    jobs.set_process(store, job.id, 123, "1.5")
    assert jobs.request_cancel(store, job.id, "ben", NOW).state == "cancelling"
    jobs.finish_job(store, job.id, Outcome("cancelled", "cancelled by ben"), NOW)

    kinds = [event.kind for event in jobs.list_events(store, job.id)]
    assert kinds == ["requested", "attempt", "process", "cancel", "finished"]
    assert jobs.get_job(store, job.id).pid is None
    with pytest.raises(MissingRowError, match="no job 99"):
        jobs.get_job(store, 99)


def test_a_snapshot_is_kept_once(store: Store) -> None:
    job, _ = series.request_series(store, NEW)
    assert find_snapshot(store, job.id) is None
    first = SnapshotRecord(job.id, "a" * 64, "runs/1/manifest.json", {"train_human": 3}, NOW)

    assert add_snapshot(store, first) == first
    add_snapshot(store, SnapshotRecord(job.id, "b" * 64, "elsewhere", {}, NOW))

    assert find_snapshot(store, job.id) == first
