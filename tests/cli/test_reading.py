"""`read` and `harvest`: JSON as promised, files that cannot be read do not stop the others."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Run
from tests.support.pictures import draw_scene, draw_word, to_png
from textrec_app.domain import LEAST_SHOWN


def test_read_prints_one_json_line_a_picture(run: Run, drawn_words: list[Path]) -> None:
    outcome = run("read", drawn_words[0], drawn_words[1], "--json", "--crops")
    assert outcome.code == 0
    assert [line["image"] for line in outcome.lines] == [str(path) for path in drawn_words[:2]]
    first = outcome.lines[0]
    assert list(first) == ["image", "size_hw", "regions", "timings_ms", "models", "lines", "blocks", "rows"]
    assert first["lines"] == first["blocks"] == first["rows"] == [[0]]
    assert set(first["timings_ms"]) == {"detect", "recognize", "total"}
    (region,) = first["regions"]
    assert set(region) == {"polygon", "text", "confidence", "score", "angle_deg", "script", "characters"}
    assert "".join(character["text"] for character in region["characters"]) == region["text"]
    assert set(region["characters"][0]) == {"text", "confidence", "polygon"}
    height, width = first["size_hw"]
    assert region["polygon"] == [[0, 0], [width, 0], [width, height], [0, height]]


def test_read_finds_words_in_a_scene(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "street.png"
    path.write_bytes(to_png(draw_scene(["Hotel", "Cafe"])))
    (line,) = run("read", path, "--json").lines
    assert line["size_hw"] == [240, 320]
    assert line["models"]["detector"] == "detector@1"
    assert len(line["regions"]) == 1


def test_unreadable_file_is_told_and_the_rest_go_on(run: Run, tmp_path: Path, drawn_words: list[Path]) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    outcome = run("read", bad, drawn_words[0], tmp_path / "gone.png", "--json", "--crops")
    assert outcome.code == 3
    assert list(outcome.lines[0]) == ["image", "error"]
    assert "bad.jpg is not a picture" in outcome.lines[0]["error"]
    assert "regions" in outcome.lines[1]
    assert "no such file" in outcome.lines[2]["error"]


def test_read_without_json_is_for_people(run: Run, tmp_path: Path, drawn_words: list[Path]) -> None:
    outcome = run("read", drawn_words[0], tmp_path / "gone.png", "--crops")
    assert outcome.code == 3
    assert "1 word\n" in outcome.stdout
    assert "no such file" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_overlay_writes_picture_masks_and_attention(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "street.png"
    drawn = draw_word("Hotel")
    path.write_bytes(to_png(drawn))
    seen = tmp_path / "seen"
    assert run("read", path, "--crops", "--overlay", seen).code == 0
    with Image.open(seen / "street.png") as overlay:
        assert overlay.size == drawn.shape[1::-1]
        assert not np.array_equal(np.asarray(overlay), drawn)
    assert (seen / "street.words" / "001.attention.png").is_file()
    with Image.open(seen / "street.words" / "001.glyph.png") as mask:
        assert set(np.unique(np.asarray(mask))) == {0, 255}
    assert run("read", path, "--crops", "--overlay", seen).code == 0
    assert (seen / "street-2.png").is_file()


def test_harvest_tells_each_file_and_sums_up(run: Run, tmp_path: Path, drawn_words: list[Path]) -> None:
    bad = tmp_path / "words" / "bad.jpg"
    bad.write_bytes(b"")
    outcome = run("harvest", tmp_path / "words", "--crops", "--json", "--min-precision", "0.9")
    assert outcome.code == 3
    *files, summary = outcome.lines
    assert len(files) == len(drawn_words) + 1
    assert {"name", "state", "n_words", "n_kept", "n_waiting", "message"} <= set(files[0])
    assert set(summary) == {"read", "kept", "waiting", "skipped", "failed", "promise"}
    assert summary["promise"]["wished"] == 0.9
    assert summary["promise"]["promised"] is None
    assert "Cannot promise" in summary["promise"]["sentence"]
    assert (summary["read"], summary["skipped"], summary["failed"]) == (len(drawn_words), 0, 1)
    assert summary["kept"] + summary["waiting"] == len(drawn_words)
    (failed,) = [line for line in files if line["state"] == "failed"]
    assert "empty" in failed["message"]


def test_harvest_skips_what_is_there(run: Run, drawn_words: list[Path]) -> None:
    assert run("harvest", *drawn_words, "--crops").code == 0
    outcome = run("harvest", *drawn_words, "--crops", "--json")
    assert outcome.code == 0
    summary = outcome.lines[-1]
    assert summary.pop("promise")["sentence"]
    assert summary == {"read": 0, "kept": 0, "waiting": 0, "skipped": len(drawn_words), "failed": 0}


def test_harvest_ends_with_what_can_be_promised(run: Run, drawn_words: list[Path]) -> None:
    assert "Cannot promise a precision" in run("harvest", *drawn_words, "--crops").stdout.splitlines()[-1]
    missing = run("harvest", drawn_words[0], "--crops", "--outside", "clairvoyant")
    assert missing.code == 2
    assert "outside reader" in missing.stderr


def test_precision_beyond_one_is_wrong_use(run: Run, drawn_words: list[Path]) -> None:
    outcome = run("harvest", drawn_words[0], "--min-precision", "1.5")
    assert outcome.code == 2
    assert "min-precision" in outcome.stderr


def test_two_data_directories_are_two_worlds(run: Run, world: Path, drawn_words: list[Path], tmp_path: Path) -> None:
    run("harvest", *drawn_words, "--crops")
    listed = json.loads(run("export", "--format", "jsonl", "--out", tmp_path / "a", "--status", "all", "--json").stdout)
    assert listed["n"] == len(drawn_words)


def test_other_readings_come_only_when_they_are_asked_for(run: Run, drawn_words: list[Path]) -> None:
    plain = run("read", drawn_words[0], "--crops", "--json").lines[0]
    asked = run("read", drawn_words[0], "--crops", "--json", "--alternatives", "3").lines[0]
    assert "alternatives" not in plain["regions"][0]
    assert all("alternatives" not in character for character in plain["regions"][0]["characters"])
    region = asked["regions"][0]
    assert region["text"] == plain["regions"][0]["text"]
    assert 1 <= len(region["alternatives"]) <= 3
    assert set(region["alternatives"][0]) == {"text", "confidence"}
    assert any(len(character["alternatives"]) == 3 for character in region["characters"])


def test_of_other_readings_people_see_the_likely_ones(run: Run, drawn_words: list[Path]) -> None:
    arguments = ("read", drawn_words[0], "--crops", "--alternatives", "5")
    others = run(*arguments, "--json").lines[0]["regions"][0]["alternatives"]
    likely = [other["text"] for other in others if other["confidence"] >= LEAST_SHOWN]
    printed = run(*arguments).stdout.splitlines()[2:]
    assert [line.split("%", 1)[1].strip() for line in printed] == [text.strip() for text in likely]


def test_a_word_list_is_preferred(run: Run, drawn_words: list[Path], tmp_path: Path) -> None:
    text = run("read", drawn_words[0], "--crops", "--json").lines[0]["regions"][0]["text"]
    words = tmp_path / "words.txt"
    words.write_text(f"{text[:-1]}\n{text}\nnonsense\n", encoding="utf-8")
    assert run("read", drawn_words[0], "--crops", "--json", "--lexicon", words).lines[0]["regions"][0]["text"] == text


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, "no file"),
        ("", "empty"),
        ("日本語\nстраница\n", "none of the words of the list, such as '日本語'"),
    ],
)
def test_a_word_list_that_is_of_no_use_is_wrong_use(
    run: Run, drawn_words: list[Path], tmp_path: Path, written: str | None, told: str
) -> None:
    words = tmp_path / "words.txt"
    if written is not None:
        words.write_text(written, encoding="utf-8")
    outcome = run("read", drawn_words[0], "--crops", "--lexicon", words)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert told in outcome.stderr


@pytest.mark.parametrize("place", ["words.txt", "words.txt/below", "/proc/seen"])
def test_an_overlay_that_cannot_be_written_is_told_before_reading(
    run: Run, drawn_words: list[Path], tmp_path: Path, place: str
) -> None:
    (tmp_path / "words.txt").write_text("a file", encoding="utf-8")
    outcome = run("read", drawn_words[0], "--crops", "--overlay", tmp_path / place)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "is a file" in outcome.stderr or "cannot be written" in outcome.stderr


def test_a_runtime_that_is_not_there_is_wrong_use(
    run: Run, drawn_words: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTREC_RUNTIME", "onnx")
    outcome = run("read", drawn_words[0], "--crops")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "TEXTREC_RUNTIME is onnx" in outcome.stderr
