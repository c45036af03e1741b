"""A data directory with tiny networks in use, and the command line run on it as a person would."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support.checkpoints import save_tiny_detector
from tests.support.pictures import WORDS, draw_word, to_png
from tests.support.rows import place_empty_store
from textrec_app.cli.main import build_cli
from textrec_app.services.checkpoints import add_candidate, promote
from textrec_app.services.context import open_app
from textrec_app.settings import Settings


class Outcome:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON, one object a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


Run = Callable[..., Outcome]


@pytest.fixture
def word_set(tmp_path: Path) -> Path:
    """A labeled folder of drawn words."""
    folder = tmp_path / "set"
    folder.mkdir()
    for index, word in enumerate(WORDS * 3):
        (folder / f"{index}.png").write_bytes(to_png(draw_word(word, seed=index, size_px=18 + index)))
    rows = "".join(f"{index}.png\t{word}\n" for index, word in enumerate(WORDS * 3))
    (folder / "labels.tsv").write_text(rows, encoding="utf-8")
    return folder


@pytest.fixture
def world(data_dir: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory that TEXTREC_DATA_DIR names, with tiny networks promoted in it."""
    monkeypatch.setenv("TEXTREC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("TEXTREC_DEVICE", "cpu")
    place_empty_store(data_dir)
    use_weights(data_dir, tiny_weights / "recognizer.safetensors", "tiny-recognizer")
    use_weights(data_dir, tiny_weights / "detector.safetensors", "tiny-detector")
    return data_dir


@pytest.fixture
def blind_world(world: Path, tmp_path: Path) -> Path:
    """The same with a detector that finds nothing."""
    use_weights(world, save_tiny_detector(tmp_path / "blind", finds=False), "blind-detector")
    return world


@pytest.fixture
def run(world: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line on that data directory."""
    monkeypatch.setenv("COLUMNS", "200")

    def run_command(*arguments: object) -> Outcome:
        result = CliRunner().invoke(build_cli(), [str(argument) for argument in arguments], catch_exceptions=False)
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run_command


def use_weights(data_dir: Path, weights: Path, name: str) -> None:
    """Put weights in use under a name, as if they had been trained here."""
    settings = Settings(data_dir=data_dir, device="cpu")
    folder = settings.checkpoints_dir / name
    folder.mkdir(parents=True)
    for suffix in (".safetensors", ".json"):
        shutil.copy(weights.with_suffix(suffix), folder / f"{name}{suffix}")
    app = open_app(settings, folder / "nothing")  # nothing is shipped
    add_candidate(app, folder / f"{name}.safetensors", name, "trained", "ana")
    promote(app, name, "ana", overrule=True)
    app.close()
