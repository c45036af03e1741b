"""Wrong settings, devices and tasks are told in a sentence, exit code 2; a lock-out is told too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.weights import PRETRAINED_DIR
from tests.cli.conftest import Run
from textrec_app.errors import InputError
from textrec_app.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("variable", "value"), [("TEXTREC_PORT", "abc"), ("TEXTREC_ADMIN_USERS", "bob")])
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError, match=f"{variable} cannot be used"):
        load_settings()


def test_the_app_ends_with_a_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "TEXTREC_ADMIN_USERS": "bob", "TEXTREC_DATA_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 2
    assert "TEXTREC_ADMIN_USERS cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_device_is_wrong_use(run: Run) -> None:
    outcome = run("bench", "--device", "nosuch")
    assert outcome.code == 2
    assert "no device 'nosuch'" in outcome.stderr


@pytest.mark.parametrize(
    "arguments", [("rollback", "--task", "foo"), ("list", "--task", "foo"), ("pull", "--task", "foo")]
)
def test_an_unknown_task_is_wrong_use(run: Run, arguments: tuple[str, ...]) -> None:
    outcome = run("models", *arguments)
    assert outcome.code == 2
    assert "no task 'foo'" in outcome.stderr


@pytest.mark.parametrize("name", ["nosuch", "craft"])
def test_an_unknown_architecture_is_wrong_use(run: Run, tmp_path: Path, name: str) -> None:
    outcome = run("train", "recognizer", "--architecture", name, "--recipe", "tiny", "--out", tmp_path / "run")
    assert outcome.code == 2
    assert f"no recognizer '{name}'; choose one of abinet_s, conv_attention_ctc, parseq" in outcome.stderr
    assert "craft," not in outcome.stderr
    assert not (tmp_path / "run").exists()


def test_what_is_neither_recognizer_nor_detector_is_not_exported(run: Run) -> None:
    outcome = run("models", "export-onnx", PRETRAINED_DIR / "language.safetensors")
    assert outcome.code == 2
    assert "not a recognizer or a detector" in outcome.stderr


@pytest.mark.parametrize("place", ["/proc/words.onnx", "file/words.onnx", "words.onnx"])
def test_an_export_to_where_nothing_can_be_written_is_a_sentence(run: Run, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    (tmp_path / "words.onnx").mkdir()
    outcome = run("models", "export-onnx", "--out", tmp_path / place)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert any(told in outcome.stderr for told in ("is a file", "is a folder", "cannot be written"))


def test_a_missing_folder_of_word_lists_is_named(run: Run, tmp_path: Path) -> None:
    outcome = run("train", "language", "--wordlists", tmp_path / "gone", "--out", tmp_path / "run")
    assert outcome.code == 2
    assert f"no folder {tmp_path / 'gone'}" in outcome.stderr


def test_admins_where_nobody_can_log_in_are_told(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    assert not Settings().lock_out
    monkeypatch.setenv("TEXTREC_ADMIN_USERS", '["ana"]')
    findings = {line["name"]: line for line in run("doctor", "--offline", "--json").lines}
    assert findings["access"]["state"] == "note"
    assert "log in only on a Space" in findings["access"]["advice"]
    monkeypatch.setenv("SPACE_ID", "ana/textrec")
    monkeypatch.setenv("OAUTH_CLIENT_ID", "some")
    assert not load_settings().lock_out
