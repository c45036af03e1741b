"""Cancelling, killing and restarting: nothing is lost, and what cannot go on says why."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psutil

from storage import jobs
from tests.support.retraining import add_labels, is_finished, is_training, read_log, turn_until
from textrec_app.services.checkpoints import get_active
from textrec_app.services.context import App
from textrec_app.services.retraining import (
    JobView,
    RetrainRequest,
    active_job,
    cancel_job,
    get_job,
    job_points,
    request_retrain,
)
from textrec_app.worker.supervisor import Supervisor

LONG = RetrainRequest(recipe="tiny", minutes=5.0, who="ana")
SOME_SECONDS = RetrainRequest(recipe="tiny", minutes=0.2, who="ana")


def get_pid(app: App, job_id: int) -> int:
    pid = jobs.get_job(app.store, job_id).pid
    assert pid is not None
    return pid


def has_state(app: App, job_id: int) -> bool:
    return (app.settings.runs_dir / str(job_id) / "state" / "latest").is_file()


def test_a_running_job_is_cancelled_within_two_seconds(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 20, "A")
    before = get_active(app)
    job = request_retrain(app, LONG)
    turn_until(app, supervisor, job.job_id, is_training)
    process = psutil.Process(get_pid(app, job.job_id))

    asked = time.monotonic()
    assert cancel_job(app, job.job_id, "ben").state == "cancelling"
    done = turn_until(app, supervisor, job.job_id, is_finished)

    assert time.monotonic() - asked < 2.0
    assert (done.state, done.verdict) == ("cancelled", None)
    assert "ben" in done.message
    process.wait(10)
    assert active_job(app) is None
    assert get_active(app).name == before.name
    assert cancel_job(app, job.job_id, "ben").state == "cancelled"  # once more changes nothing


def test_a_queued_job_is_cancelled_at_once(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 20, "A")
    job = request_retrain(app, LONG)

    assert cancel_job(app, job.job_id, "ben").state == "cancelled"
    assert not supervisor.run_once(datetime.now(UTC))
    assert request_retrain(app, LONG).job_id != job.job_id


def test_a_killed_process_goes_on_where_it_was_and_so_does_a_stopped_program(app: App) -> None:
    add_labels(app, 20, "A")
    job = request_retrain(app, SOME_SECONDS)
    first = Supervisor(app)
    turn_until(app, first, job.job_id, lambda view: has_state(app, view.job_id))
    os.killpg(get_pid(app, job.job_id), signal.SIGKILL)
    turn_until(app, first, job.job_id, lambda view: view.attempt == 2 and count_starts(app, view) == 2)
    first.stop()
    paused = get_job(app, job.job_id)
    assert (paused.state, paused.attempt) == ("running", 1)  # a pause is no failed attempt
    assert "paused" in paused.message

    second = Supervisor(app)
    done = turn_until(app, second, job.job_id, is_finished)
    second.stop()

    assert done.state == "succeeded", read_log(app, job.job_id)
    assert done.attempt == 2
    starts = [point.step for point in job_points(app, job.job_id) if point.event == "start"]
    assert len(starts) == 3
    assert starts[0] == 0 < starts[1] <= starts[2]


def has_attempt(attempt: int, view: JobView) -> bool:
    return view.attempt == attempt


def count_starts(app: App, view: JobView) -> int:
    return sum(point.event == "start" for point in job_points(app, view.job_id))


def test_after_the_program_was_killed_the_next_one_finds_the_process_again(app: App, tiny_weights: Path) -> None:
    add_labels(app, 20, "A")
    job = request_retrain(app, SOME_SECONDS)
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.support.run_supervisor", str(app.settings.data_dir), str(tiny_weights)]
    )
    end = time.monotonic() + 120
    while not has_state(app, job.job_id) and time.monotonic() < end:
        time.sleep(0.05)
    program.kill()
    program.wait()
    training = psutil.Process(get_pid(app, job.job_id))
    assert training.is_running()

    supervisor = Supervisor(app)
    done = turn_until(app, supervisor, job.job_id, is_finished)
    supervisor.stop()

    assert done.state == "succeeded", read_log(app, job.job_id)
    assert done.attempt == 1
    assert count_starts(app, done) == 1


def test_a_process_that_is_killed_three_times_is_given_up_with_a_reason(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 20, "A")
    job = request_retrain(app, LONG)
    for attempt in (1, 2, 3):
        turn_until(app, supervisor, job.job_id, partial(has_attempt, attempt))
        os.killpg(get_pid(app, job.job_id), signal.SIGKILL)

    done = turn_until(app, supervisor, job.job_id, is_finished)

    assert done.state == "lost"
    assert "died 3 times" in done.message
    assert "then retrain" in done.message
    assert request_retrain(app, LONG).job_id != job.job_id


def test_a_run_that_cannot_succeed_fails_with_a_sentence(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 20, "A")
    job = request_retrain(app, LONG)
    turn_until(app, supervisor, job.job_id, lambda view: view.attempt == 1)
    for path in app.store.files.directory.rglob("*.bin"):
        path.unlink()

    done = turn_until(app, supervisor, job.job_id, is_finished)

    assert (done.state, done.attempt) == ("failed", 1)
    assert "is missing" in done.message
    assert "backup" in done.message


def test_one_supervisor_works_and_the_others_wait(app: App) -> None:
    add_labels(app, 20, "A")
    job = request_retrain(app, LONG)
    first, second = Supervisor(app), Supervisor(app)

    assert first.run_once(datetime.now(UTC))
    assert not second.run_once(datetime.now(UTC))
    cancel_job(app, job.job_id, "ana")
    turn_until(app, first, job.job_id, is_finished)
    first.stop()

    next_job = request_retrain(app, LONG)
    assert second.run_once(datetime.now(UTC))
    cancel_job(app, next_job.job_id, "ana")
    turn_until(app, second, next_job.job_id, is_finished)
    second.stop()


def test_the_thread_sees_a_job_through_and_stops(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 20, "A")
    job = request_retrain(app, LONG)
    supervisor.start()
    end = time.monotonic() + 60
    while get_job(app, job.job_id).attempt == 0 and time.monotonic() < end:
        time.sleep(0.05)
    asked = time.monotonic()
    cancel_job(app, job.job_id, "ana")
    while get_job(app, job.job_id).is_active and time.monotonic() < end:
        time.sleep(0.02)

    assert get_job(app, job.job_id).state == "cancelled"
    assert time.monotonic() - asked < 2.0
