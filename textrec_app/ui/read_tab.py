"""Read: a picture in, its words outlined, each word explained."""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from textrec_app.domain import Reading, RegionReading
from textrec_app.errors import InputError, TextRecError
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.recognition import NOTHING_MORE, ReadOptions
from textrec_app.services.context import App
from textrec_app.services.reading import (
    RegionExplanation,
    check_word_list,
    explain_region,
    read_options,
    read_picture,
    read_word,
)
from textrec_app.services.word_pictures import pack_word
from textrec_app.ui.assets import load_asset
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE, take_files_untouched
from textrec_app.ui.overlays import build_detail, build_failure, build_overlay
from textrec_app.ui.pictures import to_zip_url

EXAMPLES_DIR = Path(__file__).with_name("examples")
EXAMPLE_SUFFIXES = (".jpg", ".jpeg", ".png")


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
            overlay = gr.HTML(
                value=None,
                html_template=load_asset("read.html"),
                js_on_load=load_asset("read.js") + load_asset("read_list.js"),
                apply_default_css=False,
                elem_id="read-overlay",
            )
            detail = gr.HTML(
                value=None,
                html_template=load_asset("detail.html"),
                js_on_load=load_asset("detail.js") + load_asset("detail_glyphs.js"),
                apply_default_css=False,
                elem_id="read-detail",
            )
            package = gr.HTML(
                value=None,
                html_template=load_asset("package.html"),
                js_on_load=load_asset("package.js"),
                apply_default_css=False,
                elem_id="read-package",
            )
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
        image, reading = read_file(app, Path(path), is_word, options)
        hint = _find_hint(app, options)
    except TextRecError as error:
        return build_failure(str(error)), None, None
    return build_overlay(image, reading, is_word, hint), None, {"path": path, "reading": reading}


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
