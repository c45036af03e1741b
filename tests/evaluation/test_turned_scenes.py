import math

import numpy as np
import pytest

from textrec_app.data.scenes import SceneBox
from textrec_app.errors import InputError
from textrec_app.evaluation.turned_scenes import parse_angles, turned_scene

GROUND = (200, 190, 180)
INK = (10, 20, 30)


def make_scene():
    """A picture of 60 x 100 with a dark block from (20, 12) to (70, 28) and a character in its left half."""
    image = np.full((60, 100, 3), GROUND, np.uint8)
    image[12:28, 20:70] = INK
    quad = np.array([(20, 12), (70, 12), (70, 28), (20, 28)], np.float32)
    character = np.array([[(20, 12), (45, 12), (45, 28), (20, 28)]], np.float32)
    return image, [SceneBox(quad, "word", False, "word", character)]


def outline(image):
    """Left, top, right, bottom of the ink: outer edges."""
    rows, columns = np.nonzero((image < 100).all(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_no_turn_changes_nothing():
    image, boxes = make_scene()
    turned = turned_scene(image, boxes, 0.0)
    assert np.array_equal(turned.image, image)
    assert np.array_equal(turned.boxes[0].quad, boxes[0].quad)


@pytest.mark.parametrize(
    ("deg", "quad"),
    [
        (90, [(12, 80), (12, 30), (28, 30), (28, 80)]),  # the text runs up
        (180, [(80, 48), (30, 48), (30, 32), (80, 32)]),
        (270, [(48, 20), (48, 70), (32, 70), (32, 20)]),  # down
        (-90, [(48, 20), (48, 70), (32, 70), (32, 20)]),
    ],
)
def test_quarters_are_exact(deg, quad):
    image, boxes = make_scene()
    turned = turned_scene(image, boxes, deg)
    assert turned.image.shape[:2] == ((60, 100) if deg == 180 else (100, 60))
    assert turned.boxes[0].quad.tolist() == [list(point) for point in quad]
    low, high = np.min(quad, axis=0), np.max(quad, axis=0)
    assert outline(turned.image) == (*low, *high)
    assert sorted(turned.image.reshape(-1, 3).tolist()) == sorted(image.reshape(-1, 3).tolist())


@pytest.mark.parametrize("deg", [15, 30, 120, 200, 333])
def test_turning_back_gives_the_same_boxes(deg):
    image, boxes = make_scene()
    there = turned_scene(image, boxes, deg)
    back = turned_scene(there.image, there.boxes, -deg)
    grown = (np.array(back.image.shape[1::-1]) - (100, 60)) / 2
    np.testing.assert_allclose(back.boxes[0].quad - grown, boxes[0].quad, atol=1e-3)
    np.testing.assert_allclose(back.boxes[0].character_quads - grown, boxes[0].character_quads, atol=1e-3)
    np.testing.assert_allclose(outline(back.image) - np.tile(grown, 2), (20, 12, 70, 28), atol=1.5)


@pytest.mark.parametrize("deg", [10, 30, 45, 60, 100, 150, 210, 300, 350])
def test_boxes_stay_on_the_text_and_nothing_is_cut_off(deg):
    image, boxes = make_scene()
    turned = turned_scene(image, boxes, deg)
    quad = turned.boxes[0].quad
    height, width = turned.image.shape[:2]
    assert quad.min() >= 0
    assert (quad <= (width, height)).all()
    np.testing.assert_allclose(outline(turned.image), (*quad.min(axis=0), *quad.max(axis=0)), atol=1.5)
    rotated = width * height - 60 * 100
    assert rotated > 0
    assert (turned.image == GROUND).all(axis=2).sum() > rotated  # beside the picture: the colour of its border
    along = quad[1] - quad[0]
    angle = math.degrees(math.atan2(-along[1], along[0])) % 360
    assert angle == pytest.approx(deg, abs=0.01)


def test_text_and_marks_travel_with_the_box():
    image, boxes = make_scene()
    line = SceneBox(boxes[0].quad, None, True, "line", np.zeros((0, 4, 2), np.float32))
    turned = turned_scene(image, [*boxes, line], 77).boxes
    assert (turned[0].text, turned[0].is_excused, turned[0].level) == ("word", False, "word")
    assert (turned[1].text, turned[1].is_excused, turned[1].level) == (None, True, "line")
    assert turned[1].character_quads.shape == (0, 4, 2)


def test_a_picture_of_one_pixel_is_turned():
    turned = turned_scene(np.full((1, 1, 3), 7, np.uint8), [], 45)
    assert turned.image.shape == (2, 2, 3)
    assert turned.boxes == ()


def test_angles_are_parsed_once_each_without_zero():
    assert parse_angles([]) == ()
    assert parse_angles(["0"]) == ()
    assert parse_angles(["every30"]) == tuple(range(30, 360, 30))
    assert parse_angles(["-90", "15", "270", "375", "every180"]) == (15, 180, 270)


@pytest.mark.parametrize("word", ["", "some", "every", "every0", "everyday", "every360", "every-30", "nan", "inf"])
def test_what_is_no_angle_is_named(word):
    with pytest.raises(InputError, match="every30"):
        parse_angles([word])
