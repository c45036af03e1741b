"""Fixtures of the worker's tests: an application whose runs render nothing, and a supervisor that is always stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.retraining import write_empty_fonts
from textrec_app.services.context import App
from textrec_app.settings import Settings
from textrec_app.worker.supervisor import Supervisor


@pytest.fixture
def app_settings(data_dir: Path, tmp_path: Path) -> Settings:
    return Settings(data_dir=data_dir, device="cpu", cpu_threads=1, fonts_dir=write_empty_fonts(tmp_path / "fonts"))


@pytest.fixture
def supervisor(app: App) -> Iterator[Supervisor]:
    made = Supervisor(app)
    yield made
    made.stop()
