import io
import zipfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import textrec_app
from tests.support.faces import find_some_fonts
from textrec_app.data.synthesis.anchor import draw_anchor_set
from textrec_app.data.synthesis.examples import PICTURES
from textrec_app.data.synthesis.painting import save

PACKAGE = Path(textrec_app.__path__[0])
SLICES = {"clean", "blurred", "curved", "digits", "punctuation", "lines"} | {
    "short",
    "long",
    "small",
    "capitals",
    "codes",
    "sentences",
}


def read_anchor(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = dict(line.split("\t") for line in archive.read("labels.tsv").decode().splitlines())
        assert set(archive.namelist()) == {*rows, "labels.tsv"}
        for name in rows:
            picture = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape[0] == 40
    return rows


def test_shipped_anchor_set_has_1200_printable_words_in_twelve_slices() -> None:
    path = PACKAGE / "evaluation" / "anchor.zip"
    assert path.stat().st_size < 3_000_000
    rows = read_anchor(path.read_bytes())
    assert Counter(name.split("/")[0] for name in rows) == dict.fromkeys(SLICES, 100)
    assert all(text.isascii() and text.isprintable() and text.strip() for text in rows.values())
    assert sum(any(c.isdigit() for c in rows[name]) for name in rows if name.startswith("digits")) >= 95
    assert all(len(text) <= 3 for name, text in rows.items() if name.startswith("short"))
    assert all(len(text) >= 9 for name, text in rows.items() if name.startswith("long"))
    assert all(not any(c.islower() for c in text) for name, text in rows.items() if name.startswith("capitals"))


def test_anchor_set_can_be_drawn_again_with_other_fonts() -> None:
    fonts = find_some_fonts()
    first = draw_anchor_set(fonts, seed=5, slice_size=2)
    assert first == draw_anchor_set(fonts, seed=5, slice_size=2)
    assert first != draw_anchor_set(fonts, seed=6, slice_size=2)
    assert len(read_anchor(first)) == 24


def test_example_pictures_ship_small() -> None:
    paths = sorted((PACKAGE / "ui" / "examples").glob("*.jpg"))
    assert [path.stem for path in paths] == sorted(PICTURES)
    for path in paths:
        assert path.stat().st_size <= 150_000
        with Image.open(path) as picture:
            assert 800 <= picture.width <= 1200


@pytest.mark.parametrize("name", ["4-number-plate", "7-no-text"])
def test_example_pictures_can_be_drawn_with_any_fonts(name: str, tmp_path) -> None:
    picture = PICTURES[name](np.random.default_rng(7))
    save(picture, tmp_path / "picture.jpg")
    assert picture.width == 1000
    assert (tmp_path / "picture.jpg").stat().st_size <= 150_000
