"""Train, in a real browser: one job for two clicks, still there after a reload, cancelled within two seconds.

And the verdict: rounds, readings side by side, overruling and rolling back.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab, reload_page
from tests.support.finished_rounds import Round, Word, add_series, write_readings
from tests.support.retraining import add_labels
from textrec_app.services.checkpoints import get_active
from textrec_app.services.context import App, open_app
from textrec_app.services.retraining import get_job, list_jobs
from textrec_app.settings import Settings

CANCEL_S = 2.0
HOSTILE = '<img src=x onerror="window.hostile=1">${window.hostile=2}'
WORDS = (Word("Cash", "Gash", "Cash"), Word("Bar", "Bar", HOSTILE), Word("", "17.42", "17:42"), Word("", HOSTILE, ""))


@pytest.fixture
def judged_app(tmp_path: Path) -> Iterator[App]:
    """A store of its own in which two rounds are over, the second one rejected."""
    opened = open_app(Settings(data_dir=tmp_path / "judged", device="cpu"))
    jobs = add_series(
        opened, [Round("promoted", 0.5, 0.7), Round("rejected", 0.7, 0.6)], "Round 2 was rejected: stopped."
    )
    write_readings(opened, jobs[-1], WORDS)
    yield opened
    opened.close()


@pytest.fixture
def judged_server(judged_app: App) -> Iterator[AppServer]:
    running = AppServer(judged_app.settings.data_dir)
    running.start()
    yield running
    running.stop()


def test_a_training_survives_a_reload_and_is_cancelled_quickly(page: Page, server: AppServer, served_app: App) -> None:
    add_labels(served_app, 24, "Hotel")
    open_tab(page, server.url, "train")
    expect(page.locator(".tr-train h2")).to_have_text("No training yet")
    page.locator("#train-start").dblclick()
    expect(page.locator('.tr-train[data-state="running"]')).to_be_visible(timeout=30_000)
    assert len(list_jobs(served_app, limit=10)) == 1
    job_id = list_jobs(served_app, limit=1)[0].job_id

    reload_page(page)
    expect(page.locator(f'.tr-train[data-state="running"][data-job="{job_id}"]')).to_be_visible()
    expect(page.locator(".tr-train progress")).to_be_visible()
    expect(page.locator("#train-start")).to_be_disabled()

    page.locator("#train-cancel").click()
    clicked = time.monotonic()
    while get_job(served_app, job_id).state != "cancelled":
        assert time.monotonic() - clicked < CANCEL_S, get_job(served_app, job_id)
        time.sleep(0.05)
    expect(page.locator('.tr-train[data-state="cancelled"]')).to_be_visible()
    expect(page.locator("#train-start")).to_be_enabled()


def test_a_verdict_shows_what_changed_and_can_be_overruled_and_rolled_back(
    page: Page, judged_server: AppServer, judged_app: App
) -> None:
    before = get_active(judged_app).name
    open_tab(page, judged_server.url, "train")
    expect(page.locator('.tr-verdict[data-verdict="rejected"]')).to_contain_text("the old model stays in use")
    fixed = page.locator('.tr-train [data-kind="fixed"] li')
    expect(fixed).to_have_count(1)
    expect(fixed.locator("del")).to_have_text("G")
    expect(fixed.locator("ins")).to_have_text("C")
    assert fixed.locator("img").evaluate("image => image.naturalWidth") > 0
    expect(page.locator('.tr-train [data-kind="broken"] li')).to_contain_text(HOSTILE)
    changed = page.locator('.tr-train [data-kind="changed"] li')
    expect(changed).to_have_count(2)
    expect(changed.filter(has_text="nothing read")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hostile") is None

    rounds = page.locator('[data-part="rounds"]')
    expect(rounds.locator(".tr-round")).to_have_count(2)
    expect(page.locator('[data-part="rounds-message"]')).to_have_text("Round 2 was rejected: stopped.")
    rounds.locator("svg").focus()
    page.keyboard.press("Home")
    expect(rounds.locator(".tr-plot-readout")).to_contain_text(
        "round 1, your reviewed words: 50.0 % before, 70.0 % after"
    )

    page.click('[data-part="act"]')
    expect(page.locator('[data-part="unsure"]')).to_be_focused()
    page.click('[data-part="sure"]')
    expect(page.locator('.tr-verdict[data-verdict="overruled"]')).to_be_visible()
    assert get_active(judged_app).name != before
    page.click('[data-part="act"]')
    page.click('[data-part="sure"]')
    expect(page.locator('[data-part="settle"]')).to_be_hidden()
    assert get_active(judged_app).name == before


def test_the_verdict_fits_a_telephone(narrow_page: Page, judged_server: AppServer) -> None:
    open_tab(narrow_page, judged_server.url, "train")
    expect(narrow_page.locator(".tr-changes")).to_be_visible()
    assert narrow_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
