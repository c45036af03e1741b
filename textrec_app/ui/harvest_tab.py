"""Harvest: many pictures in, readings sorted into kept and waiting."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from textrec_app.services.context import App
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
from textrec_app.ui.assets import load_asset
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE

N_LISTED = 200


def create_harvest_tab(app: App) -> gr.HTML:
    """Lay out the tab and tie its events; the results panel is returned, to be filled when the page opens."""
    with gr.Row(elem_classes="tr-harvest-row"):
        with gr.Column(scale=2, min_width=300):
            files = gr.File(
                label="Photos or a zip",
                file_count="multiple",
                file_types=["image", ".zip"],
                elem_id="harvest-files",
                height=170,
            )
            folder = gr.File(label="Or a folder", file_count="directory", elem_id="harvest-folder", height=120)
            are_crops = gr.Checkbox(label="Each picture is one word", elem_id="harvest-crops")
            start = gr.Button("Harvest", variant="primary", elem_id="harvest-start")
            confidence = gr.HTML(
                value={"min_precision": find_min_precision(app)},
                html_template=load_asset("confidence.html"),
                js_on_load=load_asset("confidence.js"),
                apply_default_css=False,
                elem_id="harvest-confidence",
            )
        with gr.Column(scale=3, min_width=320):
            results = gr.HTML(
                value=None,
                html_template=load_asset("harvest.html"),
                js_on_load=load_asset("harvest.js"),
                apply_default_css=False,
                elem_id="harvest-results",
            )
    running = start.click(
        bind(app, run_harvest),
        [files, folder, are_crops],
        [results, confidence],
        api_visibility="private",
        show_progress="hidden",
        concurrency_id=INFERENCE,
        concurrency_limit=1,
    )
    running.then(lambda: (None, None), None, [files, folder], api_visibility="private", show_progress="hidden")
    gr.api(bind(app, confidence_view, as_html=False), api_name="confidence_view", queue=False)
    gr.api(bind(app, apply_precision, as_html=False), api_name="apply_precision", queue=False)
    return results


def run_harvest(
    app: App, visitor: Visitor, files: list[str] | None, folder: list[str] | None, are_crops: bool
) -> Iterator[tuple[Any, Any]]:
    """Harvest the chosen files and show each result as it comes."""
    require_editor(visitor)
    paths = [Path(path) for path in [*(files or ()), *(folder or ())]]
    if not paths:
        yield {"rows": list_rows(app), "progress": note("Choose photos, a zip or a folder first.")}, gr.skip()
        return
    options = HarvestOptions(min_precision=find_min_precision(app), crops=are_crops, who=visitor.name)
    total = count_uploads(paths)
    outcomes: list[FileOutcome] = []
    yield describe_progress(outcomes, total), gr.skip()
    for outcome in harvest_files(app, paths, options):
        outcomes.append(outcome)
        yield describe_progress(outcomes, max(total, len(outcomes))), gr.skip()
    yield describe_end(outcomes), {"min_precision": options.min_precision, "turn": len(outcomes)}


def confidence_view(app: App, min_precision: float) -> dict:
    """Show what keeping with this precision would mean: histogram, threshold, kept, waiting; nothing changes."""
    return asdict(view_confidence(app, min_precision))


def apply_precision(app: App, visitor: Visitor, min_precision: float) -> dict:
    """Keep the undecided readings that reach this precision and let the others wait for review."""
    require_editor(visitor)
    return asdict(keep_by_precision(app, min_precision, visitor.name))


def show_files(app: App) -> dict[str, Any]:
    """The harvested files, for a page that has just opened."""
    return {"rows": list_rows(app), "progress": None}


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
