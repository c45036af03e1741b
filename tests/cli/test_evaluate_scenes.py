"""`evaluate detection` and `evaluate spotting` as a person would run them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.support.checkpoints import save_tiny_detector
from tests.support.pictures import draw_scene, to_png

PROMISED = ["precision", "recall", "hmean", "n_images", "ms_per_image"]
MORE = ["parameters", "duplicates_per_100", "false_per_picture", "n_text_free", "level"]


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """A picture whose only word is the whole picture, which is what the tiny detector finds, and one without words."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    box = {"quad": [[0, 0], [320, 0], [320, 240], [0, 240]], "text": "Hotel"}
    rows: list[dict[str, Any]] = [{"image": "a.png", "boxes": [box]}, {"image": "b.png", "boxes": []}]
    for row in rows:
        (folder / str(row["image"])).write_bytes(to_png(draw_scene(["Hotel"])))
    (folder / "boxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["detection", "spotting"])
def test_one_model_is_one_line_with_the_promised_keys(run: Run, scenes: Path, kind: str) -> None:
    outcome = run("evaluate", kind, "--data", scenes, "--json")
    assert outcome.code == 0
    (line,) = outcome.lines
    assert list(line) == PROMISED + MORE
    assert (line["n_images"], line["n_text_free"], line["false_per_picture"], line["level"]) == (2, 1, 1.0, "word")


@pytest.mark.parametrize(("kind", "option"), [("detection", "--model"), ("spotting", "--detector")])
def test_several_detectors_are_a_line_each_or_a_column(
    run: Run, scenes: Path, tmp_path: Path, kind: str, option: str
) -> None:
    blind = save_tiny_detector(tmp_path / "blind", "blind", finds=False)
    names = (option, "tiny-detector", option, blind)
    outcome = run("evaluate", kind, "--data", scenes, *names, "--json")
    assert [list(line) for line in outcome.lines] == [["model", *PROMISED, *MORE]] * 2
    assert [line["model"] for line in outcome.lines] == ["tiny-detector", str(blind)]
    assert [line["false_per_picture"] for line in outcome.lines] == [1.0, 0.0]
    table = run("evaluate", kind, "--data", scenes, *names).stdout
    assert table.split()[:3] == ["measure", "tiny-detector", "blind"]


def test_rotated_copies_are_measured(run: Run, scenes: Path) -> None:
    turns = ("--rotate", "-90", "--rotate", "every180", "--level", "line")
    (line,) = run("evaluate", "detection", "--data", scenes, *turns, "--json").lines
    assert list(line["rotated_hmean"]) == ["180", "270"]
    assert line["rotated_hmean"]["180"] == line["hmean"]
    assert line["greatest_loss"] == 0.0
    assert line["level"] == "line"
    table = run("evaluate", "detection", "--data", scenes, *turns).stdout
    assert "hmean turned by 270°" in table
    assert "greatest loss" in table


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--rotate", "round"], "no angle"),
        (["--level", "page"], "no level"),
        (["--model", "gone"], "no checkpoint"),
        (["--model", "tiny-recognizer"], "not a detector"),
    ],
)
def test_wrong_use_is_told(run: Run, scenes: Path, options: list[str], told: str) -> None:
    outcome = run("evaluate", "detection", "--data", scenes, *options)
    assert outcome.code == 2
    assert told in " ".join(outcome.stderr.split())
    assert outcome.stdout == ""
