"""`train` and `synth`: networks from data, data from fonts."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from textrec_app.cli.console import SOME_FAILED, ask_exit, print_json, print_line, show_progress
from textrec_app.errors import InputError
from textrec_app.settings import load_settings

commands = typer.Typer()
synth = typer.Typer(help="Render labeled data with exact glyph masks and character boxes.")

TASKS = ("recognizer", "detector", "language")
DEFAULT_OUT = "train"

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write the set.")]
Count = Annotated[int, typer.Option("-n", "--count", min=1, help="How many.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")]
Fonts = Annotated[Path | None, typer.Option(metavar="DIR", help="Fonts; else TEXTREC_FONTS_DIR, else the system's.")]
Wordlists = Annotated[Path | None, typer.Option(metavar="DIR", help="Word lists; else built-in words.")]
Kinds = Annotated[
    str | None, typer.Option(metavar="A,B", help="Only these kinds of scenes, like page,receipt,poster; else all.")
]
Backgrounds = Annotated[Path | None, typer.Option(metavar="DIR", help="Background pictures; else drawn textures.")]


Task = Annotated[str, typer.Argument(metavar="TASK", help="recognizer, detector or language.", show_default=False)]
Recipe = Annotated[
    str,
    typer.Option(
        help="Settings: base, tiny, stable, start; also align, adapt, self_train, abinet, semimtr, seqclr, fixmatch. "
        "Language: base, cloze, cloze_noise."
    ),
]
Data = Annotated[
    list[str] | None, typer.Option(metavar="DIR[=WEIGHT]", help="Labeled data; repeated.", show_default=False)
]
LeaveOut = Annotated[str | None, typer.Option(metavar="K/N", help="Do not train on this fold; audit judges it then.")]
Minutes = Annotated[float | None, typer.Option(help="Stop cleanly after so many minutes.")]
Resume = Annotated[Path | None, typer.Option(metavar="DIR", help="Go on with the run in this folder.")]
RunFolder = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The run's folder.")]
Base = Annotated[Path | None, typer.Option(metavar="FILE", help="Weights to begin from.")]
Architecture = Annotated[
    str | None, typer.Option(metavar="NAME", help="Another network (detector: craft); --base then lends what fits.")
]
ScheduleMinutes = Annotated[
    float | None, typer.Option(help="Minutes until the learning rate has fallen; else the recipe's steps.")
]
Corrections = Annotated[
    Path | None, typer.Option(metavar="TSV", help="Label errors: set/file, label, what the picture says.")
]
Unlabeled = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", help="Pictures without labels: of words, for the detector of scenes."),
]
Language = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What `train language --recipe cloze` made, for abinet_s.")
]
Rendered = Annotated[int, typer.Option(min=0, help="Words to render for the recognizer.")]
Workers = Annotated[
    int | None, typer.Option(min=0, help="Processes that make the recognizer's batches; else by cores and GPU.")
]


@commands.command()
def train(
    task: Task,
    recipe: Recipe = "base",
    data: Data = None,
    leave_out: LeaveOut = None,
    minutes: Minutes = None,
    resume: Resume = None,
    out: RunFolder = None,
    base: Base = None,
    architecture: Architecture = None,
    schedule_minutes: ScheduleMinutes = None,
    corrections: Corrections = None,
    unlabeled: Unlabeled = None,
    language: Language = None,
    rendered: Rendered = 100_000,
    workers: Workers = None,
    fonts: Fonts = None,
    wordlists: Wordlists = None,
    backgrounds: Backgrounds = None,
) -> None:
    """Train a network on labeled folders; a tenth of them is held back for validation.

    The language is counted from --wordlists; its recipe cloze trains a network instead. Training stops after --minutes,
    or at Ctrl-C, in a state that --resume goes on from; `accelerate launch -m textrec_app train …` uses many processes.
    """
    _check_what(task, architecture)
    from textrec_app.data.folds import parse_fold
    from textrec_app.services.training_sets import parse_weighted_folder

    folder = _find_run_folder(task, out, resume)
    if task == "language":
        return _train_language(recipe, wordlists, folder, minutes)
    folders = [parse_weighted_folder(text) for text in data or ()]
    common: dict[str, Any] = {
        "out": folder,
        "recipe": recipe,
        "data": tuple(folder for folder, _ in folders),
        "minutes": minutes,
        "schedule_minutes": schedule_minutes,
        "base": base,
        "device": load_settings().device,
        "architecture": architecture,
        "unlabeled": tuple(unlabeled or ()),
    }
    if task == "recognizer":
        common |= {
            "data_weights": tuple(weight for _, weight in folders),
            "leave_out": parse_fold(leave_out) if leave_out else None,
            "rendered_words": rendered,
            "corrections": corrections,
            "language": language,
            "workers": workers,
        }
    drawn = (fonts, wordlists, backgrounds)
    run = partial(_train_recognizer, common, drawn) if task == "recognizer" else partial(_train_detector, common)
    with _stop_at_signals() as should_stop, _show_steps() as on_progress:
        result = run(on_progress, should_stop)
    if load_settings().is_first_process:
        print_json(result)
    ask_exit(0 if result.state in ("finished", "paused", "stopped") else SOME_FAILED)


def _check_what(task: str, architecture: str | None) -> None:
    """Answer wrong names before anything that takes seconds is loaded."""
    from textrec_app.services.architectures import check_architecture

    if task not in TASKS:
        raise InputError(f"There is no task '{task}'; choose one of {', '.join(TASKS)}.")
    check_architecture(architecture, task)


def _train_detector(
    settings: dict[str, Any], on_progress: Callable[[dict[str, Any]], None], should_stop: Callable[[], str | None]
) -> Any:
    from textrec_app.services.detector_training import DetectorOrder, train_detector_on

    return train_detector_on(DetectorOrder(**settings), on_progress, should_stop)


def _train_recognizer(
    settings: dict[str, Any],
    material: tuple[Path | None, Path | None, Path | None],
    on_progress: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], str | None],
) -> Any:
    from textrec_app.services.training import TrainingOrder, train_recognizer_on
    from textrec_app.training.word_pools import RenderMaterial

    fonts, wordlists, backgrounds = material
    drawn_from = RenderMaterial(fonts or load_settings().fonts_dir, wordlists, backgrounds)
    return train_recognizer_on(TrainingOrder(**settings, material=drawn_from), on_progress, should_stop)


def _train_language(recipe: str, wordlists: Path | None, folder: Path, minutes: float | None) -> None:
    from textrec_app.services.language_training import train_cloze_language, train_language

    if recipe == "base":
        return print_json(train_language(wordlists, folder))
    with _stop_at_signals() as should_stop, _show_steps() as on_progress:
        result = train_cloze_language(recipe, wordlists, folder, minutes, on_progress, should_stop)
    return print_json(result)


@synth.command("words")
def synth_words(
    out: Out,
    count: Count = 100,
    seed: Seed = 0,
    fonts: Fonts = None,
    wordlists: Wordlists = None,
    backgrounds: Backgrounds = None,
) -> None:
    """Render word crops: labels.tsv, images, glyph masks, character boxes."""
    from textrec_app.data.synthesis.writer import SynthesisFolders, write_words

    folders = SynthesisFolders(fonts or load_settings().fonts_dir, backgrounds, wordlists)
    with show_progress("Rendering words") as move:
        write_words(out, count, seed, folders, move)
    print_line(f"{count} words written to {out}")


@synth.command("scenes")
def synth_scenes(
    out: Out,
    count: Count = 10,
    seed: Seed = 0,
    fonts: Fonts = None,
    wordlists: Wordlists = None,
    backgrounds: Backgrounds = None,
    kinds: Kinds = None,
) -> None:
    """Render whole scenes: boxes.jsonl, images, glyph masks, character boxes."""
    from textrec_app.data.synthesis.writer import SynthesisFolders, write_scenes

    folders = SynthesisFolders(fonts or load_settings().fonts_dir, backgrounds, wordlists)
    with show_progress("Rendering scenes") as move:
        write_scenes(out, count, seed, folders, move, tuple(kinds.split(",")) if kinds else ())
    print_line(f"{count} scenes written to {out}")


def _find_run_folder(task: str, out: Path | None, resume: Path | None) -> Path:
    if resume is None:
        return out or load_settings().runs_dir / DEFAULT_OUT / task
    if out is not None and out.resolve() != resume.resolve():
        raise InputError("--resume goes on in its own folder. Leave --out away, or name the same folder.")
    if not resume.is_dir():
        raise InputError(f"{resume} is no folder of a run. Name the --out of the earlier training.")
    return resume


@contextmanager
def _stop_at_signals() -> Iterator[Callable[[], str | None]]:
    """Ctrl-C and a polite kill end the sitting after the step at hand, with everything saved."""
    asked: list[int] = []

    def note(number: int, frame: object) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: "stopped" if asked else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _show_steps() -> Iterator[Callable[[dict[str, Any]], None]]:
    console = Console(stderr=True)
    is_silent = not (console.is_terminal and load_settings().is_first_process)
    share = TextColumn("{task.percentage:>4.1f} %")
    columns = (TextColumn("{task.description}"), BarColumn(), share, TimeElapsedColumn())
    with Progress(*columns, console=console, disable=is_silent) as bar:
        task = bar.add_task("Training", total=1.0)

        def show(line: dict[str, Any]) -> None:
            told = [f"step {line.get('step', 0)}"]
            told += [f"{name} {line[name]:.3f}" for name in ("loss", "score") if isinstance(line.get(name), float)]
            bar.update(task, completed=float(line.get("progress") or 0.0), description=", ".join(told))

        yield show
