"""`evaluate`, `bench` and `doctor`: how good, how fast, how sound."""

from pathlib import Path
from typing import Annotated, Any

import typer

from textrec_app.cli import evaluate_scenes
from textrec_app.cli.console import (
    SOME_FAILED,
    AsJson,
    ask_exit,
    open_world,
    print_json,
    print_line,
    print_table,
    show_progress,
)
from textrec_app.cli.evaluate_scenes import Data, Predictions, Protocol
from textrec_app.cli.reading import Outside
from textrec_app.cli.train import Backgrounds, Fonts, Wordlists
from textrec_app.settings import load_settings

commands = typer.Typer()
evaluate = typer.Typer(help="Measure a checkpoint on a labeled data set.")
evaluate.registered_commands += evaluate_scenes.commands.registered_commands

Model = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME|PATH", help="A checkpoint or a safetensors file; else what is in use."),
]


@evaluate.command("recognition")
def evaluate_recognition(
    data: Data,
    model: Model = None,
    protocol: Protocol = "alnum36",
    as_json: AsJson = False,
    predictions: Predictions = None,
    promise: Annotated[
        bool, typer.Option("--promise", help="Gather all evidence, and set promises against what comes of them.")
    ] = False,
) -> None:
    """Read the words of labels.tsv, an LMDB or boxes.jsonl and count what is right.

    --predictions writes path, label, prediction and confidence, with tabs between. --promise looks at each word nine
    times, as `harvest` does: for wished precisions it prints the threshold that was fixed before, what it promises, and
    which share of the words it keeps, how precisely.
    """
    from textrec_app.services.evaluating import EvaluationRequest, measure_recognition

    with open_world() as app, show_progress("Reading") as move:
        report = measure_recognition(app, EvaluationRequest(data, model, protocol, predictions, promise), move)
    if as_json:
        print_json(report.to_dict())
        return
    told = report.to_dict()
    promised = told.pop("promised", {})
    told.pop("reliability", None)
    rows = [*told.items(), ("aurc", round(report.aurc, 4)), ("left out (empty label)", report.n_excluded)]
    print_table("", ("measure", "value"), rows)
    if promised:
        heads = ("wished", *next(iter(promised.values())))
        print_table("Promised beforehand, and obtained", heads, [(key, *one.values()) for key, one in promised.items()])


@evaluate.command("glyphs")
def evaluate_glyphs(
    model: Model = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Words of each set.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other words.")] = 0,
    as_json: AsJson = False,
    fonts: Fonts = None,
    wordlists: Wordlists = None,
    backgrounds: Backgrounds = None,
) -> None:
    """Measure on rendered words how well a recognizer finds ink and characters: straight, curved and blurred ones.

    Ink: IoU of k-means and of the network with the drawn mask. Characters: distance of the attention's centre from
    the middle of the drawn box, in character widths; a character drifts when it is more than one half.
    """
    from textrec_app.services.evaluating_glyphs import GlyphEvaluationRequest, measure_glyphs
    from textrec_app.training.word_pools import RenderMaterial

    own_fonts = fonts or load_settings().fonts_dir
    material = RenderMaterial(own_fonts, wordlists, backgrounds, with_system_fonts=own_fonts is None)
    with open_world() as app, show_progress("Reading") as move:
        told = measure_glyphs(app, GlyphEvaluationRequest(model, count, seed, material), move).to_dict()
    if as_json:
        print_json(told)
    else:
        _print_glyphs(told)


@evaluate.command("calibration")
def evaluate_calibration(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="The recognizer's safetensors file.")],
    data: Annotated[list[Path], typer.Option("--data", metavar="DIR", help="Folders of its training; repeated.")],
    corrections: Annotated[
        Path | None, typer.Option(metavar="TSV", help="Label errors: set/file, label, what the picture says.")
    ] = None,
    as_json: AsJson = False,
    outside: Outside = None,
) -> None:
    """Fit a recognizer's confidences on the words of its training folders that were held back, into its card.

    Words are read as `harvest` reads them. The error in halves is what new words may expect; of a recognizer with a
    glyph head it is shown with and without the agreement of the heads and the sharpness of the glyphs, next to the
    share of words that can be kept so that 99 % of them are right.
    """
    from textrec_app.services.calibrating import calibrate_on_held_back

    told = calibrate_on_held_back(weights, data, corrections, load_settings().device, outside or ()).to_dict()
    if as_json:
        print_json(told)
        return
    rows = told.pop("evidence", [])
    print_table("", ("measure", "value"), told.items())
    if rows:
        print_table("What each evidence adds, in cross-fitting", rows[0].keys(), [row.values() for row in rows])


@commands.command()
def bench(
    device: Annotated[str | None, typer.Option(help="cpu, cuda or auto; else the setting.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Medians are over so many calls.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Time reading on this machine: a crop alone, crops in batches, a whole picture; and peak memory.

    The ratios are to a fixed piece of arithmetic, so that machines can be compared.
    """
    from textrec_app.services.benchmarking import run_bench

    with open_world() as app:
        report = run_bench(app, device, repeats).to_dict()
    if as_json:
        print_json(report)
    else:
        paths = report.pop("paths")
        print_table("", ("measure", "value"), report.items())
        print_table("", paths[0].keys(), [path.values() for path in paths])


@commands.command()
def doctor(
    as_json: AsJson = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask whether the Hub can be reached.")] = False,
) -> None:
    """Look at versions, device, weights and their hashes, store, disk and Hub, and say what to do.

    The exit code is 3 if something must be put right.
    """
    from textrec_app.services.diagnosis import diagnose

    n_failed = 0
    for finding in diagnose(load_settings(), with_hub=not offline):
        n_failed += finding.state == "fail"
        if as_json:
            print_json(finding)
            continue
        print_line(f"[{finding.state:^4}] {finding.name}: {finding.value}")
        if finding.advice:
            print_line(f"       → {finding.advice}")
    ask_exit(SOME_FAILED if n_failed else 0)


def _print_glyphs(told: dict[str, Any]) -> None:
    """Two tables: reading and ink, then characters."""
    sets = told["sets"]
    rows = [
        [name, report["n"], *(_percent(report["word_accuracy"].get(way)) for way in ("fast", "fused"))]
        + [report[ious].get(who, "–") for ious in ("mask_iou", "mask_iou_usable") for who in ("k-means", "network")]
        + [report["n_usable"]]
        for name, report in sets.items()
    ]
    heads = ("words", "n", "fast %", "fused %", "IoU k-means", "IoU network", "usable: k-means", "network", "usable n")
    print_table(told["model"], heads, rows)
    measures = ("characters", "mean_error", "median_error", "drift_share", "lost")
    characters = [
        [name, kind, *(row[measure] for measure in measures), _find_read_drift(report, kind)]
        for name, report in sets.items()
        for kind, row in report["alignment"].items()
    ]
    columns = (
        "words",
        "attention",
        "characters",
        "mean error",
        "median error",
        "drift share",
        "nowhere",
        "drift where read",
    )
    print_table("Distance from the drawn character, in character widths", columns, characters)
    if told["head_parameters"] is not None:
        glyph, per_class = told["head_parameters"]["glyph"], told["head_parameters"]["per_class"]
        print_line(f"Glyph heads: {glyph:,} parameters; with a class for each of 6,763 characters: {per_class:,}.")


def _find_read_drift(report: dict[str, Any], kind: str) -> object:
    """Drift in the words that were read right; a dash where there are none."""
    return report["alignment_read"].get(kind, {}).get("drift_share", "–")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
