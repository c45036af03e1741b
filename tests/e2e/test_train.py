"""Train, in a real browser: one job for two clicks, still there after a reload, cancelled within two seconds."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab, reload_page
from tests.support.retraining import add_labels
from textrec_app.services.context import App, open_app
from textrec_app.services.retraining import get_job, list_jobs
from textrec_app.settings import Settings

CANCEL_S = 2.0


@pytest.fixture
def trained_app(tmp_path: Path) -> Iterator[App]:
    opened = open_app(Settings(data_dir=tmp_path / "train", device="cpu"))
    yield opened
    opened.close()


@pytest.fixture
def train_server(trained_app: App) -> Iterator[AppServer]:
    add_labels(trained_app, 24)
    running = AppServer(trained_app.settings.data_dir)
    running.start()
    yield running
    running.stop()


def test_a_training_survives_a_reload_and_is_cancelled_quickly(
    page: Page, train_server: AppServer, trained_app: App
) -> None:
    open_tab(page, train_server.url, "train")
    expect(page.locator(".tr-train h2")).to_have_text("No training yet")
    page.locator("#train-start").dblclick()
    expect(page.locator('.tr-train[data-state="running"]')).to_be_visible(timeout=30_000)
    assert len(list_jobs(trained_app, limit=10)) == 1
    job_id = list_jobs(trained_app, limit=1)[0].job_id

    reload_page(page)
    expect(page.locator(f'.tr-train[data-state="running"][data-job="{job_id}"]')).to_be_visible()
    expect(page.locator(".tr-train progress")).to_be_visible()
    expect(page.locator("#train-start")).to_be_disabled()

    page.locator("#train-cancel").click()
    clicked = time.monotonic()
    while get_job(trained_app, job_id).state != "cancelled":
        assert time.monotonic() - clicked < CANCEL_S, get_job(trained_app, job_id)
        time.sleep(0.05)
    expect(page.locator('.tr-train[data-state="cancelled"]')).to_be_visible()
    expect(page.locator("#train-start")).to_be_enabled()


def test_with_nothing_to_learn_from_the_button_says_what_to_do(page: Page, server: AppServer) -> None:
    open_tab(page, server.url, "train")
    expect(page.locator(".tr-train")).to_contain_text("Harvest some pictures")
    page.locator("#train-start").click()
    expect(page.locator(".toast-wrap")).to_contain_text("review", ignore_case=True)
