"""Harvest, in a real browser: a zip with a damaged file in it, results for each file, the live slider."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab

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
