"""Rounds that end as wished without a training, and an application that is killed in the midst of its work."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from storage import checkpoints, jobs
from storage.checkpoints import Switch
from storage.jobs import JobRecord, Outcome
from tests.support.checkpoints import save_tiny_recognizer
from textrec_app.services import series_runs
from textrec_app.services.checkpoints import add_candidate
from textrec_app.services.context import App, open_app
from textrec_app.services.series_runs import note_stock
from textrec_app.settings import Settings
from textrec_app.worker.supervisor import Supervisor

BETTER = {"name": "changes", "delta": 0.05, "chance_better": 0.99}
LUCK = {"name": "labels", "delta": 0.01, "chance_better": 0.6}
STEADIER = {"name": "agreement", "delta": 0.3, "chance_better": 1.0}
WORSE = {"name": "labels", "delta": -0.2, "chance_better": 0.0}
SAME = {"name": "labels", "delta": 0.0, "chance_better": 0.0}


def begin_round(app: App, job_id: int) -> JobRecord:
    """What the worker does before it trains, as far as series know of it."""
    note_stock(app, jobs.get_job(app.store, job_id), "before")
    return jobs.start_attempt(app.store, job_id, datetime.now(UTC))


def end_round(app: App, job_id: int, verdict: str, found: dict[str, Any]) -> str:
    """Close a job with a candidate of its own, put in use where promoted, and give the candidate's name."""
    name = f"recognizer-job-{job_id}"
    weights = save_tiny_recognizer(app.settings.checkpoints_dir, name, seed=100 + job_id)
    add_candidate(app, weights, name, f"job {job_id}", "ana")
    told = "No measurable gain in the test." if found is SAME else f"Compared in job {job_id}."
    gate = {"job": job_id, "verdict": verdict, "reasons": [told], "sets": [found]}
    is_promoted = verdict == "promoted"
    checkpoints.set_checkpoint_state(app.store, name, "candidate" if is_promoted else "rejected", gate)
    if is_promoted:
        checkpoints.switch_pointer(app.store, Switch(name, "promote", "ana", f"job {job_id}: better"))
    outcome = Outcome("succeeded", "judged", verdict, (told,), {"labels": 0.4}, {"labels": 0.9}, name)
    jobs.finish_job(app.store, job_id, outcome, datetime.now(UTC))
    return name


def run_in_process(work: Callable[..., None], arguments: tuple[Any, ...]) -> int:
    """Run something in a process of its own that imports quickly; its exit code, negative where it was killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=work, args=arguments)
    process.start()
    process.join(120)
    return -1 if process.exitcode is None else process.exitcode


def advance_and_die(settings: Settings, weights_dir: Path, at_commit: int) -> None:
    """Go on with the series, and be killed before the store takes the change of this number, from 1."""
    app = open_app(settings, weights_dir)
    _die_at(app, at_commit)
    series_runs.advance(app)


def work_and_die(settings: Settings, weights_dir: Path, at_commit: int) -> None:
    """Work like the program until the series is over, and be killed before the store takes that change."""
    app = open_app(settings, weights_dir)
    supervisor = Supervisor(app)
    _die_at(app, at_commit)
    while supervisor.run_once(datetime.now(UTC)):
        time.sleep(0.05)


def _die_at(app: App, at_commit: int) -> None:
    left = at_commit

    def count(_connection: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(app.store.engine, "commit", count)
