"""Harvest, in a real browser: a zip with a damaged file in it, results for each file, the promise and its plots."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab
from tests.support.review_items import add_waiting
from textrec_app.services.context import App

HOSTILE_NAME = "<img src=x onerror=window.hostile=1>.png"


def test_a_zip_is_harvested_and_the_slider_counts_live(
    page: Page, server: AppServer, scene: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "street.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(scene, "one.png")
        packed.write(scene, "again.png")
        packed.writestr(HOSTILE_NAME, b"no picture")
    open_tab(page, server.url, "harvest")
    page.set_input_files("#harvest-files input[type=file]", str(archive))
    expect(page.locator("#harvest-files")).to_contain_text("street")
    page.click("#harvest-start")
    expect(page.locator(".tr-progress-line")).to_contain_text("1 read, 1 skipped, 1 failed", timeout=60_000)
    rows = page.locator(".tr-harvest tbody tr")
    assert rows.count() == 3
    expect(rows.filter(has_text="onerror").locator(".tr-badge")).to_have_text("failed")
    assert page.evaluate("window.hostile") is None

    split = page.locator(".tr-split")
    expect(split).to_have_attribute("data-waiting", re.compile(r"\d+"))
    total = sum(int(split.get_attribute(name) or 0) for name in ("data-kept", "data-waiting"))
    assert total >= 3
    page.locator(".tr-precision input").fill("50")
    expect(page.locator(".tr-precision output")).to_have_text("50 %")
    expect(split).not_to_have_attribute("data-kept", "")
    page.click('.tr-confidence [data-part="apply"]')
    expect(page.locator(".tr-toast").last).to_contain_text("kept")
    counted = [int(split.get_attribute(name) or 0) for name in ("data-kept", "data-waiting")]
    assert sum(counted) == total

    page.click('#textrec-tabs [role="tab"]:has-text("Review")')
    expect(page.locator('[data-count="kept"] b')).to_have_text(str(counted[0]))
    expect(page.locator('[data-count="waiting"] b')).to_have_text(str(counted[1]))


def test_the_promise_its_plots_and_the_examples_follow_the_slider(
    page: Page, server: AppServer, served_app: App
) -> None:
    add_waiting(served_app, [HOSTILE_NAME, *(f"text{index}" for index in range(12))], first_seed=4000)
    open_tab(page, server.url, "harvest")
    expect(page.locator('[data-part="promise"]')).not_to_be_empty()
    point = page.locator(".tr-curve-now")
    expect(point).to_be_visible()
    slider = page.locator(".tr-precision input")
    slider.fill("50")
    expect(page.locator(".tr-precision output")).to_have_text("50 %")
    expect(point).to_be_visible()
    slider.fill("99.9")
    plot = page.locator('[data-part="curve"] svg')
    expect(plot).to_have_attribute("aria-label", re.compile(r"99\.9 % are wished"))
    kept, waits = (int(page.locator(".tr-split").get_attribute(f"data-{name}") or 0) for name in ("kept", "waiting"))
    expect(point).to_have_attribute("data-coverage", f"{kept / (kept + waits):.3f}")

    readout = page.locator('[data-part="curve"] .tr-plot-readout')
    expect(readout).to_contain_text("Now")
    plot.hover()
    expect(readout).to_contain_text(re.compile(r"Keep \d.*expected right"))
    page.mouse.move(0, 0)
    plot.focus()
    page.keyboard.press("End")
    expect(readout).to_contain_text(re.compile(r"Keep \d"))
    bins = server.call("confidence_view", 0.999)[1]["data"][0]["reliability"]
    assert page.locator(".tr-reliability-dot").count() == len(bins)

    expect(page.locator('.tr-fate[data-fate="waiting"]').first).to_be_visible()
    assert page.evaluate("window.hostile") is None
    page.click('[data-part="teach"]')
    expect(page.locator("#train-start")).to_be_visible()


def test_on_a_telephone_nothing_is_wider_than_the_page(narrow_page: Page, server: AppServer, served_app: App) -> None:
    add_waiting(served_app, ["narrow"], first_seed=5000)
    open_tab(narrow_page, server.url, "harvest")
    expect(narrow_page.locator(".tr-fate").first).to_be_visible()
    assert narrow_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
