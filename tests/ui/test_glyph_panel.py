"""Values for what the word panel shows of recognizers with a glyph branch."""

import base64
import dataclasses

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.glyph_networks import paint
from tests.support.pictures import draw_word
from textrec_app.domain import CharacterReading, RegionReading
from textrec_app.pipeline.glyph_places import Drift
from textrec_app.pipeline.glyph_view import GlyphView
from textrec_app.services.reading import RegionExplanation
from textrec_app.ui.glyph_panel import build_glyphs, describe_drift, ordinal
from textrec_app.ui.overlays import build_detail

WORD = "Hotel"
CROP = draw_word(WORD, size_px=40, seed=3)
SQUARE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
CHARACTERS = tuple(CharacterReading(letter, 0.5, SQUARE) for letter in WORD)
REGION = RegionReading(SQUARE, WORD, 0.75, characters=CHARACTERS)


def decode(url: str) -> NDArray[np.uint8]:
    data = np.frombuffer(base64.b64decode(url.split(",", 1)[1]), dtype=np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), dtype=np.uint8)


@pytest.fixture
def view() -> GlyphView:
    painted = paint(WORD, "Hote1")
    found = painted.explain(CROP, WORD)
    assert found is not None
    return found.with_reading(painted.read([CROP])[0])


def explain(view: GlyphView | None) -> RegionExplanation:
    attention = np.zeros((len(WORD), *CROP.shape[:2]), np.float32)
    return RegionExplanation(CROP, None, attention, CHARACTERS, glyphs=view)


def test_each_character_has_a_colour_a_veil_and_a_place(view: GlyphView) -> None:
    value = build_glyphs(explain(view))
    assert value is not None
    characters, steps = value["characters"], value["steps"]
    assert len(characters) == len(WORD)
    assert len({character["colour"] for character in characters}) == len(WORD)
    centres = [character["centre"] for character in characters]
    assert centres == sorted(centres)
    for character, centre in zip(characters, centres, strict=True):
        opacity = decode(character["glyph"])[..., 3]
        strongest = opacity.sum(axis=0).astype(int).argmax() / opacity.shape[1]
        assert abs(strongest - centre) < 0.12
        assert character["drift"] is None
    assert len(steps) == len(WORD) + 1
    assert all(abs(step["centre"] - centre) < 0.05 for step, centre in zip(steps, centres, strict=False))
    assert decode(steps[0]["heat"]).shape[0] == 1


def test_both_readings_and_whether_they_agree_are_told(view: GlyphView) -> None:
    value = build_detail(REGION, explain(view))["glyphs"]
    assert [(reading["name"], reading["text"]) for reading in value["readings"]] == [
        ("Fast path", "Hotel"),
        ("Glyph path", "Hote1"),
    ]
    assert value["agreement"] is False


def test_a_word_stays_light(view: GlyphView) -> None:
    """All glyphs and steps together weigh less than the crop that they are laid over."""
    value = build_detail(REGION, explain(view))
    glyphs = value["glyphs"]
    veils = [character["glyph"] for character in glyphs["characters"]] + [step["heat"] for step in glyphs["steps"]]
    assert sum(len(veil) for veil in veils) < 24_000
    assert all(character["attention"] is None for character in value["characters"])  # veils stand for them


def test_a_text_too_long_for_the_glyph_branch_has_tiles_as_before(view: GlyphView) -> None:
    long = dataclasses.replace(view, glyph_attention=None, attention=view.attention[:0], drifts=(), agreement=None)
    value = build_detail(REGION, explain(long))
    assert (value["glyphs"]["characters"], value["glyphs"]["steps"]) == ([], [])
    assert value["glyphs"]["agreement"] is None
    assert all(character["attention"] for character in value["characters"])


def test_recognizers_without_glyph_branch_show_nothing_of_it() -> None:
    value = build_detail(REGION, explain(None))
    assert value["glyphs"] is None
    assert all(character["attention"] for character in value["characters"])


@pytest.mark.parametrize(
    ("index", "text", "distance", "sentence"),
    [
        (2, "r", 0.8, "The 3rd letter ‘r’: attention lies 0.8 letters right of its glyph."),
        (0, "é", -0.52, "The 1st letter ‘é’: attention lies 0.5 letters left of its glyph."),
        (11, "7", 1.04, "The 12th digit ‘7’: attention lies 1.0 letter right of its glyph."),
        (20, "&", -3.0, "The 21st character ‘&’: attention lies 3.0 letters left of its glyph."),
        (0, "r", 0.3, None),
        (2, " ", 3.4, None),  # nothing is drawn for a space
        (0, "r", None, None),
    ],
)
def test_drift_is_told_in_plain_words(index: int, text: str, distance: float | None, sentence: str | None) -> None:
    assert describe_drift(index, text, Drift(distance, 0.5, None if distance is None else 0.4)) == sentence


def test_places_are_counted_as_people_do() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 22, 103, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "22nd", "103rd", "111th"),
    ]
