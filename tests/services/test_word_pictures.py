"""Pictures of a word by name, and all of them in one zip."""

import dataclasses
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.support.glyph_networks import paint
from tests.support.pictures import draw_word
from textrec_app.data.glyph_masks import glyph_mask_kmeans
from textrec_app.domain import CharacterReading, RegionReading
from textrec_app.services.reading import RegionExplanation
from textrec_app.services.word_pictures import draw_word_pictures, pack_word

WORD = "Hotel"
CROP = draw_word(WORD, size_px=40, seed=3)
SQUARE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


@pytest.fixture
def region() -> RegionReading:
    characters = tuple(CharacterReading(letter, 0.5, SQUARE) for letter in WORD)
    return RegionReading(SQUARE, WORD, 0.75, characters=characters)


@pytest.fixture
def explanation(region: RegionReading) -> RegionExplanation:
    """Of a network that sees evenly placed glyphs, whatever the crop."""
    painted = paint(WORD, "Hote1")
    view = painted.explain(CROP, WORD)
    assert view is not None
    view = view.with_reading(painted.read([CROP])[0])
    maps = np.zeros((len(WORD), *CROP.shape[:2]), np.float32)
    return RegionExplanation(CROP, glyph_mask_kmeans(CROP), maps, region.characters, glyphs=view)


def test_glyph_networks_show_five_pictures_of_a_word(explanation: RegionExplanation) -> None:
    pictures = draw_word_pictures(explanation)
    assert set(pictures) == {"glyph", "kmeans", "glyph_attention", "characters", "implicit"}
    assert pictures["glyph"].shape == pictures["kmeans"].shape == CROP.shape[:2]
    width = pictures["characters"].shape[1]
    assert pictures["glyph_attention"].shape[1] == len(WORD) * width
    assert pictures["implicit"].shape[1] == (len(WORD) + 1) * width  # the end is a step too


def test_what_is_not_known_is_left_out(explanation: RegionExplanation) -> None:
    view = explanation.glyphs
    assert view is not None
    too_long = dataclasses.replace(view, glyph_attention=None, attention=view.attention[:0], drifts=())
    bare = dataclasses.replace(explanation, glyph_mask=None, glyphs=too_long)
    assert set(draw_word_pictures(bare)) == {"glyph"}
    assert set(draw_word_pictures(dataclasses.replace(explanation, glyphs=None))) == {"glyph", "attention"}
    nothing = dataclasses.replace(bare, glyphs=None, attention=explanation.attention[:0])
    assert draw_word_pictures(nothing) == {}


def test_the_zip_has_every_picture_and_what_was_read(region: RegionReading, explanation: RegionExplanation) -> None:
    with zipfile.ZipFile(io.BytesIO(pack_word(region, explanation))) as archive:
        assert archive.testzip() is None
        told = json.loads(archive.read("word.json"))
        with Image.open(io.BytesIO(archive.read("crop.png"))) as crop:
            assert np.array_equal(np.asarray(crop), CROP)
        assert {f"{name}.png" for name in draw_word_pictures(explanation)} < set(archive.namelist())
    assert told["text"] == WORD
    assert told["agreement"] is False
    assert told["readings"]["glyph"]["text"] == "Hote1"
    assert [character["text"] for character in told["characters"]] == list(WORD)
    assert all(abs(character["drift"]) < 0.5 for character in told["characters"])


def test_the_zip_of_a_network_without_glyph_branch_is_whole_too(
    region: RegionReading, explanation: RegionExplanation
) -> None:
    plain = dataclasses.replace(explanation, glyphs=None)
    with zipfile.ZipFile(io.BytesIO(pack_word(region, plain))) as archive:
        assert set(archive.namelist()) == {"crop.png", "glyph.png", "attention.png", "word.json"}
        assert "readings" not in json.loads(archive.read("word.json"))
