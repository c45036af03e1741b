"""Reading one picture, and showing how a region was read."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import draw_scene, draw_word
from textrec_app.errors import InputError
from textrec_app.services.context import App, open_app
from textrec_app.services.reading import (
    check_word_list,
    explain_region,
    filter_reading,
    read_options,
    read_picture,
    read_picture_with_maps,
    read_word,
    reading_text,
)
from textrec_app.settings import Settings


def test_a_picture_is_read_with_places_and_names(app: App) -> None:
    reading = read_picture(app, draw_scene(["Hotel"]), "street.png")
    assert (reading.image, reading.size_hw, len(reading.regions)) == ("street.png", (240, 320), 1)
    assert set(reading.models) == {"recognizer", "detector"}
    assert "".join(character.text for character in reading.regions[0].characters) == reading.regions[0].text


def test_a_picture_is_read_with_what_the_detector_saw(app: App) -> None:
    image = draw_scene(["Hotel"])
    plain = read_picture(app, image, "street.png")
    picture = read_picture_with_maps(app, image, "street.png", replace(read_options(), floor=0.0))
    assert len(picture.character_boxes) == len(picture.reading.regions)
    assert {name: scores.ndim for name, scores in picture.maps.items()} == {"words": 2, "characters": 2}
    filtered = filter_reading(picture.reading, picture.threshold)
    assert replace(filtered, timings_ms=plain.timings_ms) == plain
    assert reading_text(plain) == plain.regions[0].text


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


def test_an_explanation_tells_what_else_it_may_say(app: App) -> None:
    image = draw_word("Hotel")
    region = read_word(app, image, "x").regions[0]
    explanation = explain_region(app, image, region)
    assert explanation.alternatives
    assert all(other.text != region.text for other in explanation.alternatives)
    assert len(explanation.places) == len(explanation.characters)


def test_a_word_is_read_from_a_list_given_as_lines(app: App) -> None:
    image = draw_word("Hotel")
    text = read_word(app, image, "x").regions[0].text
    options = read_options(f"{text}\nsomething else\n", 2)
    region = read_word(app, image, "x", options).regions[0]
    assert region.text == text
    assert len(region.alternatives) <= 2
    assert read_options("  \n").lexicon is None


def test_a_word_from_a_list_is_no_alternative_of_itself(app: App) -> None:
    image = draw_word("Hotel")
    region = read_word(app, image, "x").regions[0]
    other = explain_region(app, image, region).alternatives[0].text
    listed = explain_region(app, image, replace(region, text=other, characters=()))
    assert other not in [alternative.text for alternative in listed.alternatives]


def test_a_list_of_which_nothing_can_be_read_is_told(app: App) -> None:
    check_word_list(app, read_options("日本語\nhotel"))
    check_word_list(app, read_options())
    with pytest.raises(InputError, match="none of the words of the list, such as 'страница'"):
        check_word_list(app, read_options("страница\n日本語"))
