"""`retrain` and `jobs`."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from textrec_app.cli.console import (
    REJECTED,
    SOME_FAILED,
    AsJson,
    Who,
    ask_exit,
    open_world,
    print_json,
    print_line,
    print_table,
    show_progress,
)

if TYPE_CHECKING:
    from textrec_app.services.context import App
    from textrec_app.services.retraining import JobView

commands = typer.Typer()
jobs = typer.Typer(help="Retrainings: list them, look at one, cancel one.")

LOOK_EVERY_S = 0.3
JobId = Annotated[int, typer.Argument(metavar="JOB", help="The job's number.", show_default=False)]


@commands.command()
def retrain(
    recipe: Annotated[str, typer.Option(help="Training settings: adapt, base, tiny.")] = "adapt",
    minutes: Annotated[float, typer.Option(help="How long to train.")] = 5.0,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until it ends, and do the work if nobody else does.")
    ] = False,
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Retrain on reviewed words and kept pseudo-labels: the same job that the button starts.

    While one is running, that one is the answer. With --wait the exit code is 4 when the gate rejects the result,
    and 3 when the job does not come to its end.
    """
    from textrec_app.services.retraining import RetrainRequest, request_retrain

    with open_world() as app:
        job = request_retrain(app, RetrainRequest(recipe=recipe, minutes=minutes, who=who))
        if wait:
            job = _work_until_done(app, job)
    _print_job(job, as_json)
    if not wait:
        if not as_json:
            print_line("It runs while `serve` runs; `retrain --wait` does the work here.")
        return
    ask_exit(REJECTED if job.verdict == "rejected" else 0 if job.state == "succeeded" else SOME_FAILED)


@jobs.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 20, as_json: AsJson = False
) -> None:
    """List retrainings, newest first."""
    from textrec_app.services.retraining import list_jobs

    with open_world() as app:
        found = list_jobs(app, limit)
    if as_json:
        for job in found:
            print_json(job)
        return
    rows = ((job.job_id, job.state, job.verdict or "", job.recipe, job.requested_by, job.message) for job in found)
    print_table("", ("job", "state", "verdict", "recipe", "who", "message"), rows)


@jobs.command("show")
def show(job: JobId, as_json: AsJson = False) -> None:
    """Show one retraining: state, verdict and reasons, before and after."""
    from textrec_app.services.retraining import get_job

    with open_world() as app:
        _print_job(get_job(app, job), as_json)


@jobs.command("cancel")
def cancel(job: JobId, as_json: AsJson = False, who: Who = "local") -> None:
    """Cancel a retraining; it stops within two seconds."""
    from textrec_app.services.retraining import cancel_job

    with open_world() as app:
        _print_job(cancel_job(app, job, who), as_json)


def _work_until_done(app: "App", job: "JobView") -> "JobView":
    """See the job through in this process, unless a supervisor elsewhere does already."""
    from textrec_app.services.retraining import get_job
    from textrec_app.worker.supervisor import Supervisor

    supervisor = Supervisor(app)
    supervisor.start()
    try:
        with show_progress(f"Retraining (job {job.job_id})") as move:
            while job.is_active:
                time.sleep(LOOK_EVERY_S)
                job = get_job(app, job.job_id)
                move(job.step, job.total_steps or 1)
    finally:
        supervisor.stop()
    return job


def _print_job(job: "JobView", as_json: bool) -> None:
    if as_json:
        print_json(job)
        return
    print_line(f"job {job.job_id}: {job.state}{', ' + job.verdict if job.verdict else ''}")
    if job.message:
        print_line(f"  {job.message}")
    for reason in job.reasons:
        print_line(f"  - {reason}")
    for name, before in job.before.items():
        print_line(f"  {name}: {before:.1%} before, {job.after.get(name, float('nan')):.1%} after")
    if job.checkpoint:
        print_line(f"  checkpoint {job.checkpoint}")
