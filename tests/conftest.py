"""Fixtures that every part's tests share: a data directory, tiny weights, an opened application, drawn words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkpoints import save_tiny_detector, save_tiny_recognizer
from tests.support.pictures import write_words
from tests.support.rows import place_empty_store
from textrec_app.services.context import App, open_app
from textrec_app.settings import Settings


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like `models/pretrained`, with tiny networks: recognizer, detector."""
    directory = tmp_path_factory.mktemp("tiny_weights")
    save_tiny_recognizer(directory)
    save_tiny_detector(directory)
    return directory


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty data directory."""
    return tmp_path / "data"


@pytest.fixture
def app_settings(data_dir: Path) -> Settings:
    """Settings for that data directory, on the CPU."""
    return Settings(data_dir=data_dir, device="cpu")


@pytest.fixture
def app(app_settings: Settings, tiny_weights: Path) -> Iterator[App]:
    """The application, opened with tiny networks."""
    place_empty_store(app_settings.data_dir)
    opened = open_app(app_settings, tiny_weights)
    yield opened
    opened.close()


@pytest.fixture
def drawn_words(tmp_path: Path) -> list[Path]:
    """PNG files of one drawn word each."""
    return write_words(tmp_path / "words")
