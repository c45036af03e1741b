"""Every bad input of the design: read, or told in a sentence that names file and reason; the rest go on."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Run
from tests.support.pictures import draw_word, to_png


def _save(kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(draw_word("Hotel")).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.fromarray(draw_word("Hotel")).transpose(Image.Transpose.ROTATE_90).save(stream, "PNG", exif=exif)
    return stream.getvalue()


def _sixteen_bit() -> bytes:
    stream = io.BytesIO()
    grey = draw_word("Hotel")[..., 0].astype(np.uint16) * 257
    Image.fromarray(grey).save(stream, "PNG")
    return stream.getvalue()


def _large(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (width, height), 1).save(stream, "PNG")
    return stream.getvalue()


READABLE = {
    "cmyk.jpg": _save("JPEG", "CMYK"),
    "sixteen bit.png": _sixteen_bit(),
    "alpha.png": _save("PNG", "RGBA"),
    "animation.gif": _save("GIF", "P", save_all=True, append_images=[Image.new("P", (60, 30))]),
    "exif turned.png": _turned(),
    "café 길거리 شارع 🛑.png": _save(),
}
UNREADABLE = {
    "letter.pdf": (b"%PDF-1.7 this is no picture", "not a picture"),
    "nothing.png": (b"", "empty"),
    "cut.png": (to_png(np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8))[:3000], "cut off"),
    "bomb.png": (_large(20_000, 20_000), "too large"),
    "too many pixels.png": (_large(11_000, 10_000), "110 megapixels"),
}


@pytest.mark.parametrize("name", READABLE)
def test_unusual_pictures_are_read(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(READABLE[name])
    read = run("read", path, "--crops", "--json")
    assert read.code == 0
    assert read.lines[0]["image"] == str(path)
    assert read.lines[0]["size_hw"] == list(draw_word("Hotel").shape[:2])
    harvest = run("harvest", path, "--crops", "--json")
    assert harvest.code == 0
    assert (harvest.lines[0]["name"], harvest.lines[0]["state"]) == (name, "read")


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_cannot_be_read_are_told(run: Run, tmp_path: Path, drawn_words: list[Path], name: str) -> None:
    path = tmp_path / name
    data, reason = UNREADABLE[name]
    path.write_bytes(data)
    read = run("read", path, drawn_words[0], "--crops", "--json")
    assert read.code == 3
    assert name in read.lines[0]["error"]
    assert reason in read.lines[0]["error"]
    assert read.lines[1]["regions"]
    harvest = run("harvest", path, drawn_words[0], "--crops", "--json")
    assert harvest.code == 3
    failed, fine, summary = harvest.lines
    assert failed["state"] == "failed"
    assert name in failed["message"]
    assert reason in failed["message"]
    assert (fine["state"], summary["read"], summary["failed"]) == ("read", 1, 1)


def test_100_megapixels_are_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    path.write_bytes(_large(10_000, 10_000))
    read = run("read", path, "--json")
    assert (read.code, read.lines[0]["size_hw"]) == (0, [10_000, 10_000])
    assert run("harvest", path, "--json").lines[-1]["read"] == 1


def test_picture_without_text_is_read_and_has_no_words(run: Run, blind_world: Path, tmp_path: Path) -> None:
    path = tmp_path / "sky.png"
    path.write_bytes(to_png(np.full((120, 160, 3), 200, np.uint8)))
    read = run("read", path, "--json", "--overlay", tmp_path / "seen")
    assert (read.code, read.lines[0]["regions"]) == (0, [])
    harvest = run("harvest", path, "--json")
    assert harvest.code == 0
    assert (harvest.lines[0]["state"], harvest.lines[0]["n_words"]) == ("read", 0)


def test_zip_bomb_is_refused_and_the_rest_go_on(run: Run, tmp_path: Path, drawn_words: list[Path]) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(60_000_000))
    assert bomb.stat().st_size < 100_000
    harvest = run("harvest", bomb, drawn_words[0], "--crops", "--json")
    assert harvest.code == 3
    assert harvest.lines[-1]["read"] == 1
    assert harvest.lines[-1]["failed"] == 1
    assert any("bomb.zip" in line.get("message", "") for line in harvest.lines)
    assert run("read", bomb, "--json").code == 3


def test_zip_with_a_bad_file_keeps_the_good_ones(run: Run, tmp_path: Path, drawn_words: list[Path]) -> None:
    path = tmp_path / "words.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../../bad.png", b"no picture")
        archive.write(drawn_words[0], "뜻/good.png")
    harvest = run("harvest", path, "--crops", "--json")
    assert harvest.code == 3
    assert (harvest.lines[-1]["read"], harvest.lines[-1]["failed"]) == (1, 1)
    assert not (tmp_path.parent / "bad.png").exists()


def test_nothing_is_lost_from_the_store_by_bad_files(run: Run, tmp_path: Path, drawn_words: list[Path]) -> None:
    run("harvest", *drawn_words, "--crops")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert run("harvest", bad, "--crops").code == 3
    out = tmp_path / "labels"
    outcome = run("export", "--format", "csv", "--out", out, "--status", "all", "--json")
    assert outcome.lines[0]["n"] == len(drawn_words)
