"""Reading one picture, and showing how a region was read."""

from pathlib import Path

import pytest

from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import draw_scene, draw_word
from textrec_app.errors import InputError
from textrec_app.services.context import App, open_app
from textrec_app.services.reading import explain_region, read_picture, read_word
from textrec_app.settings import Settings


def test_a_picture_is_read_with_places_and_names(app: App) -> None:
    reading = read_picture(app, draw_scene(["Hotel"]), "street.png")
    assert (reading.image, reading.size_hw, len(reading.regions)) == ("street.png", (240, 320), 1)
    assert set(reading.models) == {"recognizer", "detector"}
    assert "".join(character.text for character in reading.regions[0].characters) == reading.regions[0].text


def test_a_word_is_read_without_a_detector(tmp_path: Path) -> None:
    save_tiny_recognizer(tmp_path / "weights")
    app = open_app(Settings(data_dir=tmp_path / "data", device="cpu"), tmp_path / "weights")
    reading = read_word(app, draw_word("Hotel"), "word.png")
    assert len(reading.regions) == 1
    with pytest.raises(InputError, match="detector"):
        read_picture(app, draw_word("Hotel"), "word.png")
    app.close()


@pytest.mark.parametrize("is_word", [True, False])
def test_an_explanation_has_one_attention_map_for_each_character(app: App, is_word: bool) -> None:
    image = draw_word("Hotel") if is_word else draw_scene(["Hotel", "Cafe"])
    reading = read_word(app, image, "x") if is_word else read_picture(app, image, "x")
    explanation = explain_region(app, image, reading.regions[0])
    assert explanation.characters == reading.regions[0].characters
    assert explanation.attention.shape == (len(explanation.characters), *explanation.crop.shape[:2])
    assert 0.0 <= explanation.attention.min() <= explanation.attention.max() <= 1.0


def test_an_explanation_shows_the_ink_of_a_word(app: App) -> None:
    image = draw_word("Hotel")
    explanation = explain_region(app, image, read_word(app, image, "x").regions[0])
    assert explanation.glyph_mask is not None
    assert explanation.glyph_mask.shape == explanation.crop.shape[:2]
    ink = explanation.crop[explanation.glyph_mask == 1].mean()
    assert ink < explanation.crop[explanation.glyph_mask == 0].mean() - 50


def test_a_region_that_another_recognizer_read_is_still_explained_whole(app: App, tmp_path: Path) -> None:
    save_tiny_recognizer(tmp_path / "other", seed=5)
    other = open_app(Settings(data_dir=tmp_path / "other data", device="cpu"), tmp_path / "other")
    image = draw_word("Hotelzimmer")
    region = read_word(other, image, "x").regions[0]
    explanation = explain_region(app, image, region)
    assert len(explanation.attention) == len(explanation.characters)
    other.close()
