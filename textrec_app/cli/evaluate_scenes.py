"""`evaluate detection` and `evaluate spotting`: models side by side, by words or lines, turned by any angle."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrec_app.cli.console import AsJson, open_world, print_json, print_table, show_progress

if TYPE_CHECKING:
    from textrec_app.services.evaluating_scenes import SceneReport, SceneRequest

commands = typer.Typer()

_MEASURES = {
    "n_images": "pictures",
    "level": "compared by",
    "precision": "precision",
    "recall": "recall",
    "hmean": "hmean",
    "duplicates_per_100": "duplicates for 100 boxes",
    "n_text_free": "text-free pictures",
    "false_per_picture": "false in a text-free picture",
    "ms_per_image": "ms a picture",
    "parameters": "parameters",
}

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the data set.")]
Detectors = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME|PATH", help="A checkpoint or a safetensors file; repeated: side by side."),
]
Level = Annotated[
    str, typer.Option(help="What a box holds: word, line (found words are put together), or auto, as the boxes say.")
]
Rotate = Annotated[
    list[str] | None,
    typer.Option("--rotate", metavar="DEG", help="Measure again turned counter-clockwise; repeated, or every30."),
]
Protocol = Annotated[str, typer.Option(help="What is compared: alnum36, alnum62 or exact.")]
Predictions = Annotated[Path | None, typer.Option(metavar="FILE", help="Write every prediction to this file.")]


@commands.command("detection")
def evaluate_detection(
    data: Data,
    model: Detectors = None,
    level: Level = "auto",
    rotate: Rotate = None,
    protocol: Protocol = "alnum36",
    as_json: AsJson = False,
    predictions: Predictions = None,
) -> None:
    """Find the words of the pictures in boxes.jsonl and score them: IoU above 0.5, one to one.

    Boxes marked ignore or difficult are excused. Directions are not compared, nor texts, so --protocol makes no
    difference here. A duplicate is a region that covers again what another covers. --rotate tells by how much hmean
    falls on the same pictures turned. --predictions writes what was found, one picture a line, in the form of
    boxes.jsonl.
    """
    from textrec_app.services.evaluating_scenes import measure_detection

    request = _build_request(data, model, (level, rotate), protocol, predictions)
    with open_world() as app, show_progress("Finding") as move:
        reports = measure_detection(app, request, move)
    _print_reports(reports, as_json)


@commands.command("spotting")
def evaluate_spotting(
    data: Data,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|PATH", help="A recognizer's checkpoint or file; else what is in use."),
    ] = None,
    detector: Detectors = None,
    level: Level = "auto",
    rotate: Rotate = None,
    protocol: Protocol = "alnum36",
    as_json: AsJson = False,
    predictions: Predictions = None,
) -> None:
    """Find and read the words of the pictures in boxes.jsonl; a match needs the text right too.

    --model names the recognizer, --detector a detector; several are shown side by side. --predictions writes what was
    read, in the form of boxes.jsonl.
    """
    from dataclasses import replace

    from textrec_app.services.evaluating_scenes import measure_spotting

    request = replace(_build_request(data, detector, (level, rotate), protocol, predictions), recognizer=model)
    with open_world() as app, show_progress("Reading") as move:
        reports = measure_spotting(app, request, move)
    _print_reports(reports, as_json)


def _build_request(
    data: Path, detectors: list[str] | None, way: tuple[str, list[str] | None], protocol: str, predictions: Path | None
) -> "SceneRequest":
    """`way`: level and angles as typed."""
    from textrec_app.evaluation.turned_scenes import parse_angles
    from textrec_app.services.evaluating_scenes import SceneRequest

    level, rotate = way
    return SceneRequest(
        data=data,
        detectors=tuple(detectors or (None,)),
        protocol=protocol,
        level=level,
        angles_deg=parse_angles(rotate or ()),
        predictions=predictions,
    )


def _print_reports(reports: Sequence["SceneReport"], as_json: bool) -> None:
    told = [report.to_dict() for report in reports]
    if as_json:
        for report, one in zip(reports, told, strict=True):
            print_json(one if len(reports) == 1 else {"model": report.model} | one)
        return
    rows = [[head, *(_cell(one[key]) for one in told)] for key, head in _MEASURES.items()]
    for deg in reports[0].turned:
        rows.append([f"hmean turned by {deg:g}°", *(_cell(one["rotated_hmean"][f"{deg:g}"]) for one in told)])
    if reports[0].turned:
        rows.append(["greatest loss", *(_cell(one["greatest_loss"]) for one in told)])
    print_table("", ("measure", *_shorten([report.model for report in reports])), rows)


def _shorten(models: Sequence[str]) -> Sequence[str]:
    """Names of files instead of whole paths, where they differ."""
    stems = [model.rpartition("/")[2].removesuffix(".safetensors") for model in models]
    return stems if len(set(stems)) == len(stems) else models


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else str(value)
