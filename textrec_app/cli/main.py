"""All commands together, and what happens around every one of them."""

import io
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from textrec_app.cli import checkpoints, cleaning, evaluate, jobs, labels, pack, reading, train
from textrec_app.cli.console import SOME_FAILED, CommandGroup, tell
from textrec_app.errors import InputError
from textrec_app.settings import load_settings

FAULT_FILE = "faults.log"


def build_cli() -> typer.Typer:
    """The command line of DESIGN section 4."""
    cli = typer.Typer(
        name="textrec",
        cls=CommandGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback()(configure)
    cli.command()(serve)
    for group in (reading, labels, jobs, train, cleaning, pack, evaluate):
        cli.registered_commands += group.commands.registered_commands
    cli.add_typer(labels.review, name="review")
    cli.add_typer(jobs.jobs, name="jobs")
    cli.add_typer(checkpoints.models, name="models")
    cli.add_typer(evaluate.evaluate, name="evaluate")
    cli.add_typer(train.synth, name="synth")
    return cli


def configure(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
) -> None:
    """TextRec reads text in photographs and teaches itself on its user's own pictures.

    Settings come from TEXTREC_ variables; the store is below TEXTREC_DATA_DIR. Exit codes: 0 done, 2 wrong use,
    3 some inputs failed, 4 rejected by the gate.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr
    )


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen; TEXTREC_HOST by default.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="TEXTREC_PORT by default.")] = None,
) -> None:
    """Start the app; Ctrl-C ends it, and a running training goes on next time."""
    from textrec_app.serving import serve

    changes = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    serve(load_settings().model_copy(update=changes))


def main() -> None:
    """Run the command line on this process's arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    command = typer.main.get_command(build_cli())  # calling the Typer itself would put its own hook in place of ours
    sys.excepthook = report_fault
    command(prog_name="python -m textrec_app")


def report_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell of a fault that nobody foresaw in a sentence; its traceback goes to a file."""
    if issubclass(kind, KeyboardInterrupt):
        sys.exit(130)
    path = _write_fault(kind, error, trace)
    told = " ".join(str(error).split())[:300] or "no details"
    where = f"Details are in {path}; please report them." if path else "Its details could not be written down."
    tell(f"{kind.__name__}: {told}. {where}", style="red")
    sys.exit(SOME_FAILED)


def _write_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Path | None:
    try:
        folder = load_settings().data_dir
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / FAULT_FILE).open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {' '.join(sys.argv)}\n")
            traceback.print_exception(kind, error, trace, file=stream)
    except (OSError, InputError):
        return None
    return folder / FAULT_FILE
