"""Review, in a real browser: many quick keys, undo, hostile text, and an app that is killed meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab
from tests.support.review_items import add_waiting, list_decisions
from textrec_app.services.context import App, open_app
from textrec_app.services.reviewing import list_queue, review_counts
from textrec_app.settings import Settings

N_KEYS = 50
KEY_EVERY_MS = 50
HOSTILE = '<img src=x onerror="window.hostile=1">${window.hostile=2}'


@pytest.fixture
def reviewed_app(tmp_path: Path) -> Iterator[App]:
    """The store that the browser's server works on, opened here to look into it."""
    opened = open_app(Settings(data_dir=tmp_path / "review", device="cpu"))
    yield opened
    opened.close()


@pytest.fixture
def review_server(reviewed_app: App) -> Iterator[AppServer]:
    add_waiting(reviewed_app, [HOSTILE, *(f"text{index}" for index in range(N_KEYS + 20))])
    running = AppServer(reviewed_app.settings.data_dir)
    running.start()
    yield running
    running.stop()


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)
        page.wait_for_timeout(KEY_EVERY_MS)


def wait_until_saved(page: Page) -> None:
    expect(page.locator('.tr-sync[data-state="saved"]')).to_be_visible(timeout=60_000)


def open_review(page: Page, server: AppServer) -> None:
    open_tab(page, server.url, "review")
    expect(page.locator('.tr-review[data-state="full"]')).to_be_visible()


def test_fifty_quick_keys_are_fifty_decisions_and_undo_restores(
    page: Page, review_server: AppServer, reviewed_app: App
) -> None:
    open_review(page, review_server)
    press(page, "a", N_KEYS)
    wait_until_saved(page)
    events = list_decisions(reviewed_app)
    assert len(events) == N_KEYS
    assert len({event.item_id for event in events}) == N_KEYS
    assert {event.action for event in events} == {"accept"}
    expect(page.locator('[data-count="accepted"] b')).to_have_text(str(N_KEYS))

    shown = page.locator('[data-part="root"]').get_attribute("data-item")
    before = page.locator('[data-part="text"]').input_value()
    page.keyboard.press("e")
    page.keyboard.type(" corrected")
    page.keyboard.press("Enter")
    page.keyboard.press("x")  # the field was left: this rejects the next one and types nothing
    wait_until_saved(page)
    assert [event.action for event in list_decisions(reviewed_app)[N_KEYS:]] == ["correct", "reject"]
    page.keyboard.press("z")
    page.keyboard.press("Control+z")
    wait_until_saved(page)
    expect(page.locator('[data-part="root"]')).to_have_attribute("data-item", str(shown))
    expect(page.locator('[data-part="text"]')).to_have_value(before)
    item = next(item for item in list_queue(reviewed_app, "waiting", limit=100) if item.item_id == int(shown or 0))
    assert (item.text, item.status) == (before, "waiting")
    assert review_counts(reviewed_app)["accepted"] == N_KEYS


def test_recognised_markup_is_shown_as_text_and_an_input_method_is_left_alone(
    page: Page, review_server: AppServer, reviewed_app: App
) -> None:
    open_review(page, review_server)
    page.select_option('[data-part="order"]', "newest")
    press(page, "s", N_KEYS + 20)
    expect(page.locator('[data-part="text"]')).to_have_value(HOSTILE)
    expect(page.locator('[data-part="model-text"]')).to_have_text(f"Model: {HOSTILE}")
    assert page.evaluate("window.hostile") is None

    page.keyboard.press("e")
    page.evaluate(
        """() => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true }))"""
    )
    page.keyboard.press("Escape")
    wait_until_saved(page)
    assert len(list_decisions(reviewed_app)) == N_KEYS + 20


def test_killing_the_app_loses_no_decision(page: Page, review_server: AppServer, reviewed_app: App) -> None:
    open_review(page, review_server)
    press(page, "a", 8)
    review_server.kill()
    press(page, "x", 5)
    expect(page.locator('.tr-sync[data-state="offline"]')).to_be_visible()
    review_server.start()
    wait_for_decisions(page, reviewed_app, 13)
    events = list_decisions(reviewed_app)
    assert [event.action for event in events] == ["accept"] * 8 + ["reject"] * 5
    assert len({event.item_id for event in events}) == 13
    assert len({event.client_uuid for event in events}) == 13


def wait_for_decisions(page: Page, app: App, amount: int) -> None:
    for _ in range(300):
        if len(list_decisions(app)) >= amount:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"only {len(list_decisions(app))} of {amount} decisions arrived")
