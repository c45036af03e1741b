"""What all commands share: exit codes, errors as sentences, JSON on stdout, progress on stderr."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from textrec_app.errors import USER_ERRORS, InputError, NotFoundError
from textrec_app.settings import load_settings

if TYPE_CHECKING:
    from textrec_app.services.context import App

DONE, WRONG_USE, SOME_FAILED, REJECTED = 0, 2, 3, 4

# Options that take several values after one flag, as `--data a b`.
_LISTS = ("--data", "--status")
_NO_LIST_VALUES = ("recognizer", "detector")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Who = Annotated[str, typer.Option(help="Whose name is recorded.")]


class CommandGroup(TyperGroup):
    """The commands; an error that is meant for people is one sentence on stderr and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let an option that may be repeated take several values at once."""
        return super().parse_args(ctx, repeat_list_options(args))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except USER_ERRORS as error:
            tell(as_sentence(str(error)), style="red")
            raise typer.Exit(WRONG_USE if isinstance(error, InputError | NotFoundError) else SOME_FAILED) from None


def repeat_list_options(arguments: Iterable[str]) -> list[str]:
    """Write `--data a b` as `--data a --data b`, which the parser understands."""
    repeated: list[str] = []
    option, n_values = "", 0
    for argument in arguments:
        if argument.startswith("-"):
            name, sign, _ = argument.partition("=")
            option, n_values = (name if name in _LISTS else ""), len(sign)
        elif option and n_values and argument not in _NO_LIST_VALUES:
            repeated.append(option)
        else:
            n_values += 1
        repeated.append(argument)
    return repeated


@contextmanager
def open_world(device: str | None = None) -> Iterator["App"]:
    """The application on the store that TEXTREC_DATA_DIR names; closed at the end.

    Args:
        device: replaces the setting, where a command takes one.
    """
    from textrec_app.services.context import open_app

    settings = load_settings()
    app = open_app(settings if device is None else settings.model_copy(update={"device": device}))
    try:
        yield app
    finally:
        app.close()


def print_json(value: Any) -> None:
    """Print one object as one line."""
    print(json.dumps(to_plain(value), ensure_ascii=False), flush=True)


def to_plain(value: Any) -> Any:
    """Dataclasses, times and paths in the form JSON knows; numbers are not rounded."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value) if isinstance(value, Path) else value


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table for people; cells are shown as they are, never run as markup."""
    table = Table(*columns, title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(as_printable(str(cell))) for cell in row))
    Console(soft_wrap=True).print(table)


def print_line(text: str) -> None:
    """Print one line for people; control characters, which could steer a terminal, are shown as '?'."""
    print(as_printable(text), flush=True)


def tell(message: str, style: str = "") -> None:
    """Say something on stderr."""
    Console(stderr=True, soft_wrap=True).print(Text(as_printable(message), style=style))


def as_sentence(message: str) -> str:
    """A message with a capital at its beginning and a stop at its end, on one line."""
    line = " ".join(message.split())
    line = line[:1].upper() + line[1:] if line[:2].islower() or line[1:2] == " " else line
    return line if line.endswith((".", "!", "?")) else f"{line}."


def as_printable(text: str) -> str:
    """The text without control characters and without what no encoding can write."""
    readable = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else "?" for character in readable)


@contextmanager
def show_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, only where someone watches; gives the function that moves it: (done, total)."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield move


def ask_exit(code: int) -> None:
    """End the command with an exit code other than 0."""
    if code != DONE:
        raise typer.Exit(code)
