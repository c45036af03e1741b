"""Train, in a real browser: one job for two clicks, still there after a reload, cancelled within two seconds."""

import time

from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab, reload_page
from tests.support.retraining import add_labels
from textrec_app.services.context import App
from textrec_app.services.retraining import get_job, list_jobs

CANCEL_S = 2.0


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
