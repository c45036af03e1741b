"""One running app for all browser tests, a browser for each file, a fresh page for each test."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.support.app_server import AppServer
from tests.support.browser import open_browser, open_page
from tests.support.pictures import draw_word, to_png
from textrec_app.services.context import App, open_app
from textrec_app.settings import Settings

SCENE_WORDS = ("MARKET", "Hotel", "OPEN", "Bakery")
SCENE_PLACES = ((60, 60), (520, 90), (90, 300), (480, 420))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The real app with the shipped weights, on an empty data directory."""
    running = AppServer(tmp_path_factory.mktemp("e2e") / "data")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def served_app(server: AppServer) -> Iterator[App]:
    """The server's store, opened here too: to put items in, and to see what arrived."""
    opened = open_app(Settings(data_dir=server.data_dir, device="cpu"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser) as opened:
        yield opened


@pytest.fixture
def narrow_page(browser: Browser) -> Iterator[Page]:
    """A telephone, 390 px wide."""
    with open_page(browser, width_px=390) as opened:
        yield opened


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn street scene of four words, large and clear."""
    picture = np.full((600, 900, 3), (206, 212, 204), dtype=np.uint8)
    for index, (word, (left, top)) in enumerate(zip(SCENE_WORDS, SCENE_PLACES, strict=True)):
        drawn = draw_word(word, size_px=64, seed=index)
        picture[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    path = tmp_path_factory.mktemp("scene") / "drawn street.png"
    path.write_bytes(to_png(picture))
    return path
