"""Read, in a real browser against the real app with the shipped weights."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab
from tests.support.hostile_text import HOSTILE, poison_answers
from textrec_app.ui.read_tab import EXAMPLES_DIR

TABS = ("read", "harvest", "review", "train", "models")


def upload(page: Page, path: Path) -> None:
    page.set_input_files("#read-picture input[type=file]", str(path))


def test_an_uploaded_photo_is_outlined_word_by_word(page: Page, server: AppServer, scene: Path) -> None:
    open_tab(page, server.url, "read")
    upload(page, scene)
    expect(page.locator('.tr-reading[data-state="full"]')).to_be_visible(timeout=60_000)
    rows, outlines = page.locator(".tr-word"), page.locator(".tr-outlines polygon")
    assert outlines.count() == rows.count() >= 3
    read = set(page.locator(".tr-word-text").all_inner_texts())
    assert read & {"MARKET", "Hotel", "OPEN", "Bakery"}, read
    expect(page.locator(".tr-timings")).to_contain_text("in all")

    outlines.nth(1).click()  # outline -> row
    expect(rows.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.tr-detail[data-index="1"]')).to_be_visible()
    expect(page.locator(".tr-detail-text")).to_have_text(rows.nth(1).locator(".tr-word-text").inner_text())
    assert page.locator(".tr-character").count() == len(page.locator(".tr-detail-text").inner_text())
    expect(page.locator(".tr-figure img").first).to_be_visible()

    rows.nth(0).focus()  # row -> outline, from the keyboard
    page.keyboard.press("Enter")
    expect(outlines.nth(0)).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.tr-detail[data-index="0"]')).to_be_visible()


def test_the_threshold_recolours_without_reading_again(page: Page, server: AppServer, scene: Path) -> None:
    open_tab(page, server.url, "read")
    upload(page, scene)
    expect(page.locator('.tr-reading[data-state="full"]')).to_be_visible(timeout=60_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    slider = page.locator(".tr-threshold input")
    slider.fill("5")
    expect(page.locator(".tr-legend")).to_contain_text(f"{page.locator('.tr-word').count()} sure")
    assert not [url for url in asked if "queue/join" in url]


def test_the_score_slider_hides_words_without_a_network(page: Page, server: AppServer, scene: Path) -> None:
    open_tab(page, server.url, "read")
    upload(page, scene)
    rows, slider = page.locator(".tr-word"), page.get_by_role("slider", name="Detector's score")
    expect(page.locator('.tr-reading[data-state="full"]')).to_be_visible(timeout=60_000)
    count = rows.count()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    slider.fill("1")
    expect(rows).to_have_count(0)
    expect(page.locator(".tr-text")).to_contain_text("Lower the score")
    page.get_by_role("button", name="Back to").click()
    expect(rows).to_have_count(count)
    assert page.locator(".tr-text [data-word]").count() == count
    assert not [url for url in asked if "queue/join" in url]  # everything that runs a network waits its turn there
    for name in ("Word heat", "Character heat"):
        page.get_by_role("button", name=name).click()
    heats = page.locator(".tr-layer image").evaluate_all(
        "images => images.map((image) => image.getAttribute('href').length)"
    )
    assert len(heats) == 2
    assert max(heats) < 150_000


def test_a_picture_without_text_is_shown_with_what_to_do(page: Page, server: AppServer) -> None:
    open_tab(page, server.url, "read")
    upload(page, EXAMPLES_DIR / "7-no-text.jpg")
    expect(page.locator(".tr-notice")).to_contain_text("No text found in this picture. Go closer", timeout=60_000)
    expect(page.locator(".tr-stage > svg")).to_be_visible()


def test_text_that_looks_like_code_stays_text(page: Page, server: AppServer, scene: Path) -> None:
    poison_answers(page, "text")
    open_tab(page, server.url, "read")
    upload(page, scene)
    expect(page.locator(".tr-word-text").first).to_have_text(HOSTILE, timeout=60_000)
    page.locator(".tr-word").first.click()
    expect(page.locator(".tr-detail-text")).to_have_text(HOSTILE)
    assert page.evaluate("window.hostile") is None
    assert page.locator(".tr-reading img, .tr-detail-text img").count() == 0


def test_a_file_that_is_no_picture_gives_a_sentence(page: Page, server: AppServer, tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    open_tab(page, server.url, "read")
    upload(page, empty)
    expect(page.locator('.tr-reading[data-state="failure"]')).to_be_visible()
    expect(page.locator(".tr-notice")).to_contain_text("empty.png is empty")


@pytest.mark.parametrize("tab", TABS)
def test_a_telephone_needs_no_sideways_scrolling(narrow_page: Page, server: AppServer, scene: Path, tab: str) -> None:
    open_tab(narrow_page, server.url, tab)
    if tab == "read":
        upload(narrow_page, scene)
        expect(narrow_page.locator('.tr-reading[data-state="full"]')).to_be_visible(timeout=60_000)
        narrow_page.locator(".tr-word").first.click()
        expect(narrow_page.locator('.tr-detail[data-state="full"]')).to_be_visible()
    narrow_page.wait_for_timeout(300)
    assert narrow_page.evaluate("document.documentElement.scrollWidth") <= 390
