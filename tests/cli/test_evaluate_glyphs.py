"""`evaluate glyphs` as a person would run it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.font_files import link_fonts
from tests.support.glyph_networks import save_tiny_siga


@pytest.fixture
def fonts(tmp_path: Path) -> Path | None:
    return link_fonts(tmp_path / "fonts")


def name(fonts: Path | None) -> tuple[object, ...]:
    return () if fonts is None else ("--fonts", fonts)


def test_a_network_with_glyphs_is_measured(run: Run, tmp_path: Path, fonts: Path | None) -> None:
    weights = save_tiny_siga(tmp_path)
    outcome = run("evaluate", "glyphs", "--model", weights, "-n", 3, "--seed", 1, *name(fonts), "--json")
    assert outcome.code == 0
    told = outcome.lines[0]
    assert told["architecture"] == "siga_s"
    assert list(told["sets"]) == ["straight", "curved", "blurred", "all"]
    assert [report["n"] for report in told["sets"].values()] == [3, 3, 3, 9]
    report = told["sets"]["all"]
    assert set(report["word_accuracy"]) == {"fast", "fused"}
    assert set(report["mask_iou"]) == {"k-means", "network"}
    assert set(report["alignment"]) == {"CTC", "implicit", "glyph"}
    assert told["head_parameters"]["per_class"] > 200 * told["head_parameters"]["glyph"]
    again = run("evaluate", "glyphs", "--model", weights, "-n", 3, "--seed", 1, *name(fonts), "--json")
    assert again.stdout == outcome.stdout


def test_the_recognizer_in_use_is_told_in_tables(run: Run, fonts: Path | None) -> None:
    outcome = run("evaluate", "glyphs", "-n", 2, *name(fonts))
    assert outcome.code == 0
    for told in ("recognizer@0", "straight", "curved", "blurred", "drift share", "evidence"):
        assert told in outcome.stdout
    assert "Glyph heads" not in outcome.stdout


def test_wrong_use_is_one_sentence(run: Run, tmp_path: Path) -> None:
    outcome = run("evaluate", "glyphs", "--fonts", tmp_path / "gone")
    assert outcome.code == 2
    assert "gone" in " ".join(outcome.stderr.split())
    assert run("evaluate", "glyphs", "-n", 0).code == 2
