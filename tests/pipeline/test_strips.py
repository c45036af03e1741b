"""Bent words and columns of letters come out level, and their letters are found again in the picture."""

import math

import cv2
import numpy as np
import pytest

from textrec_app.domain import Polygon
from textrec_app.pipeline.strips import cut_strip, find_bent_strip, find_stacked_strip, project_strip, stacked_turns

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)]
WHITE = (255, 255, 255)


def _to_polygon(points: np.ndarray) -> Polygon:
    return tuple((float(x), float(y)) for x, y in points)


def _draw(quads: list[np.ndarray], size_px: int = 400) -> np.ndarray:
    image = np.full((size_px, size_px, 3), 255, np.uint8)
    for quad, colour in zip(quads, COLOURS, strict=False):
        cv2.fillConvexPoly(image, np.round(quad).astype(int), colour)
    return image


def _arc(turn_rad: float, spread_rad: float = 1.6, side_px: float = 36.0) -> list[np.ndarray]:
    """Six square letters on the upper side of a circle."""
    quads = []
    for angle in np.linspace(-spread_rad / 2, spread_rad / 2, 6) + turn_rad:
        out, along = np.array([math.sin(angle), -math.cos(angle)]), np.array([math.cos(angle), math.sin(angle)])
        middle = np.array([200.0, 200.0]) + 130 * out
        quads.append(np.array([middle + side_px / 2 * (x * along - y * out) for x, y in SQUARE]))
    return quads


SQUARE = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def _around(quads: list[np.ndarray], turn_rad: float) -> Polygon:
    basis = np.array([[math.cos(turn_rad), -math.sin(turn_rad)], [math.sin(turn_rad), math.cos(turn_rad)]])
    local = np.concatenate(quads) @ basis
    (left, top), (right, bottom) = local.min(axis=0), local.max(axis=0)
    return _to_polygon(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) @ basis.T)


@pytest.mark.parametrize("turn_deg", [0, 70, 180, -110])
def test_letters_on_a_curve_stand_in_a_level_row(turn_deg: float) -> None:
    turn = math.radians(turn_deg)
    quads = _arc(turn)
    strip = find_bent_strip(_around(quads, turn), [_to_polygon(quad) for quad in quads[::-1]])
    assert strip is not None
    crop = cut_strip(_draw(quads), strip)
    height, width = crop.shape[:2]
    assert width > 5 * height
    row = crop[height // 2]
    seen = [tuple(pixel) for pixel in row if tuple(pixel) in COLOURS]
    assert list(dict.fromkeys(seen)) == COLOURS
    upside_down = cut_strip(_draw(quads), strip.turned())[height // 2]
    assert list(dict.fromkeys(tuple(pixel) for pixel in upside_down if tuple(pixel) in COLOURS)) == COLOURS[::-1]


def test_a_box_in_the_crop_of_a_bent_word_lies_on_its_letter() -> None:
    quads = _arc(0.0)
    strip = find_bent_strip(_around(quads, 0.0), [_to_polygon(quad) for quad in quads])
    assert strip is not None
    width = cut_strip(_draw(quads), strip).shape[1]
    row = cut_strip(_draw(quads), strip)[18].astype(int)
    for colour, quad in zip(COLOURS, quads, strict=True):
        columns = np.flatnonzero((row == colour).all(axis=1))
        ((*corners,),) = project_strip(strip, [(columns[0] / width, 0.1, (columns[-1] + 1) / width, 0.9)])
        assert np.mean(corners, axis=0) == pytest.approx(quad.mean(axis=0), abs=4.0)
        assert np.asarray(corners[1]) @ (quad[1] - quad[0]) > np.asarray(corners[0]) @ (quad[1] - quad[0])


def test_straight_and_short_words_are_cut_as_one_quad() -> None:
    level = [np.array([[x, 0], [x + 30, 0], [x + 30, 40], [x, 40]], float) for x in range(0, 240, 40)]
    high_and_low = [np.add(quad, (0, 10 * (index % 2))) for index, quad in enumerate(level)]
    for quads in (level, high_and_low, _arc(0.0)[:3]):
        assert find_bent_strip(_around(quads, 0.0), [_to_polygon(quad) for quad in quads]) is None


@pytest.mark.parametrize(("begins", "turns"), [(0, 0), (1, 3), (3, 1)])
def test_letters_of_a_column_stand_side_by_side(begins: int, turns: int) -> None:
    quads = [np.array([[50, y], [80, y], [80, y + 40], [50, y + 40]], float) for y in range(20, 320, 50)]
    outline = _around(quads, 0.0)
    polygon = outline[begins:] + outline[:begins]
    assert stacked_turns(polygon) == turns
    strip = find_stacked_strip(polygon, [_to_polygon(quad) for quad in quads])
    assert strip is not None
    crop = cut_strip(_draw(quads), strip)
    seen = [tuple(pixel) for pixel in crop[crop.shape[0] // 2] if tuple(pixel) in COLOURS]
    assert list(dict.fromkeys(seen)) == COLOURS
    third = project_strip(strip, [(2 / 6, 0.0, 3 / 6, 1.0)])[0]
    assert np.mean(third, axis=0) == pytest.approx(quads[2].mean(axis=0), abs=3.0)


def test_letters_beside_each_other_are_no_column() -> None:
    quads = [np.array([[x, 0], [x + 30, 0], [x + 30, 40], [x, 40]], float) for x in range(0, 240, 40)]
    assert find_stacked_strip(((0, 0), (60, 0), (60, 200), (0, 200)), [_to_polygon(quad) for quad in quads]) is None
    assert find_stacked_strip(_around(quads[:1], 0.0), [_to_polygon(quads[0])]) is None
