"""A person's path, in a real browser: drop crops, press Retrain once, read better – and no label typed.

The recipe, the shipped weights and the gate are the real ones. The kind of pictures is one packing line: two printers
with six texts on packages, drawn by the test; it is measured on other pictures of that line.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from docs.benchmarks.drawn_kind import DrawnKind, draw_kind
from storage import items
from tests.support.app_server import AppServer
from tests.support.browser import open_tab
from textrec_app.evaluation.protocols import normalise
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.checkpoints import get_active, get_checkpoint
from textrec_app.services.context import App, open_app
from textrec_app.services.retraining import list_jobs
from textrec_app.settings import Settings

LINE = {"seed": 12, "printers": 2, "texts": 6}
N_DROPPED = 60
N_MEASURED = 60
LEAST_GAIN = 3
MINUTES = "2 min"
HARVEST_MS, LEARN_MS = 240_000, 600_000
ANCHOR_MAY_LOSE = 0.01

Crops = list[tuple[np.ndarray, str]]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[AppServer]:
    """An app that nobody has used yet."""
    running = AppServer(tmp_path / "data", TEXTREC_DEVICE="cpu")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def own_app(own_server: AppServer) -> Iterator[App]:
    """Its store, opened here too."""
    opened = open_app(Settings(data_dir=own_server.data_dir, device="cpu"))
    yield opened
    opened.close()


def pack(crops: Crops, path: Path) -> Path:
    """Write pictures into a zip; their texts are left behind."""
    with zipfile.ZipFile(path, "w") as packed:
        for number, (crop, _) in enumerate(crops):
            _, data = cv2.imencode(".png", crop[..., ::-1])
            packed.writestr(f"photo {number}.png", data.tobytes())
    return path


def count_right(weights: Path, crops: Crops) -> int:
    readings = Recognizer.load(weights, "cpu").read([crop for crop, _ in crops])
    same = [
        normalise(text, "alnum36") == normalise(it.text, "alnum36")
        for (_, text), it in zip(crops, readings, strict=True)
    ]
    return sum(same)


def harvest_crops(page: Page, server: AppServer, archive: Path) -> None:
    open_tab(page, server.url, "harvest")
    page.locator("#harvest-crops input").check()
    page.set_input_files("#harvest-files input[type=file]", str(archive))
    expect(page.locator("#harvest-files")).to_contain_text("photos")
    page.click("#harvest-start")
    expect(page.locator(".tr-progress-line")).to_contain_text(f"{N_DROPPED} read", timeout=HARVEST_MS)


def press_retrain_once(page: Page) -> None:
    page.locator('#textrec-tabs [role="tab"]:has-text("Train")').click()
    page.locator("#train-minutes").get_by_label(MINUTES).check()
    page.locator("#train-start").click()
    expect(page.locator('.tr-train[data-state="running"]')).to_be_visible(timeout=60_000)
    expect(page.locator('.tr-train[data-state="succeeded"]')).to_be_visible(timeout=LEARN_MS)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_unlabeled_crops_and_one_press_make_a_better_reader(
    page: Page, own_server: AppServer, own_app: App, tmp_path: Path
) -> None:
    measured = list(draw_kind(DrawnKind(**LINE, offset=1), N_MEASURED))
    shipped = get_active(own_app)

    harvest_crops(page, own_server, pack(list(draw_kind(DrawnKind(**LINE), N_DROPPED)), tmp_path / "photos.zip"))
    page.screenshot(path=tmp_path / "harvested.png", full_page=True)
    press_retrain_once(page)
    expect(page.locator('.tr-train [data-part="verdict"]')).to_have_attribute("data-verdict", "promoted")
    expect(page.locator(".tr-changes")).to_be_visible()
    page.screenshot(path=tmp_path / "learned.png", full_page=True)

    learned = get_active(own_app)
    job = list_jobs(own_app, limit=2)
    assert [(it.verdict, it.checkpoint) for it in job] == [("promoted", learned.name)]
    assert job[0].after["anchor"] >= job[0].before["anchor"] - ANCHOR_MAY_LOSE
    before, after = (count_right(get_checkpoint(own_app, it.name).path, measured) for it in (shipped, learned))
    assert after >= before + LEAST_GAIN, (before, after)

    harvested = items.list_items(own_app.store)
    assert len(harvested) == N_DROPPED
    assert {item.status for item in harvested} <= {"kept", "waiting"}  # nobody decided on any
    assert {item.checkpoint.name for item in harvested if item.checkpoint} == {learned.name}  # all were read again
