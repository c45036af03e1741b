"""A person's path, in a real browser: drop crops, press Retrain once, look at the verdict – and no label typed.

The recipe, the shipped weights and the gate are the real ones. The kind of pictures is one packing line: two printers
with twenty texts on packages, drawn by the test; it is measured on other pictures of that line.
"""

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from docs.benchmarks.drawn_kind import DrawnKind, draw_kind
from storage import items
from storage.records import ItemRecord
from tests.support.app_server import AppServer
from tests.support.browser import open_tab
from textrec_app.evaluation.protocols import normalise
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.checkpoints import get_active, get_checkpoint
from textrec_app.services.context import App, open_app
from textrec_app.services.retraining import list_jobs
from textrec_app.settings import Settings

LINE = {"seed": 12, "printers": 2, "texts": 20}
N_DROPPED = 60
N_MEASURED = 60
MAY_LOSE = 3
MINUTES = "2 min"
HARVEST_MS, LEARN_MS = 240_000, 600_000
ANCHOR_MAY_LOSE = 0.01
REREAD_S = 240.0

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


def wait_until_read_by(app: App, name: str) -> list[ItemRecord]:
    """All items, once the model in use has read every one of them: after a promotion that goes on for a while."""
    ends = time.monotonic() + REREAD_S
    while True:
        found = items.list_items(app.store)
        if {item.checkpoint.name for item in found if item.checkpoint} == {name}:
            return found
        assert time.monotonic() < ends, "not all crops were read again"
        time.sleep(0.5)


def read_verdict(page: Page) -> str:
    """The verdict on the page: promoted or rejected."""
    verdict = page.locator('.tr-train [data-part="verdict"]').get_attribute("data-verdict")
    return verdict or ""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_unlabeled_crops_and_one_press_never_make_a_worse_reader(
    page: Page, own_server: AppServer, own_app: App, tmp_path: Path
) -> None:
    """How far two minutes get depends on the machine; what may come of them does not."""
    measured = list(draw_kind(DrawnKind(**LINE, offset=1), N_MEASURED))
    shipped = get_active(own_app)

    harvest_crops(page, own_server, pack(list(draw_kind(DrawnKind(**LINE), N_DROPPED)), tmp_path / "photos.zip"))
    page.screenshot(path=tmp_path / "harvested.png", full_page=True)
    press_retrain_once(page)
    page.screenshot(path=tmp_path / "learned.png", full_page=True)

    job = list_jobs(own_app, limit=2)
    candidate = get_checkpoint(own_app, str(job[0].checkpoint))
    before, after = (count_right(get_checkpoint(own_app, it.name).path, measured) for it in (shipped, candidate))
    in_use = get_active(own_app).name
    harvested = wait_until_read_by(own_app, in_use)
    assert len(job) == 1
    assert read_verdict(page) == job[0].verdict
    assert job[0].reasons
    assert len(harvested) == N_DROPPED
    assert {item.status for item in harvested} <= {"kept", "waiting"}  # nobody decided on any
    if job[0].verdict == "rejected":
        assert in_use == shipped.name
    else:
        expect(page.locator(".tr-changes")).to_be_visible()
        assert in_use == candidate.name
        assert job[0].after["anchor"] >= job[0].before["anchor"] - ANCHOR_MAY_LOSE
        assert after >= before - MAY_LOSE, (before, after)
