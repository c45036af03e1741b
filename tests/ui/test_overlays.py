"""Values for the Read tab's panels."""

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import Alternative, CharacterReading, Reading, RegionReading, Timings
from textrec_app.pipeline.reader import PictureReading
from textrec_app.services.reading import RegionExplanation
from textrec_app.ui.overlays import build_detail, build_overlay, find_focus, paint_attention
from textrec_app.ui.pictures import PREVIEW_SIDE_PX, enlarge_crop, to_jpeg_url, to_png_url
from textrec_app.ui.read_layout import format_points

SQUARE = ((10.0, 20.0), (110.0, 20.0), (110.0, 60.0), (10.0, 60.0))


def decode(url: str) -> NDArray[np.uint8]:
    data = np.frombuffer(base64.b64decode(url.split(",", 1)[1]), dtype=np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), dtype=np.uint8)


def make_region(text: str) -> RegionReading:
    characters = tuple(CharacterReading(letter, 0.5, SQUARE) for letter in text)
    return RegionReading(SQUARE, text, 0.75, 0.9, 0.0, "Latin", characters)


def test_an_overlay_keeps_coordinates_of_the_original_though_the_preview_is_smaller() -> None:
    image = np.zeros((1000, 4000, 3), dtype=np.uint8)
    reading = Reading("wide.jpg", (1000, 4000), (make_region("A"),), Timings(1.0, 2.0, 3.0), {"recognizer": "r@1"})
    value = build_overlay(image, PictureReading(reading), "token")
    assert (value["width"], value["height"]) == (4000, 1000)
    assert decode(value["image"]).shape[1] == PREVIEW_SIDE_PX
    assert value["regions"][0]["points"] == "10.0,20.0 110.0,20.0 110.0,60.0 10.0,60.0"
    assert value["reading"] == reading.to_dict()


def test_a_detail_has_one_attention_picture_for_each_character_that_has_a_map() -> None:
    crop = np.full((32, 96, 3), 200, dtype=np.uint8)
    region = make_region("AB")
    attention = np.zeros((1, 32, 96), dtype=np.float32)
    mask = np.zeros((32, 96), dtype=np.uint8)
    mask[8:24, 10:30] = 1
    value = build_detail(region, RegionExplanation(crop, mask, attention, region.characters))
    assert [character["attention"] is not None for character in value["characters"]] == [True, False]
    assert decode(value["mask"]).shape == decode(value["crop"]).shape
    assert build_detail(region, RegionExplanation(crop, None, attention, region.characters))["mask"] is None


def test_attention_is_bright_where_the_network_looked() -> None:
    crop = np.full((20, 40, 3), 100, dtype=np.uint8)
    attention = np.zeros((20, 40), dtype=np.float32)
    attention[:, 20:] = 1.0
    painted = paint_attention(crop, attention).astype(int)
    assert painted[:, 25:].mean() > painted[:, :15].mean() + 30
    attention[:, 30] = 2.0
    assert find_focus(attention) == 30 / 39
    assert find_focus(np.zeros((3, 5), dtype=np.float32)) == 0.5


def test_crops_are_enlarged_but_never_without_bound() -> None:
    assert enlarge_crop(np.zeros((10, 30, 3), dtype=np.uint8), 100).shape == (100, 300, 3)
    assert enlarge_crop(np.zeros((1, 5000, 3), dtype=np.uint8), 100).shape == (100, 800, 3)
    assert enlarge_crop(np.zeros((500, 1, 3), dtype=np.uint8), 100).shape == (100, 8, 3)


def test_pictures_survive_as_data_urls() -> None:
    red = np.zeros((4, 6, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert np.array_equal(decode(to_png_url(red))[..., ::-1], red)
    assert decode(to_jpeg_url(red)).shape == (4, 6, 3)
    assert format_points(((1.0, 2.25),)) == "1.0,2.2"


def test_a_detail_lists_what_else_a_word_and_its_characters_may_be() -> None:
    region = make_region("AB")
    maps = np.zeros((2, 32, 96), dtype=np.float32)
    crop = np.full((32, 96, 3), 200, dtype=np.uint8)
    others, places = (Alternative("A8", 0.2),), ((), (Alternative("8", 0.31),))
    value = build_detail(region, RegionExplanation(crop, None, maps, region.characters, others, places))
    assert value["alternatives"] == [{"text": "A8", "confidence": 0.2}]
    assert [character["alternatives"] for character in value["characters"]] == [[], [{"text": "8", "confidence": 0.31}]]
    unlikely = (Alternative("A8", 0.004),)
    value = build_detail(region, RegionExplanation(crop, None, maps, region.characters, unlikely, (unlikely, ())))
    assert (value["alternatives"], value["characters"][0]["alternatives"]) == ([], [])
    plain = build_detail(region, RegionExplanation(crop, None, maps, region.characters))
    assert plain["alternatives"] == []
