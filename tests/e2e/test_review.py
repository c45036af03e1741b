"""Review, in a real browser: many quick keys, undo, hostile text, and an app that is killed meanwhile."""

from playwright.sync_api import Page, expect

from storage.records import EventRecord
from tests.support.app_server import AppServer
from tests.support.browser import open_tab
from tests.support.review_items import add_look_alikes, add_waiting, list_decisions
from textrec_app.services.auditing import audit_view
from textrec_app.services.context import App
from textrec_app.services.reviewing import get_item, review_counts

N_KEYS = 50
KEY_EVERY_MS = 50
WAIT_S = 60
HOSTILE = '<img src=x onerror="window.hostile=1">${window.hostile=2}'


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)
        page.wait_for_timeout(KEY_EVERY_MS)


def open_review(page: Page, server: AppServer) -> None:
    """The queue, newest first: the items that a test has just added come before all others."""
    open_tab(page, server.url, "review")
    expect(page.locator('.tr-review[data-state="full"]')).to_be_visible()
    page.select_option('[data-part="order"]', "newest")
    page.evaluate("document.activeElement.blur()")
    expect(page.locator('.tr-review[data-state="full"]')).to_be_visible()


def wait_for_events(page: Page, app: App, item_ids: list[int], amount: int) -> list[EventRecord]:
    """The decisions on these items, once as many as expected have arrived and no more are on their way."""
    for _ in range(WAIT_S):
        if len(list_decisions(app, item_ids)) >= amount:
            break
        page.wait_for_timeout(1000)
    expect(page.locator('.tr-sync[data-state="saved"]')).to_have_count(1, timeout=30_000)
    events = list_decisions(app, item_ids)
    assert len(events) == amount, [(event.item_id, event.action) for event in events]
    return events


def test_fifty_quick_keys_are_fifty_decisions_and_undo_restores(page: Page, server: AppServer, served_app: App) -> None:
    item_ids = add_waiting(served_app, [f"text{index}" for index in range(N_KEYS + 10)], first_seed=1000)
    accepted = review_counts(served_app)["accepted"]
    open_review(page, server)
    press(page, "a", N_KEYS)
    events = wait_for_events(page, served_app, item_ids, N_KEYS)
    assert len({event.item_id for event in events}) == N_KEYS
    assert {event.action for event in events} == {"accept"}
    expect(page.locator('[data-count="accepted"] b')).to_have_text(str(accepted + N_KEYS))

    shown = int(page.locator('[data-part="root"]').get_attribute("data-item") or 0)
    text = page.locator('[data-part="text"]').input_value()
    page.keyboard.press("e")
    page.keyboard.type("corrected")
    page.keyboard.press("Enter")
    page.keyboard.press("x")  # the field was left: this rejects the next item and types nothing
    events = wait_for_events(page, served_app, item_ids, N_KEYS + 2)
    assert [(event.action, event.to_text) for event in events[N_KEYS:]] == [("correct", "corrected"), ("reject", None)]

    page.keyboard.press("z")
    page.keyboard.press("Control+z")
    wait_for_events(page, served_app, item_ids, N_KEYS + 4)
    expect(page.locator('[data-part="root"]')).to_have_attribute("data-item", str(shown))
    expect(page.locator('[data-part="text"]')).to_have_value(text)
    restored = get_item(served_app, shown)
    assert (restored.text, restored.status) == (text, "waiting")


def test_recognised_markup_is_shown_as_text_and_an_input_method_is_left_alone(
    page: Page, server: AppServer, served_app: App
) -> None:
    item_ids = add_waiting(served_app, [HOSTILE], first_seed=2000)
    open_review(page, server)
    expect(page.locator('[data-part="text"]')).to_have_value(HOSTILE)
    expect(page.locator('[data-part="model-text"]')).to_have_text(f"Model: {HOSTILE}")
    assert page.evaluate("window.hostile") is None

    page.keyboard.press("e")
    page.evaluate(
        """() => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true }))"""
    )
    page.keyboard.press("Escape")
    wait_for_events(page, served_app, item_ids, 0)
    page.keyboard.press("a")
    event = wait_for_events(page, served_app, item_ids, 1)[0]
    assert (event.action, event.to_text) == ("accept", HOSTILE)


def test_killing_the_app_loses_no_decision(page: Page, server: AppServer, served_app: App) -> None:
    item_ids = add_waiting(served_app, [f"text{index}" for index in range(30)], first_seed=3000)
    open_review(page, server)
    press(page, "a", 8)
    server.kill()
    press(page, "x", 5)
    expect(page.locator('.tr-sync[data-state="offline"]')).to_be_visible()
    server.start()
    events = wait_for_events(page, served_app, item_ids, 13)
    assert [event.action for event in events] == ["accept"] * 8 + ["reject"] * 5
    assert len({event.item_id for event in events}) == 13


def test_look_alikes_are_decided_by_one_key_and_come_back_by_one(
    page: Page, server: AppServer, served_app: App
) -> None:
    item_ids = add_look_alikes(served_app, "TOTAL", [0.3, 0.4, 0.5, 0.6], seed=4001)
    open_review(page, server)
    expect(page.locator('[data-part="twins-label"]')).to_have_text("Also 3 look-alikes")
    expect(page.locator('[data-part="twin-list"] img')).to_have_count(3)
    expect(page.locator('[data-part="why"]')).to_contain_text("3 more crops look like this one")
    page.keyboard.press("t")
    expect(page.locator('[data-part="accept-label"]')).to_have_text("Accept")
    page.keyboard.press("t")
    expect(page.locator('[data-part="accept-label"]')).to_have_text("Accept all 4")
    page.keyboard.press("a")
    wait_for_events(page, served_app, item_ids, 4)
    assert {get_item(served_app, item_id).status for item_id in item_ids} == {"accepted"}
    page.keyboard.press("z")
    wait_for_events(page, served_app, item_ids, 8)
    assert {get_item(served_app, item_id).status for item_id in item_ids} == {"waiting"}
    expect(page.locator('[data-part="accept-label"]')).to_have_text("Accept all 4")
    page.keyboard.press("x")
    events = wait_for_events(page, served_app, item_ids, 12)
    assert [event.action for event in events[8:]] == ["reject"] * 4


def test_a_random_check_of_what_was_kept_tells_its_interval(
    narrow_page: Page, server: AppServer, served_app: App
) -> None:
    item_ids = add_look_alikes(served_app, "KEPT", [0.95, 0.96, 0.97], seed=4002)
    open_tab(narrow_page, server.url, "review")
    narrow_page.locator('[data-action="draw"]').click()
    expect(narrow_page.locator('.tr-review[data-state="full"]')).to_be_visible()
    expect(narrow_page.locator('[data-part="view"]')).to_have_value("audit")
    expect(narrow_page.locator('[data-part="why"]')).to_contain_text("Drawn at random")
    for _ in range(audit_view(served_app).size):  # other tests may have left kept words, which are drawn as well
        if narrow_page.locator('.tr-review[data-state="full"]').is_visible():
            narrow_page.locator('#review [data-action="accept"]').click()
        narrow_page.wait_for_timeout(700)
    wait_for_events(narrow_page, served_app, item_ids, 3)
    view = audit_view(served_app)
    assert view.decided == view.right == view.size >= 3
    expected = f"right, from {view.size} of {view.size}"
    expect(narrow_page.locator('[data-part="audit-number"]')).to_contain_text(expected, timeout=20_000)
    assert narrow_page.evaluate("document.documentElement.scrollWidth") <= 390
