"""`read` and `harvest`."""

from dataclasses import asdict
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
    show_progress,
    tell,
)

if TYPE_CHECKING:
    from textrec_app.domain import RegionReading
    from textrec_app.services.harvesting import FileOutcome
    from textrec_app.services.reading_files import FileReading

commands = typer.Typer()

MAX_ALTERNATIVES = 5

Outside = Annotated[
    list[str] | None,
    typer.Option("--outside", metavar="NAME", help="Ask another reader too (rapidocr, if installed); repeated."),
]
Crops = Annotated[bool, typer.Option("--crops", help="Each picture is one word: nothing is detected.")]


@commands.command()
def read(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Picture files.", show_default=False)],
    as_json: AsJson = False,
    overlay: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write what was seen: outlines, glyph masks, attention.")
    ] = None,
    crops: Crops = False,
    lexicon: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Words to prefer, one a line; a text far likelier than all is read freely."),
    ] = None,
    alternatives: Annotated[
        int, typer.Option(metavar="K", min=0, max=MAX_ALTERNATIVES, help="Other readings of each word and character.")
    ] = 0,
) -> None:
    """Read pictures and print what they say; nothing is stored.

    Text is printed in reading order, lines together and blocks apart; each line begins with how sure its least sure
    word is.

    With --lexicon the likeliest word of the list is taken, unless another text is far likelier than every entry: then
    that text is read freely. Other readings below half a percent are left out of what is printed for people. Words on
    which the heads of the recognizer disagree are marked with ≠ and what each head reads.

    A file that cannot be read is told, and the rest go on; the exit code is then 3.
    """
    from textrec_app.services.overlays import write_overlay
    from textrec_app.services.reading import check_word_list, read_options
    from textrec_app.services.reading_files import read_files
    from textrec_app.services.writing import prepare_folder

    failed = 0
    options = read_options(lexicon, alternatives)
    if overlay is not None:
        prepare_folder(overlay)
    with open_world() as app:
        check_word_list(app, options)
        for outcome in read_files(app, images, crops, options):
            failed += outcome.reading is None
            if as_json:
                print_json(outcome.to_dict())
            else:
                _print_reading(outcome)
            if overlay is not None:
                write_overlay(app, outcome, overlay)
    ask_exit(SOME_FAILED if failed else 0)


@commands.command()
def harvest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, folders, zips.", show_default=False)],
    min_precision: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Keep readings that are right with at least this probability.")
    ] = 0.99,
    crops: Crops = False,
    as_json: AsJson = False,
    who: Who = "local",
    outside: Outside = None,
) -> None:
    """Read many pictures into the store; sure readings are kept as pseudo-labels, the rest wait for review.

    Exact duplicates are skipped. A file that cannot be read is told, and the rest go on; the exit code is then 3. The
    last line says what can be promised of everything that is kept now: a precision that holds with 95 % confidence, or
    plainly that these pictures are too unlike those that the confidence was measured on.
    """
    from textrec_app.services.harvesting import HarvestOptions, count_uploads, harvest, summarise
    from textrec_app.services.selection import find_promise

    options = HarvestOptions(min_precision=min_precision, crops=crops, who=who, outside=tuple(outside or ()))
    outcomes: list[FileOutcome] = []
    with open_world() as app, show_progress("Harvesting") as move:
        total = count_uploads(paths)
        for outcome in harvest(app, paths, options):
            outcomes.append(outcome)
            move(len(outcomes), max(total, len(outcomes)))
            if as_json:
                print_json(outcome)
            else:
                _print_outcome(outcome)
        promise = find_promise(app, min_precision)
    summary = summarise(outcomes)
    if as_json:
        print_json(asdict(summary) | {"promise": asdict(promise)})
    else:
        print_line(
            f"{summary.read} read, {summary.kept} words kept, {summary.waiting} waiting for review, "
            f"{summary.skipped} skipped, {summary.failed} failed"
        )
        print_line(promise.sentence)
    ask_exit(SOME_FAILED if summary.failed else 0)


def _print_reading(outcome: "FileReading") -> None:
    if outcome.reading is None:
        tell(outcome.error, style="red")
        return
    from textrec_app.services.reading import list_rows

    reading = outcome.reading
    counted = "1 word" if len(reading.regions) == 1 else f"{len(reading.regions)} words"
    print_line(f"{outcome.name}: {counted if reading.regions else 'no text found'}")
    for number, rows in enumerate(list_rows(reading)):
        if number:
            print_line("")
        for row in rows:
            _print_row([reading.regions[index] for index in row])


def _print_row(words: "list[RegionReading]") -> None:
    """A row of text behind the confidence of its least sure word; below it what else its words may say."""
    from textrec_app.services.reading import join_words

    least = min(word.confidence for word in words)
    told = _tell_disagreement(words[0]) if len(words) == 1 else ""
    print_line(f"  {least:6.1%}  {join_words([word.text for word in words])}{told}")
    for word in words:
        name = f"{word.text}: " if len(words) > 1 else ""
        if name and word.agreement is False:
            print_line(f"          {word.text}{_tell_disagreement(word)}")
        for other in (other for other in word.alternatives if other.is_likely):
            print_line(f"    {other.confidence:6.1%}  {name}{other.text}")


def _tell_disagreement(region: "RegionReading") -> str:
    """What each head reads, where they read differently."""
    if region.agreement is not False:
        return ""
    return "   ≠ " + ", ".join(f"{head}: {reading.text or '–'}" for head, reading in region.readings.items())


def _print_outcome(outcome: "FileOutcome") -> None:
    if outcome.state == "read":
        print_line(f"{outcome.name}: {outcome.n_kept} kept, {outcome.n_waiting} waiting")
    else:
        print_line(f"{outcome.name}: {outcome.state} – {outcome.message}")
