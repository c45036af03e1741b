"""Every command of the design exists, helps, is in the README, and fails in a sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from textrec_app.cli.console import repeat_list_options

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {
    "serve": (),
    "read": ("--json", "--overlay", "--crops"),
    "harvest": ("--min-precision", "--crops", "--json"),
    "review export": ("--out",),
    "review import": (),
    "review audit": ("--start", "--json"),
    "review curve": ("--json",),
    "export": ("--format", "--out", "--status"),
    "import": ("--format",),
    "retrain": ("--recipe", "--minutes", "--rounds", "--wait", "--json"),
    "jobs list": (),
    "jobs show": (),
    "jobs cancel": (),
    "jobs rounds": ("--json",),
    "models list": (),
    "models show": (),
    "models promote": ("--overrule",),
    "models rollback": (),
    "models add": ("--name", "--json"),
    "models judge": ("--json",),
    "models pull": ("--repo",),
    "models push": ("--repo",),
    "models export-onnx": ("--out", "--json"),
    "train": ("--recipe", "--data", "--minutes", "--resume", "--out", "--corrections", "--leave-out"),
    "audit": ("--data", "--out", "--weights"),
    "pack": ("--out", "--data", "--resume", "--limit-mb"),
    "evaluate recognition": ("--data", "--model", "--protocol", "--json", "--predictions"),
    "evaluate glyphs": ("--model", "-n", "--seed", "--json", "--fonts"),
    "evaluate detection": ("--data", "--model", "--protocol", "--level", "--rotate", "--json", "--predictions"),
    "evaluate spotting": ("--data", "--model", "--detector", "--protocol", "--level", "--rotate", "--json"),
    "synth words": ("--out", "-n", "--seed"),
    "synth scenes": ("--out", "-n", "--seed"),
    "bench": ("--device", "--json"),
    "doctor": ("--json",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_command_exists_with_its_flags_and_helps(run: Run, command: str) -> None:
    outcome = run(*command.split(), "--help")
    assert outcome.code == 0
    assert [flag for flag in COMMANDS[command] if flag not in outcome.stdout] == []
    assert len(outcome.stdout.split("Options")[0].split()) > 6, "the help does not say what the command does"


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_in_the_readme(command: str) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"`[^`\n]*\b{command}\b", text)


def test_no_command_is_hidden_from_this_list(run: Run) -> None:
    groups = {command.split()[0] for command in COMMANDS}
    listed = set(re.findall(r"^│ (\w+) ", run("--help").stdout.split("Commands")[1], re.MULTILINE))
    assert listed == groups


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["frobnicate"], 2, "frobnicate"),
        (["read"], 2, "IMAGE"),
        (["export", "--format", "yaml", "--out", "x"], 2, "no format 'yaml'"),
        (["export", "--format", "csv", "--out", "x", "--status", "best"], 2, "no status 'best'"),
        (["evaluate", "recognition", "--data", "gone"], 2, "not a folder"),
        (["evaluate", "detection", "--data", "gone"], 2, "boxes.jsonl"),
        (["import", "--format", "csv", "gone"], 2, "missing"),
        (["models", "show", "gone"], 2, "no checkpoint named gone"),
        (["models", "add", "gone.safetensors"], 2, "no file gone.safetensors"),
        (["models", "judge", "gone"], 2, "no checkpoint named gone"),
        (["jobs", "show", "99"], 2, "no job 99"),
        (["models", "rollback"], 3, "roll back"),
        (["retrain", "--recipe", "magic"], 2, "magic"),
        (["retrain"], 2, "nothing to train on"),
        (["retrain", "--rounds", "99"], 2, "ounds is 99; give 1 to 20"),
        (["train", "painter"], 2, "no task 'painter'"),
        (["train", "recognizer", "--resume", "gone"], 2, "no folder of a run"),
        (["models", "push", "tiny-recognizer"], 2, "repository is named"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*arguments)
    assert outcome.code == code
    assert told in " ".join(outcome.stderr.split())
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""


def test_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTREC_PORT", "a door")
    outcome = run("jobs", "list")
    assert outcome.code == 2
    assert "TEXTREC_PORT" in outcome.stderr


def test_lists_may_follow_one_flag() -> None:
    assert repeat_list_options(["train", "recognizer", "--data", "a", "b", "--out", "c"]) == [
        *("train", "recognizer", "--data", "a", "--data", "b", "--out", "c")
    ]
    assert repeat_list_options(["--data=a", "b"]) == ["--data=a", "--data", "b"]
    assert repeat_list_options(["train", "--data", "a", "recognizer"]) == ["train", "--data", "a", "recognizer"]
    assert repeat_list_options(["read", "a", "b"]) == ["read", "a", "b"]


def test_a_fault_is_a_sentence_and_its_traceback_a_file(world: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where the data directory should be")
    environment = os.environ | {"TEXTREC_DATA_DIR": str(world), "TEXTREC_DATABASE_URL": "nonsense://"}
    done = subprocess.run(
        [sys.executable, "-m", "textrec_app", "jobs", "list"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
