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
    to_plain,
)

if TYPE_CHECKING:
    from textrec_app.services.context import App
    from textrec_app.services.retraining import JobView
    from textrec_app.services.rounds import RoundView, SeriesView

commands = typer.Typer()
jobs = typer.Typer(help="Retrainings: list them, look at one, cancel one.")

LOOK_EVERY_S = 0.3
JobId = Annotated[int, typer.Argument(metavar="JOB", help="The job's number.", show_default=False)]


@commands.command()
def retrain(
    recipe: Annotated[str, typer.Option(help="Training settings: adapt, base, tiny.")] = "adapt",
    minutes: Annotated[
        float, typer.Option(help="How long each round takes, from reading the crops to the verdict.")
    ] = 10.0,
    rounds: Annotated[int, typer.Option(help="At most so many, as long as each brings something.")] = 1,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until it ends, and do the work if nobody else does.")
    ] = False,
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Retrain on what was reviewed and harvested: the same job that the button starts.

    While one is running, that one is the answer. After each round that the gate promotes, all that waits is read again,
    and the next round begins from the new model. With --wait the exit code is 4 when the gate rejects the result (of
    several rounds: when it promotes none), and 3 when the work does not come to its end. With --wait --json and several
    rounds, each prints a line when it ends, and the last line is the series.
    """
    from textrec_app.services.retraining import RetrainRequest, get_job
    from textrec_app.services.rounds import request_rounds

    with open_world() as app:
        series = request_rounds(app, RetrainRequest(recipe=recipe, minutes=minutes, who=who), rounds)
        if wait:
            series = _work_until_done(app, series, tells_rounds=rounds > 1 and as_json)
        job = get_job(app, series.rounds[-1].job_id)
    if rounds > 1:
        _print_series(series, as_json)
    else:
        _print_job(job, as_json)
    if wait:
        ask_exit(_find_exit_code(series))
    elif not as_json:
        print_line("It runs while `serve` runs; `retrain --wait` does the work here.")


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


@jobs.command("rounds")
def rounds_(
    limit: Annotated[int, typer.Option(min=1, help="At most so many series, newest first.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List series of retrainings with each round: verdict, scores before and after, words kept, why it ended."""
    from textrec_app.services.rounds import list_series

    with open_world() as app:
        found = list_series(app, limit)
    for series in found:
        _print_series(series, as_json)


def _work_until_done(app: "App", series: "SeriesView", tells_rounds: bool) -> "SeriesView":
    """See a series through in this process, unless a supervisor elsewhere does already."""
    from textrec_app.services.retraining import get_job
    from textrec_app.services.rounds import get_series
    from textrec_app.worker.supervisor import Supervisor

    supervisor, told = Supervisor(app), 0
    supervisor.start()
    try:
        with show_progress(f"Retraining (series {series.series_id})") as move:
            while series.is_active:
                time.sleep(LOOK_EVERY_S)
                series = get_series(app, series.series_id)
                ended = [item for item in series.rounds if item.kept_after is not None or not series.is_active]
                for item in ended[told:] if tells_rounds else ():
                    print_json(item)
                told = len(ended)
                last = series.rounds[-1]
                percent = get_job(app, last.job_id).percent if last.is_active else 100.0
                move(100 * (last.number - 1) + round(percent or 0.0), 100 * series.max_rounds)
    finally:
        supervisor.stop()
    return series


def _find_exit_code(series: "SeriesView") -> int:
    if series.rounds[-1].state != "succeeded":
        return SOME_FAILED
    return REJECTED if all(item.verdict == "rejected" for item in series.rounds) else 0


def _print_series(series: "SeriesView", as_json: bool) -> None:
    from textrec_app.services.rounds import sum_up

    if as_json:
        print_json(to_plain(series) | to_plain(sum_up(series)))
        return
    print_line(f"series {series.series_id}: {series.state}, at most {series.max_rounds} rounds")
    rows = (_describe_round(item) for item in series.rounds)
    print_table("", ("round", "job", "verdict", "before → after", "kept", "waiting"), rows)
    print_line(f"  {series.message}")


def _describe_round(item: "RoundView") -> tuple[object, ...]:
    scores = (f"{name} {score:.1%} → {item.after.get(name, float('nan')):.1%}" for name, score in item.before.items())
    stock = ((item.kept, item.kept_after), (item.waiting, item.waiting_after))
    counts = (" → ".join(str(count) for count in pair if count is not None) for pair in stock)
    return (item.number, item.job_id, item.verdict or item.state, ", ".join(scores), *counts)


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
