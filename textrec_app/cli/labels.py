"""`export`, `import`, `review export` and `review import`: labels out of the store and in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textrec_app.cli.console import (
    SOME_FAILED,
    AsJson,
    Who,
    ask_exit,
    open_world,
    print_json,
    print_line,
    print_table,
    tell,
)

if TYPE_CHECKING:
    from textrec_app.services.exporting import ExportSummary

commands = typer.Typer()
review = typer.Typer(help="Review elsewhere (queue out as a table, decisions in), audit what is kept, learning curve.")

Format = Annotated[str, typer.Option("--format", help="paddleocr, imagefolder, jsonl or csv.")]
Status = Annotated[
    list[str] | None,
    typer.Option("--status", help="accepted, corrected, rejected, skipped, kept, waiting or all; may be repeated."),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder, or one that was exported to before.")]


@commands.command("export")
def export(fmt: Format, out: Out, status: Status = None, as_json: AsJson = False) -> None:
    """Write labels with their crops and where each came from.

    Without --status: what people accepted or corrected.
    """
    from textrec_app.services.exporting import export_labels

    with open_world() as app:
        summary = export_labels(app, fmt, out, _split(status) or ("accepted", "corrected"))
    _print_export(summary, as_json)


@commands.command("import")
def import_(
    fmt: Format,
    path: Annotated[Path, typer.Argument(help="The folder, or its index file.", show_default=False)],
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Read labels into the store; what a person decided here since is not overwritten.

    A row that cannot be used is told, and the rest go on; the exit code is then 3.
    """
    from textrec_app.services.exporting import import_labels

    with open_world() as app:
        summary = import_labels(app, fmt, path, who)
    for message in summary.messages:
        tell(message, style="red")
    if as_json:
        print_json(summary)
    else:
        print_line(
            f"{summary.added} added, {summary.changed} changed, {summary.unchanged} unchanged, "
            f"{summary.skipped} skipped (a model's text is no label), {summary.failed} failed"
        )
    ask_exit(SOME_FAILED if summary.failed else 0)


@review.command("export")
def review_export(out: Out, status: Status = None, as_json: AsJson = False) -> None:
    """Write the queue as labels.csv with crops.

    Put accept, correct, reject or skip into its column `decision`, or just change `text`; then import it.
    """
    from textrec_app.services.review_files import export_review

    with open_world() as app:
        summary = export_review(app, out, _split(status) or ("waiting",))
    _print_export(summary, as_json)


@review.command("import")
def review_import(
    path: Annotated[Path, typer.Argument(help="The folder, or its labels.csv.", show_default=False)],
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Put the decisions of a reviewed table in force.

    An item that changed since the export is told and left as it is; the exit code is then 3.
    """
    from textrec_app.services.review_files import import_review

    with open_world() as app:
        summary = import_review(app, path, who)
    for message in summary.messages:
        tell(message, style="red")
    if as_json:
        print_json(summary)
    else:
        print_line(
            f"{summary.decided} decided, {summary.unchanged} unchanged, {summary.undecided} left undecided, "
            f"{summary.failed} failed"
        )
    ask_exit(SOME_FAILED if summary.failed else 0)


@review.command("audit")
def review_audit(
    start: Annotated[
        int | None, typer.Option("--start", metavar="N", min=1, help="Draw a new random sample of N kept words first.")
    ] = None,
    as_json: AsJson = False,
    who: Who = "local",
) -> None:
    """Tell how right is what was kept unseen, by the random sample of it that a person checked in Review."""
    from textrec_app.services.auditing import audit_view, start_audit

    with open_world() as app:
        view = audit_view(app) if start is None else start_audit(app, who, start)
    if as_json:
        print_json(view)
    else:
        print_line(view.sentence)


@review.command("curve")
def review_curve(as_json: AsJson = False) -> None:
    """Tell what decisions brought so far, and what another 50 are expected to bring."""
    from textrec_app.services.learning_curve import learning_curve

    with open_world() as app:
        curve = learning_curve(app)
    if as_json:
        print_json(curve)
        return
    rows = [
        (point.decisions, f"{100 * point.accuracy:.1f} %") for point in curve.points[:: max(1, len(curve.points) // 10)]
    ]
    if rows:
        print_table("", ("decisions", "right among the words here"), rows)
    print_line(curve.sentence)


def _split(statuses: list[str] | None) -> tuple[str, ...]:
    """Statuses may be repeated, or joined by commas."""
    return tuple(part for status in statuses or () for part in status.split(",") if part)


def _print_export(summary: "ExportSummary", as_json: bool) -> None:
    for message in summary.messages:
        tell(message, style="red")
    if as_json:
        print_json(summary)
    else:
        told = ", ".join(f"{count} {status}" for status, count in summary.counts.items())
        print_line(f"{summary.n} words written to {summary.path} ({told})")
    ask_exit(SOME_FAILED if summary.messages else 0)
