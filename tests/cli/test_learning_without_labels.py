"""`train` with crops nobody labeled, and the language model that it begins with."""

import json
from pathlib import Path

import pytest
from PIL import Image

from models.weights import load_card
from tests.cli.conftest import Run
from tests.support.pictures import draw_word


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    folder = tmp_path / "crops"
    folder.mkdir()
    for index, word in enumerate(("TEN", "NET", "EAT", "TEA")):
        Image.fromarray(draw_word(word, seed=index)).save(folder / f"{index}.png")
    return folder


def test_a_language_model_is_trained_and_a_recognizer_begins_with_it(
    run: Run, crops: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    words = tmp_path / "lists"
    words.mkdir()
    (words / "en.txt").write_text("".join(f"word{index} {index + 9}\n" for index in range(60)), encoding="utf-8")
    told = run("train", "language", "--recipe", "cloze_tiny", "--wordlists", words, "--out", tmp_path / "language")
    assert told.code == 0
    language = json.loads(told.stdout.splitlines()[-1])
    assert (language["state"], language["step"]) == ("finished", 4)
    options = ["--recipe", "semimtr_tiny", "--architecture", "abinet_s", "--rendered", "0", "--unlabeled", crops]
    options += ["--base", tiny_weights / "recognizer.safetensors", "--language", language["checkpoint"]]
    outcome = run("train", "recognizer", "--out", tmp_path / "run", *options)
    assert outcome.code == 0
    result = json.loads(outcome.stdout.splitlines()[-1])
    card = load_card(Path(result["checkpoint"]))
    assert (result["state"], result["step"]) == ("finished", 4)
    assert (card.architecture, card.parent) == ("abinet_s", "recognizer@0")
    assert card.recipe["semi"]["consistency"]["pairs"][0] == ["fast", "vision"]
    again = run("train", "recognizer", "--resume", tmp_path / "run", *options)
    assert json.loads(again.stdout.splitlines()[-1])["step"] == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--recipe", "semimtr_tiny"], "name folders: --unlabeled"),
        (["--recipe", "tiny", "--language", "some.safetensors"], "leave --language away"),
        (["--recipe", "nonsense"], "no recipe"),
    ],
)
def test_wrong_use_is_a_sentence(run: Run, tmp_path: Path, options: list[str], words: str) -> None:
    outcome = run("train", "recognizer", "--rendered", "0", "--out", tmp_path / "run", *options)
    assert (outcome.code, words in outcome.stderr) == (2, True)


def test_a_base_without_the_branch_is_not_trained_silently(
    run: Run, crops: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    base = tiny_weights / "recognizer.safetensors"
    options = ["--recipe", "semimtr_tiny", "--unlabeled", crops, "--base", base, "--rendered", "0"]
    outcome = run("train", "recognizer", "--out", tmp_path / "run", *options)
    assert outcome.code == 2
    assert "add --architecture abinet_s" in outcome.stderr


def test_there_is_no_other_language_recipe(run: Run, tmp_path: Path) -> None:
    outcome = run("train", "language", "--recipe", "tiny", "--wordlists", tmp_path, "--out", tmp_path / "run")
    assert outcome.code == 2
    assert "base, cloze" in outcome.stderr
