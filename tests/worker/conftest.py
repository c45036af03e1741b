"""Fixtures of the worker's tests: an application whose recognizer learns in seconds, and a supervisor."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkpoints import save_tiny_detector
from tests.support.retraining import save_constant_recognizer
from textrec_app.services.context import App
from textrec_app.settings import Settings
from textrec_app.worker.supervisor import Supervisor


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("constant_weights")
    save_constant_recognizer(directory)
    save_tiny_detector(directory)
    return directory


@pytest.fixture
def app_settings(data_dir: Path, tmp_path: Path) -> Settings:
    fonts_dir = tmp_path / "fonts"
    fonts_dir.mkdir()  # no font in it: runs render nothing, and so begin quickly
    return Settings(data_dir=data_dir, device="cpu", cpu_threads=1, fonts_dir=fonts_dir)


@pytest.fixture
def supervisor(app: App) -> Iterator[Supervisor]:
    made = Supervisor(app)
    yield made
    made.stop()
