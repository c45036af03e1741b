"""What lies over the picture, the score slider and the text, on a reading put together by hand: no network runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import READY, open_page
from tests.support.checkpoints import save_tiny_detector, save_tiny_recognizer
from tests.support.page_readings import (
    TEXT,
    TEXT_WITH_CANDIDATES,
    THRESHOLD,
    make_picture,
    make_picture_reading,
)
from textrec_app.pipeline.page_layout import filter_reading
from textrec_app.services.context import open_app
from textrec_app.settings import Settings
from textrec_app.ui.demo import launch_options
from textrec_app.ui.overlays import build_overlay
from textrec_app.ui.read_tab import create_overlay

CANDIDATES = make_picture_reading().reading
WORDS = ["GREEN", "GROCER", "14", "Station", "OPEN"]


@pytest.fixture(scope="module")
def overlay_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page that has nothing but the Read tab's picture, with that reading on it."""
    weights = tmp_path_factory.mktemp("weights")
    save_tiny_recognizer(weights)
    save_tiny_detector(weights)
    app = open_app(Settings(data_dir=tmp_path_factory.mktemp("layers") / "data", device="cpu"), weights)
    picture = make_picture_reading()
    with gr.Blocks() as demo:
        gr.Markdown("# Picture")
        with gr.Tabs(elem_id="textrec-tabs"), gr.Tab("Read"):
            overlay = create_overlay(app, gr.State({"path": "", "reading": picture.reading, "token": "t"}))
        demo.load(lambda: build_overlay(make_picture(), picture, "t"), None, overlay, queue=False)
    options = {**launch_options(app), "server_name": "127.0.0.1", "server_port": None}
    demo.launch(prevent_thread_lock=True, quiet=True, **options)
    yield str(demo.local_url)
    demo.close()
    app.close()


@pytest.fixture
def overlay(browser: Browser, overlay_url: str) -> Iterator[Page]:
    with open_page(browser) as page:
        yield open_overlay(page, overlay_url)


def open_overlay(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_selector(READY)
    expect(page.locator('.tr-reading[data-state="full"]')).to_be_visible()
    return page


def switch(page: Page, name: str) -> Locator:
    """Press a layer's button; its group of the drawing."""
    page.locator(f'[data-layer-name="{name}"]').click()
    return page.locator(f'.tr-layer[data-layer="{name}"]')


def words(page: Page) -> list[str]:
    return page.locator(".tr-word-text").all_inner_texts()


def text_on_page(page: Page) -> str:
    blocks = page.locator(".tr-text-block").all()
    return "\n\n".join("\n".join(block.locator(".tr-text-line").all_inner_texts()) for block in blocks)


def save_json(page: Page) -> dict[str, Any]:
    with page.expect_download() as coming:
        page.get_by_role("button", name="JSON").click()
    return json.loads(Path(coming.value.path()).read_text(encoding="utf-8"))


def set_score(page: Page, score: float) -> None:
    page.get_by_role("slider", name="Detector's score").fill(str(score))


def test_layers_are_switched_on_and_off(overlay: Page) -> None:
    boxes = switch(overlay, "characters").locator("polygon")
    assert boxes.count() == 1 + len("GROCER") + len("14") + len("Station")  # one that the detector found
    heat = switch(overlay, "word-heat").locator("image")
    assert (heat.get_attribute("width"), heat.get_attribute("height")) == ("800", "600")
    assert heat.get_attribute("preserveAspectRatio") == "none"
    switch(overlay, "word-heat")
    expect(heat).to_have_count(0)
    lines, blocks = switch(overlay, "lines"), switch(overlay, "blocks")
    assert (lines.locator("polygon").count(), blocks.locator("polygon").count()) == (2 * 3, 2 * 2)
    numbers = {
        kind: overlay.locator(f'.tr-number-mark[data-kind="{kind}"]').all_text_contents() for kind in ("line", "block")
    }
    assert numbers == {"line": ["1", "2", "3"], "block": ["1", "2"]}
    button = overlay.get_by_role("button", name="Words", exact=True)
    button.focus()
    overlay.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "false")
    assert overlay.locator(".tr-outlines polygon").first.evaluate("node => getComputedStyle(node).stroke") == "none"


def test_arrows_run_as_the_words_are_read(overlay: Page) -> None:
    arrows = switch(overlay, "directions").locator("polyline[data-word]")
    assert arrows.count() == len(WORDS)
    steps = {}
    for arrow in arrows.all():
        (x, y), (to_x, to_y) = (map(float, pair.split(",")) for pair in str(arrow.get_attribute("points")).split()[:2])
        steps[WORDS[int(str(arrow.get_attribute("data-word")))]] = (to_x - x, to_y - y)
    assert all(abs(down) < 0.2 for _, down in steps.values())
    assert steps.pop("OPEN")[0] < -10  # it stands on its head
    assert all(right > 10 for right, _ in steps.values())


def test_the_score_slider_shows_and_hides_words_at_once(overlay: Page) -> None:
    assert words(overlay) == WORDS
    assert save_json(overlay) == json.loads(json.dumps(filter_reading(CANDIDATES, THRESHOLD).to_dict()))
    asked: list[str] = []
    overlay.on("request", lambda request: asked.append(request.url))
    set_score(overlay, 0.82)
    assert words(overlay) == ["GREEN", "GROCER", "Station"]
    assert overlay.locator(".tr-outlines polygon").count() == 3
    assert text_on_page(overlay) == "GREEN GROCER\nStation"
    expect(overlay.locator('[data-part="count"]')).to_have_text("3 words")
    expect(overlay.locator(".tr-legend")).to_contain_text("3 sure")
    walk_over_hidden_words(overlay)
    saved = save_json(overlay)
    assert [region["text"] for region in saved["regions"]] == ["GREEN", "GROCER", "Station"]
    assert (saved["lines"], saved["blocks"]) == ([[0, 1], [2]], [[0, 1, 2]])
    set_score(overlay, 0.1)
    assert words(overlay) == ["GREEN", "GROCER", "14", "Station", "Road", "OPEN"]
    assert text_on_page(overlay) == TEXT_WITH_CANDIDATES
    set_score(overlay, 1)
    expect(overlay.locator(".tr-text")).to_contain_text("No word has a score of 1.00 or more")
    expect(overlay.get_by_role("button", name="Copy text")).to_be_disabled()
    overlay.get_by_role("button", name="Back to 0.50").click()
    assert words(overlay) == WORDS
    overlay.wait_for_timeout(400)
    assert (
        len([url for url in asked if "/run/predict" in url or "/queue/join" in url]) <= 2
    )  # lines of 3 words, of none


def walk_over_hidden_words(page: Page) -> None:
    """With the arrow keys, while the lines of the words that are left may arrive."""
    rows, outlines = page.locator(".tr-word"), page.locator(".tr-outlines polygon")
    rows.nth(1).focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(400)
    expect(rows.nth(2)).to_be_focused()
    assert page.locator('.tr-outlines polygon[tabindex="0"]').count() == 1
    expect(outlines.nth(2)).to_have_attribute("aria-label", "Word 3: Station, 99.0 % sure")


def test_the_text_is_copied_in_reading_order(overlay: Page) -> None:
    overlay.context.grant_permissions(["clipboard-read", "clipboard-write"])
    overlay.get_by_role("button", name="Copy text").click()
    expect(overlay.get_by_role("button", name="Copied")).to_be_visible()
    expect(overlay.locator(".tr-toasts")).to_contain_text("Text copied.")
    assert overlay.evaluate("navigator.clipboard.readText()") == TEXT
    overlay.locator(".tr-text-body").evaluate("node => getSelection().selectAllChildren(node)")
    assert overlay.evaluate("getSelection().toString()").split("\n\n")[0] == TEXT.split("\n\n")[0]


def test_a_line_marks_its_words_and_a_word_its_line(overlay: Page) -> None:
    lines, outlines = overlay.locator(".tr-text-line"), overlay.locator(".tr-outlines polygon")
    lines.nth(1).hover()
    marked = outlines.evaluate_all("nodes => nodes.map((node) => node.classList.contains('is-hinted'))")
    assert marked == [word in {"14", "Station"} for word in WORDS]
    outlines.nth(0).hover()
    expect(lines.nth(0)).to_have_class("tr-text-line is-hinted")
    expect(lines.nth(1)).not_to_have_class("tr-text-line is-hinted")
    lines.nth(0).focus()  # and from the keyboard
    overlay.keyboard.press("ArrowDown")
    expect(lines.nth(1)).to_be_focused()
    assert outlines.nth(3).evaluate("node => node.classList.contains('is-hinted')")
    overlay.keyboard.press("Enter")
    expect(outlines.nth(2)).to_have_attribute("aria-pressed", "true")


def test_a_telephone_has_all_layers_without_sideways_scrolling(browser: Browser, overlay_url: str) -> None:
    with open_page(browser, width_px=390) as page:
        open_overlay(page, overlay_url)
        for chip in page.locator(".tr-chip").all():
            if chip.get_attribute("aria-pressed") == "false":
                chip.click()
        assert page.locator(".tr-chip").count() == 7
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        low = page.locator(".tr-chip").evaluate_all("nodes => Math.min(...nodes.map((node) => node.clientHeight))")
        assert low >= 42
