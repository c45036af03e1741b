"""Endpoints for programs that send files: `read` and `harvest`. They have no part of the page."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.services.harvesting import HarvestOptions, summarise
from textrec_app.services.harvesting import harvest as harvest_files
from textrec_app.services.reading import check_word_list, read_options
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.arguments import take_number
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE, take_files_untouched
from textrec_app.ui.read_tab import read_file

MAX_ALTERNATIVES = 5


def create_api(app: App) -> None:
    """Open the endpoints, each on a hidden button."""
    with gr.Group(visible=False):
        picture, is_word = take_files_untouched(gr.Image(label="image", type="filepath")), gr.Checkbox(label="is_word")
        lexicon = gr.Textbox(label="lexicon")
        alternatives = gr.Number(value=0, minimum=0, maximum=MAX_ALTERNATIVES, precision=0, label="alternatives")
        files, are_crops = gr.File(file_count="multiple", label="files"), gr.Checkbox(label="are_crops")
        precision = gr.Number(value=0.99, label="min_precision")
        answer = gr.JSON(label="answer")
        one_at_a_time: dict[str, Any] = {"concurrency_id": INFERENCE, "concurrency_limit": 1}
        gr.Button("read").click(
            bind(app, read, as_html=False), [picture, is_word], [answer], api_name="read", **one_at_a_time
        )
        gr.Button("read with options").click(
            bind(app, read_with_options, as_html=False),
            [picture, is_word, lexicon, alternatives],
            [answer],
            api_name="read_with_options",
            **one_at_a_time,
        )
        gr.Button("harvest").click(
            bind(app, harvest, as_html=False),
            [files, are_crops, precision],
            [answer],
            api_name="harvest",
            **one_at_a_time,
        )


def read(app: App, path: str | None, is_word: bool = False) -> dict[str, Any]:
    """Read one picture; the answer is what `read --json` prints.

    Raises:
        InputError: no picture, or none that can be read.
    """
    return read_with_options(app, path, is_word, "", 0)


def read_with_options(
    app: App, path: str | None, is_word: bool, lexicon: str | None, alternatives: float | None
) -> dict[str, Any]:
    """Like `read --lexicon --alternatives --json`.

    Args:
        lexicon: words to prefer, a line each; a text far likelier than every one of them is read freely.
        alternatives: other readings of each word and character, at most MAX_ALTERNATIVES.

    Raises:
        InputError: no picture, none that can be read, or a word list of which nothing can be read.
    """
    if path is None:
        raise InputError("No picture came. Send a file as `image`.")
    count = int(min(max(alternatives or 0, 0), MAX_ALTERNATIVES))
    options = read_options(lexicon, count)
    check_word_list(app, options)
    return read_file(app, Path(path), bool(is_word), options)[1].to_dict()


def harvest(
    app: App, visitor: Visitor, files: list[str] | None, are_crops: bool, min_precision: float
) -> dict[str, Any]:
    """Harvest files and zips; the answer has one outcome for each file, and the sum."""
    require_editor(visitor)
    if not files:
        raise InputError("No files came. Send pictures or zips as `files`.")
    options = HarvestOptions(
        min_precision=take_number(min_precision, "min_precision"), crops=bool(are_crops), who=visitor.name
    )
    outcomes = list(harvest_files(app, [Path(path) for path in files], options))
    return {"files": [asdict(outcome) for outcome in outcomes], **asdict(summarise(outcomes))}
