"""Harvest: many pictures in, readings sorted into kept and waiting."""

from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from textrec_app.errors import ConflictError
from textrec_app.services.context import App
from textrec_app.services.harvest_notes import HarvestNote, clear_note, find_note, write_note
from textrec_app.services.harvest_samples import Sample, SampleGroup, find_sample_crop, list_sample_groups
from textrec_app.services.harvesting import (
    FileOutcome,
    HarvestOptions,
    count_uploads,
    list_files,
    summarise,
)
from textrec_app.services.harvesting import apply_precision as keep_by_precision
from textrec_app.services.harvesting import confidence_view as view_confidence
from textrec_app.services.harvesting import harvest as harvest_files
from textrec_app.services.selection import find_min_precision
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.arguments import take_number
from textrec_app.ui.assets import load_asset, load_scripts
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE
from textrec_app.ui.pictures import to_thumbnail_url

N_LISTED = 200


def create_harvest_tab(app: App) -> gr.HTML:
    """Lay out the tab and tie its events; the results panel is returned, to be filled when the page opens."""
    with gr.Row(elem_classes="tr-harvest-row"):
        with gr.Column(scale=2, min_width=300):
            files = gr.File(label="Photos or a zip", file_count="multiple", elem_id="harvest-files", height=170)
            folder = gr.File(label="Or a folder", file_count="directory", elem_id="harvest-folder", height=120)
            are_crops = gr.Checkbox(label="Each picture is one word", elem_id="harvest-crops")
            start = gr.Button("Harvest", variant="primary", elem_id="harvest-start")
            gr.Markdown("Keep this page open until it is done.", elem_classes="tr-muted")
            results = _create_panel("harvest.html", ("harvest.js",), "harvest-results")
        with gr.Column(scale=3, min_width=320):
            confidence = _create_panel(
                "confidence.html",
                ("confidence_plots.js", "confidence.js"),
                "harvest-confidence",
                {"min_precision": find_min_precision(app)},
            )
    _create_panel("samples.html", ("samples.js",), "harvest-samples")
    turn = gr.State(Turn())
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    begun = start.click(bind(app, begin), [turn], [start], queue=False, **quiet)
    running = begun.success(
        bind(app, run_harvest),
        [files, folder, are_crops],
        [results, confidence],
        concurrency_id=INFERENCE,
        concurrency_limit=1,
        **quiet,
    )
    running.then(end, [turn], [files, folder, start], queue=False, **quiet)
    public: dict[str, Callable[..., Any]] = {
        "confidence_view": confidence_view,
        "apply_precision": apply_precision,
        "harvest_samples": harvest_samples,
    }
    for name, handler in public.items():
        gr.api(bind(app, handler, as_html=False), api_name=name, queue=False)
    return results


def _create_panel(template: str, scripts: tuple[str, ...], name: str, value: Any = None) -> gr.HTML:
    return gr.HTML(
        value=value,
        html_template=load_asset(template),
        js_on_load=load_scripts(scripts),
        apply_default_css=False,
        elem_id=name,
    )


@dataclass
class Turn:
    """Whether a page's harvest runs; one for each open page."""

    is_running: bool = False


def begin(app: App, visitor: Visitor, turn: Turn) -> gr.Button:
    """Take the page's turn, and lock the button.

    Raises:
        ConflictError: a second press, while the first one's files are read.
    """
    require_editor(visitor)
    if turn.is_running:
        raise ConflictError("This harvest runs already; its files are read once. Wait for its end.")
    turn.is_running = True
    return gr.Button("Harvesting…", interactive=False)


def end(turn: Turn) -> tuple[None, None, gr.Button]:
    """Give the turn back: no files chosen, the button as it was."""
    turn.is_running = False
    return None, None, gr.Button("Harvest", interactive=True)


def run_harvest(
    app: App, visitor: Visitor, files: list[str] | None, folder: list[str] | None, are_crops: bool
) -> Generator[tuple[Any, Any], None, None]:
    """Harvest the chosen files and show each result as it comes."""
    require_editor(visitor)
    paths = [Path(path) for path in [*(files or ()), *(folder or ())]]
    if not paths:
        yield {"rows": list_rows(app), "progress": note("Choose photos, a zip or a folder first.")}, gr.skip()
        return
    options = HarvestOptions(min_precision=find_min_precision(app), crops=are_crops, who=visitor.name)
    total = count_uploads(paths)
    outcomes: list[FileOutcome] = []
    is_stopped = True
    try:
        write_note(app, HarvestNote(0, total, visitor.name))
        yield describe_progress(outcomes, total), gr.skip()
        for outcome in harvest_files(app, paths, options):
            outcomes.append(outcome)
            write_note(app, HarvestNote(len(outcomes), max(total, len(outcomes)), visitor.name))
            yield describe_progress(outcomes, max(total, len(outcomes))), gr.skip()
        is_stopped = False
    finally:
        if is_stopped:
            write_note(app, HarvestNote(len(outcomes), max(total, len(outcomes)), visitor.name, stopped=True))
        else:
            clear_note(app)
    yield describe_end(outcomes), {"min_precision": options.min_precision, "turn": len(outcomes)}


def confidence_view(app: App, min_precision: float) -> dict:
    """Show what keeping with this precision would mean: histogram, threshold, kept, waiting; nothing changes."""
    return asdict(view_confidence(app, take_number(min_precision, "min_precision")))


def apply_precision(app: App, visitor: Visitor, min_precision: float) -> dict:
    """Keep the undecided readings that reach this precision and let the others wait for review."""
    require_editor(visitor)
    return asdict(keep_by_precision(app, take_number(min_precision, "min_precision"), visitor.name))


def harvest_samples(app: App, min_precision: float) -> dict:
    """Show example crops of what this precision keeps, and of each reason for which the rest waits."""
    groups = list_sample_groups(app, take_number(min_precision, "min_precision"))
    return {"groups": [describe_group(app, group) for group in groups]}


def describe_group(app: App, group: SampleGroup) -> dict[str, Any]:
    """Readings that share a fate, with the crops of some of them."""
    samples = [
        {
            "item_id": sample.item_id,
            "crop": _find_crop(app, sample),
            "text": sample.text,
            "confidence": sample.confidence,
        }
        for sample in group.samples
    ]
    return {"reason": group.reason, "n": group.n, "samples": samples}


def _find_crop(app: App, sample: Sample) -> str | None:
    data = find_sample_crop(app, sample)
    return None if data is None else to_thumbnail_url(data)


def show_files(app: App) -> dict[str, Any]:
    """The harvested files, for a page that has just opened, and whether the last harvest stopped on its way."""
    unfinished = find_note(app)
    return {"rows": list_rows(app), "progress": None if unfinished is None else note(describe_unfinished(unfinished))}


def describe_unfinished(unfinished: HarvestNote) -> str:
    """How far a harvest got, and how to go on."""
    far = f"{unfinished.done} of {unfinished.total} files"
    again = "choose the same files and press Harvest again to go on; what was read is skipped."
    if unfinished.stopped:
        return f"The last harvest stopped after {far}, the rest was not read: {again}"
    return f"A harvest has got to {far}. If its page was closed, the rest is not read: {again}"


def list_rows(app: App) -> list[dict[str, Any]]:
    """The newest harvested files as rows of the table."""
    names = ("name", "state", "n_words", "n_kept", "n_waiting", "message")
    return [{name: getattr(row, name) for name in names} for row in list_files(app, limit=N_LISTED, offset=0)]


def note(text: str) -> dict[str, Any]:
    """A progress line that only says something."""
    return {"done": 0, "total": 1, "finished": True, "text": text}


def describe_progress(outcomes: list[FileOutcome], total: int) -> dict[str, Any]:
    """The results so far, newest first."""
    done = len(outcomes)
    last = f": {outcomes[-1].name}" if outcomes else ""
    progress = {"done": done, "total": total, "finished": False, "text": f"{done} of {total} files{last}"}
    return {"rows": [asdict(outcome) for outcome in reversed(outcomes[-N_LISTED:])], "progress": progress}


def describe_end(outcomes: list[FileOutcome]) -> dict[str, Any]:
    """All results, and their sum in words."""
    summary = summarise(outcomes)
    text = (
        f"{summary.read} read, {summary.skipped} skipped, {summary.failed} failed. "
        f"{summary.kept} words kept to learn from, {summary.waiting} wait for review."
    )
    progress = {"done": 1, "total": 1, "finished": True, "text": text}
    return {"rows": [asdict(outcome) for outcome in reversed(outcomes[-N_LISTED:])], "progress": progress}
