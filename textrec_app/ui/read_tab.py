"""Read: a picture in, its words outlined, each word explained."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from textrec_app.domain import Reading, RegionReading
from textrec_app.errors import InputError, TextRecError
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.reader import PictureReading
from textrec_app.pipeline.recognition import NOTHING_MORE, ReadOptions
from textrec_app.services.context import App
from textrec_app.services.reading import (
    RegionExplanation,
    check_word_list,
    explain_region,
    filter_reading,
    read_options,
    read_picture,
    read_picture_with_maps,
    read_word,
)
from textrec_app.services.word_pictures import pack_word
from textrec_app.ui.arguments import take_number
from textrec_app.ui.assets import load_asset, load_scripts
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE, take_files_untouched
from textrec_app.ui.overlays import SCORE_FLOOR, build_detail, build_failure, build_overlay
from textrec_app.ui.pictures import to_zip_url
from textrec_app.ui.read_layout import describe_layout

EXAMPLES_DIR = Path(__file__).with_name("examples")
EXAMPLE_SUFFIXES = (".jpg", ".jpeg", ".png")
OVERLAY_SCRIPTS = (
    "read.js",
    "read_stage.js",
    "read_layers.js",
    "read_score.js",
    "read_text.js",
    "read_list.js",
    "read_saving.js",
)


def create_read_tab(app: App) -> None:
    """Lay out the tab and tie its events."""
    shown = gr.State(None)
    with gr.Row(elem_classes="tr-read"):
        with gr.Column(scale=1, min_width=260):
            picture = gr.Image(
                label="Picture",
                type="filepath",
                sources=["upload", "webcam", "clipboard"],
                height=230,
                elem_id="read-picture",
                placeholder="Drop a photo here",
                alt_text="The picture to read",
            )
            take_files_untouched(picture)
            is_word = gr.Checkbox(label="This picture is one word", elem_id="read-is-word")
            lexicon = _create_word_list()
            _create_examples(picture)
        with gr.Column(scale=3, min_width=320):
            overlay = create_overlay(app, shown)
            detail = _create_panel("detail.html", ("detail.js", "detail_glyphs.js"), "read-detail")
            package = _create_panel("package.html", ("package.js",), "read-package")
    gr.on(
        [picture.change, is_word.change, lexicon.blur],
        bind(app, show_reading),
        [picture, is_word, lexicon],
        [overlay, detail, shown],
        api_visibility="private",
        show_progress="minimal",
        show_progress_on=[overlay],
        trigger_mode="always_last",
        concurrency_id=INFERENCE,
        concurrency_limit=1,
    )
    on_word: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_id": INFERENCE,
        "concurrency_limit": 1,
    }
    overlay.select(bind(app, show_word), [shown], [detail], trigger_mode="always_last", **on_word)
    detail.download(bind(app, pack_shown_word), [shown], [package], **on_word)


def create_overlay(app: App, shown: gr.State) -> gr.HTML:
    """The picture with its words and layers; what a new score makes of lines and blocks, it asks for by itself.

    Args:
        shown: what `show_reading` keeps of the reading on the page.
    """
    overlay = _create_panel("read.html", OVERLAY_SCRIPTS, "read-overlay")
    overlay.apply(
        bind(app, show_grouping),
        [shown],
        [_create_panel("grouping.html", ("grouping.js",), "read-grouping")],
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        queue=False,
    )
    return overlay


def _create_panel(template: str, scripts: tuple[str, ...], name: str) -> gr.HTML:
    return gr.HTML(
        value=None,
        html_template=load_asset(template),
        js_on_load=load_scripts(scripts),
        apply_default_css=False,
        elem_id=name,
    )


def _create_word_list() -> gr.Textbox:
    """The field for words to prefer; folded away until somebody wants it."""
    with gr.Accordion("Prefer words of a list", open=False, elem_id="read-lexicon-panel"):
        return gr.Textbox(
            label="One word a line; a text far likelier than every one of them is read freely",
            lines=3,
            max_lines=8,
            elem_id="read-lexicon",
        )


def _create_examples(picture: gr.Image) -> None:
    if not EXAMPLES_DIR.is_dir():
        return
    paths = sorted(path for path in EXAMPLES_DIR.iterdir() if path.suffix.lower() in EXAMPLE_SUFFIXES)
    if paths:
        gr.Examples([[str(path)] for path in paths], [picture], label="Or try one of these", elem_id="read-examples")


def show_reading(app: App, path: str | None, is_word: bool, lexicon: str = "") -> tuple[Any, None, Any]:
    """Read a picture: the overlay's value, an empty detail panel, and what the panel needs later."""
    if path is None:
        return None, None, None
    try:
        options = read_options(lexicon)
        image, picture = _look_at_file(app, Path(path), is_word, options)
        hint = _find_hint(app, options)
    except TextRecError as error:
        return build_failure(str(error)), None, None
    token = uuid.uuid4().hex
    kept = {"path": path, "reading": picture.reading, "token": token}
    return build_overlay(image, picture, token, is_word, hint), None, kept


def _look_at_file(app: App, path: Path, is_word: bool, options: ReadOptions) -> tuple[np.ndarray, PictureReading]:
    """Like `read_file`, with what lies under the detector's threshold, and its maps."""
    if is_word:
        image, reading = read_file(app, path, is_word, options)
        return image, PictureReading(reading, {}, 0.0, ())
    image = load_image(path, max_pixels=app.settings.max_pixels)
    return image, read_picture_with_maps(app, image, path.name, replace(options, floor=SCORE_FLOOR))


def show_grouping(app: App, shown: dict[str, Any] | None, event: gr.EventData) -> dict[str, Any] | None:
    """The lines and blocks of the words from a score on; no network runs."""
    if shown is None:
        return None
    threshold = take_number(event.threshold, "threshold")
    layout = describe_layout(shown["reading"], filter_reading(shown["reading"], threshold))
    return {"token": shown["token"], "layout": layout}


def _find_hint(app: App, options: ReadOptions) -> str:
    """What to tell about a word list that was of no use; empty where there is nothing to tell."""
    try:
        check_word_list(app, options)
    except InputError as error:
        return f"{error} The picture was read freely."
    return ""


def read_file(app: App, path: Path, is_word: bool, options: ReadOptions = NOTHING_MORE) -> tuple[np.ndarray, Reading]:
    """Decode one uploaded file and read it, as a scene or as one word.

    Raises:
        InputError: the file is no picture that can be read.
    """
    image = load_image(path, max_pixels=app.settings.max_pixels)
    return image, (read_word if is_word else read_picture)(app, image, path.name, options)


def show_word(app: App, shown: dict[str, Any] | None, event: gr.EventData) -> dict[str, Any] | None:
    """Explain the word that was chosen in the overlay."""
    if shown is None:
        return None
    index = int(event.index)
    region, explanation = _explain(app, shown, index)
    return {"index": index, **build_detail(region, explanation)}


def pack_shown_word(app: App, shown: dict[str, Any] | None, event: gr.EventData) -> dict[str, Any] | None:
    """The pictures of the word in the detail panel, in one zip; they travel only when somebody asks for them."""
    if shown is None:
        return None
    index = int(event.index)
    return {"name": f"word-{index + 1:03d}.zip", "url": to_zip_url(pack_word(*_explain(app, shown, index)))}


def _explain(app: App, shown: dict[str, Any], index: int) -> tuple[RegionReading, RegionExplanation]:
    regions = shown["reading"].regions
    if not 0 <= index < len(regions):
        raise InputError("This word is no longer on the page. Choose another one.")
    image = load_image(Path(shown["path"]), max_pixels=app.settings.max_pixels)
    return regions[index], explain_region(app, image, regions[index])
