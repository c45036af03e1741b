"""`models`: checkpoints, their cards and metrics, promotion and rollback, the Hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textrec_app.cli.console import (
    REJECTED,
    AsJson,
    Who,
    ask_exit,
    open_world,
    print_json,
    print_line,
    print_table,
)
from textrec_app.errors import InputError

if TYPE_CHECKING:
    from textrec_app.services.checkpoints import CheckpointView
    from textrec_app.services.context import App

models = typer.Typer(help="Checkpoints: what there is, which is in use, promote, roll back, Hub.")

TASKS = ("recognizer", "detector")
Name = Annotated[str, typer.Argument(help="A checkpoint's name, or its task for the one in use.", show_default=False)]
Task = Annotated[str, typer.Option("--task", help="recognizer or detector.")]
Repo = Annotated[str, typer.Option("--repo", help="Model repository; TEXTREC_HUB_REPO by default.")]


@models.command("list")
def list_(
    task: Annotated[str | None, typer.Option(help="recognizer or detector; both by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """List checkpoints, newest first; the one in use is marked active."""
    from textrec_app.services.checkpoints import list_checkpoints

    _check_task(task or TASKS[0])
    with open_world() as app:
        found = [view for name in TASKS if task in (None, name) for view in list_checkpoints(app, name)]
    if as_json:
        for view in found:
            print_json(view)
        return
    rows = ((view.name, view.version, view.task, view.state, f"{view.created_utc:%Y-%m-%d %H:%M}") for view in found)
    print_table("", ("name", "version", "task", "state", "created (UTC)"), rows)


@models.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a checkpoint's card: data, recipe, metrics, hash, what the gate said."""
    with open_world() as app:
        view = _find(app, name)
    if as_json:
        print_json(view)
        return
    print_line(f"{view.name}@{view.version}: {view.task}, {view.state}")
    print_line(f"  sha256 {view.sha256}")
    for key in ("architecture", "parent", "created_utc", "commit", "license", "data", "recipe", "metrics"):
        print_line(f"  {key}: {view.card.get(key, '')}")
    for reason in view.gate.get("reasons", ()):
        print_line(f"  gate: {reason}")


@models.command("promote")
def promote(
    name: Name,
    overrule: Annotated[
        bool, typer.Option("--overrule", help="Although the gate rejected it; that is recorded.")
    ] = False,
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Put a checkpoint in use; what waits for review is read again."""
    from textrec_app.services.checkpoints import promote

    with open_world() as app:
        _print_active(promote(app, name, who, overrule), as_json)


@models.command("rollback")
def rollback(task: Task = "recognizer", as_json: AsJson = False, who: Who = "local") -> None:
    """Put back in use what was in use before."""
    from textrec_app.services.checkpoints import rollback

    _check_task(task)
    with open_world() as app:
        _print_active(rollback(app, who, task), as_json)


@models.command("add")
def add(
    weights: Annotated[Path, typer.Argument(help="A .safetensors file with its card beside it.", show_default=False)],
    name: Annotated[str, typer.Option(help="What to call it; by default as the file, and the hash.")] = "",
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Take weights from this machine, as `train` leaves them, into the store as a candidate."""
    from textrec_app.services.checkpoints import import_weights

    with open_world() as app:
        view = import_weights(app, weights, who, name)
    if as_json:
        print_json(view)
    else:
        print_line(f"{view.name}@{view.version} is here ({view.state}); `models judge {view.name}` compares it.")


@models.command("judge")
def judge(name: Name, as_json: AsJson = False, who: Who = "local") -> None:
    """Compare a candidate with the model in use on the frozen sets; the exit code is 4 when the gate rejects it."""
    from textrec_app.services.comparing import judge_checkpoint

    with open_world() as app:
        view = judge_checkpoint(app, name, who)
    if as_json:
        print_json(view)
    else:
        _print_gate(view)
    ask_exit(REJECTED if view.state == "rejected" else 0)


@models.command("pull")
def pull(
    repo: Repo = "",
    revision: Annotated[str, typer.Option(help="Commit, tag or branch of the repository.")] = "main",
    task: Task = "recognizer",
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Fetch a checkpoint from the Hub into the store, as a candidate."""
    from textrec_app.services.publishing import pull

    _check_task(task)
    with open_world() as app:
        view = pull(app, repo, revision, who, task)
    if as_json:
        print_json(view)
    else:
        print_line(f"{view.name}@{view.version} is here as a candidate; `models promote {view.name}` puts it in use.")


@models.command("push")
def push(name: Name, repo: Repo = "", as_json: AsJson = False, who: Who = "local") -> None:
    """Publish a checkpoint with its card on the Hub."""
    from textrec_app.services.publishing import push

    with open_world() as app:
        published = push(app, _find(app, name).name, repo, who)
    if as_json:
        print_json(published)
    else:
        print_line(f"{name} is published in {published.repo} at {published.commit}.")


@models.command("export-onnx")
def export_onnx(
    name: Annotated[
        str | None, typer.Argument(help="A checkpoint's name, or its task for the one in use; recognizer by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; beside the weights by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a recognizer or a detector as an ONNX file; beside the weights, reading uses it where it is faster.

    A recognizer's takes bytes, (B, 32, W, 3) RGB, and gives class ids, their probabilities, lengths and logits; a
    detector's takes (B, H, W, 3) RGB, sides multiples of 32, and gives its maps. The card lies beside it. Needs the
    packages of requirements-onnx.txt.
    """
    from textrec_app.services.exporting_onnx import export_checkpoint_onnx

    with open_world() as app:
        written = export_checkpoint_onnx(app, name, out)
    if as_json:
        print_json(written)
    else:
        print_line(f"{written.model} is written to {written.path} ({written.megabytes} MB).")


def _find(app: "App", name: str) -> "CheckpointView":
    from textrec_app.services.checkpoints import get_active, get_checkpoint

    return get_active(app, name) if name in TASKS else get_checkpoint(app, name)


def _check_task(task: str) -> None:
    if task not in TASKS:
        raise InputError(f"There is no task '{task}'; choose {' or '.join(TASKS)}.")


def _print_gate(view: "CheckpointView") -> None:
    print_line(f"{view.name}: {view.gate.get('verdict', view.state)}")
    for told in (*view.gate.get("reasons", ()), *view.gate.get("gains", ())):
        print_line(f"  - {told}")
    if view.state == "candidate":
        print_line(f"`models promote {view.name}` puts it in use.")


def _print_active(view: "CheckpointView", as_json: bool) -> None:
    if as_json:
        print_json(view)
    else:
        print_line(f"{view.name}@{view.version} is in use now.")
