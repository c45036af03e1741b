"""`read` with a recognizer of two heads: JSON with both readings, marks for people, pictures of glyphs; `harvest`."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Run, use_weights
from tests.support.glyph_networks import save_tiny_siga
from tests.support.pictures import draw_word, to_png

PICTURES = ("glyph", "kmeans", "glyph_attention", "characters", "implicit")


@pytest.fixture
def siga(run: Run, world: Path, tmp_path: Path) -> Run:
    """The command line with a tiny `siga_s` in use."""
    use_weights(world, save_tiny_siga(tmp_path / "siga"), "tiny-siga")
    return run


def test_json_tells_what_each_head_reads(siga: Run, drawn_words: list[Path]) -> None:
    (line,) = siga("read", drawn_words[0], "--json", "--crops").lines
    (region,) = line["regions"]
    assert region["agreement"] == (region["readings"]["fast"]["text"] == region["readings"]["glyph"]["text"])
    for reading in region["readings"].values():
        assert set(reading) == {"text", "log_prob", "probability"}
        assert 0.0 <= reading["probability"] <= 1.0
    height, width = line["size_hw"]
    for character in region["characters"]:
        assert all(-0.1 <= x <= width + 0.1 and -0.1 <= y <= height + 0.1 for x, y in character["polygon"])


def test_people_see_where_the_heads_disagree(siga: Run, drawn_words: list[Path]) -> None:
    (line,) = siga("read", drawn_words[0], "--json", "--crops").lines
    told = siga("read", drawn_words[0], "--crops").stdout
    assert line["regions"][0]["agreement"] is False  # an untrained network
    assert "≠ fast: " in told
    assert ", glyph: " in told


def test_the_overlay_has_masks_maps_and_steps_of_every_word(siga: Run, tmp_path: Path) -> None:
    path = tmp_path / "street.png"
    path.write_bytes(to_png(draw_word("Hotel")))
    assert siga("read", path, "--crops", "--overlay", tmp_path / "seen").code == 0
    words = tmp_path / "seen" / "street.words"
    assert {file.name for file in words.iterdir()} == {f"001.{name}.png" for name in PICTURES}
    with Image.open(words / "001.glyph.png") as mask, Image.open(words / "001.kmeans.png") as clusters:
        assert mask.size == clusters.size
        assert mask.mode == "L"
        assert set(np.unique(np.asarray(clusters))) == {0, 255}
    with Image.open(words / "001.glyph_attention.png") as tiles, Image.open(words / "001.characters.png") as crop:
        assert tiles.width % crop.width == 0


def test_harvest_and_bench_work_with_two_heads(siga: Run, drawn_words: list[Path]) -> None:
    outcome = siga("harvest", *drawn_words, "--crops", "--json")
    assert outcome.code == 0
    assert outcome.lines[-1]["read"] == len(drawn_words)
    (report,) = siga("bench", "--json", "--repeats", "1").lines
    assert {path["name"] for path in report["paths"]} >= {"torch float32", "torch float32, fast path"}
    assert report["ms_per_crop_batch_1"] > 0
