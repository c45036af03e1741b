"""A series with real training processes: round after round to its end, cancelled at once, and killed all the time."""

import itertools
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import items, jobs
from tests.support.retraining import add_labels, add_readings, is_training, read_log, turn_until
from tests.support.rounds import run_in_process, work_and_die
from textrec_app.services.checkpoints import get_active, list_history
from textrec_app.services.context import App
from textrec_app.services.retraining import RetrainRequest, active_job
from textrec_app.services.rounds import SeriesView, active_series, cancel_series, get_series, request_rounds
from textrec_app.settings import Settings
from textrec_app.worker.supervisor import Supervisor

TINY = RetrainRequest(recipe="tiny", minutes=None, who="ana")
LONG = RetrainRequest(recipe="tiny", minutes=5.0, who="ana")


def check_two_rounds(app: App, series: SeriesView) -> None:
    """What comes of labels that one round learns wholly, so that the second has nothing to gain."""
    logs = "\n".join(read_log(app, item.job_id) for item in series.rounds)
    assert [(item.number, item.verdict) for item in series.rounds] == [(1, "promoted"), (2, "rejected")], logs
    first, second = series.rounds
    assert series.state == "finished"
    assert "Round 2 brought nothing measurable: No measurable gain" in series.message
    assert (first.before["labels"], first.after["labels"]) == (0.0, 1.0)
    assert second.before["labels"] == 1.0  # it began from what the first had learned
    assert (first.kept, first.waiting) == (0, 8)
    assert (second.kept, second.waiting) == (first.kept_after, first.waiting_after)
    assert get_active(app).name == first.checkpoint
    waiting = items.list_items(app.store, ("waiting", "kept"))
    assert {item.checkpoint.name for item in waiting if item.checkpoint} == {first.checkpoint}
    assert [switch.action for switch in list_history(app)] == ["first", "promote"]
    assert len(jobs.list_jobs(app.store, 10)) == 2
    snapshots = [
        (app.settings.runs_dir / str(item.job_id) / "manifest.json").read_text(encoding="utf-8")
        for item in series.rounds
    ]
    assert snapshots[0] != snapshots[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_series_survives_every_kill_of_the_program_and_of_its_process(
    app_settings: Settings, app: App, tiny_weights: Path
) -> None:
    """The program is killed over and over, before another change of the store each time; once its child is, too."""
    add_labels(app, 60, "A")
    add_readings(app, 8, kept=False)
    asked = request_rounds(app, TINY, 3)
    n_kills, is_child_killed = 0, False
    for at_commit in itertools.islice(itertools.cycle((2, 9, 4, 13, 6, 11, 8, 15)), 200):
        n_kills += run_in_process(work_and_die, (app_settings, tiny_weights, at_commit)) == -signal.SIGKILL
        assert sum(job.state in jobs.ACTIVE_STATES for job in jobs.list_jobs(app.store, 10)) <= 1
        job = active_job(app)
        pid = None if job is None else jobs.get_job(app.store, job.job_id).pid
        if not is_child_killed and job is not None and pid is not None and is_training(job):
            os.killpg(pid, signal.SIGKILL)
            is_child_killed = True
        if not get_series(app, asked.series_id).is_active:
            break

    assert n_kills > 5
    assert is_child_killed
    check_two_rounds(app, get_series(app, asked.series_id))
    assert active_series(app) is None


def test_a_running_series_is_cancelled_within_two_seconds(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 20, "A")
    asked = request_rounds(app, LONG, 3)
    job_id = asked.rounds[0].job_id
    turn_until(app, supervisor, job_id, is_training)

    began = time.monotonic()
    assert cancel_series(app, asked.series_id, "ben").rounds[0].state == "cancelling"
    turn_until(app, supervisor, job_id, lambda view: not view.is_active)

    assert time.monotonic() - began < 2.0
    now = get_series(app, asked.series_id)
    assert (now.state, now.message, now.is_active) == ("cancelled", "Cancelled by ben in round 1.", False)
    assert not supervisor.run_once(datetime.now(UTC))
    assert len(get_series(app, asked.series_id).rounds) == 1
