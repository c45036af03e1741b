import math

import cv2
import numpy as np
import pytest

from textrec_app.data.detection_targets import TargetWord, build_targets, slice_quad
from textrec_app.pipeline.craft_postprocess import CraftThresholds, find_words, split_characters

SIZE = (160, 240)
STANDARD = CraftThresholds()


def word_quad(centre, width, height, angle_deg=0.0):
    """Corners clockwise from the text's top-left; the angle is counter-clockwise."""
    angle = math.radians(angle_deg)
    along = np.array([math.cos(angle), -math.sin(angle)]) * width / 2
    down = np.array([math.sin(angle), math.cos(angle)]) * height / 2
    middle = np.array(centre, float)
    top, bottom = middle - down, middle + down
    return np.array([top - along, top + along, bottom + along, bottom - along], np.float32)


def maps_of(*words):
    """Perfect maps of words given as (quad, number of letters)."""
    targets = [TargetWord(quad, slice_quad(quad, np.linspace(0, 1, letters + 1)), 1.0) for quad, letters in words]
    built = build_targets(SIZE, targets, stride=1)
    return built.region, built.affinity


def iou(first, second):
    quads = [np.round(quad * 4).astype(int) for quad in (first, second)]
    drawn = [cv2.fillConvexPoly(np.zeros((640, 960), np.uint8), quad, 1) for quad in quads]
    return (drawn[0] & drawn[1]).sum() / (drawn[0] | drawn[1]).sum()


@pytest.mark.parametrize("angle", [0, 7, -15, 30, 44])
@pytest.mark.parametrize("letters", [4, 9])
def test_a_word_comes_back_as_the_quad_it_was_drawn_from(angle, letters):
    quad = word_quad((120, 80), 14 * letters, 24, angle)
    (word,) = find_words(*maps_of((quad, letters)), STANDARD)
    assert iou(word.quad, quad) > 0.72
    assert np.linalg.norm(word.quad - quad, axis=1).max() < 9  # corner by corner: the reading direction is kept
    assert word.score > 0.8
    ink = word_quad((120, 80), 14 * letters - 4, 20, angle)
    assert all(cv2.pointPolygonTest(word.quad.reshape(-1, 1, 2), tuple(map(float, c)), True) > -1.5 for c in ink)


@pytest.mark.parametrize("letters", [1, 2, 5, 12])
@pytest.mark.parametrize("angle", [0, 20])
def test_characters_are_split_where_letters_meet(letters, angle):
    quad = word_quad((120, 80), 15 * letters, 24, angle)
    (word,) = find_words(*maps_of((quad, letters)), STANDARD)
    assert len(word.character_quads) == letters
    middles = word.character_quads.mean(axis=1)
    wanted = slice_quad(quad, np.linspace(0, 1, letters + 1)).mean(axis=1)
    assert np.abs(middles - wanted).max() < 5
    assert np.allclose(word.character_quads[1:, 0], word.character_quads[:-1, 1])


def test_words_side_by_side_stay_apart():
    middles = ((50, 50), (120, 50), (50, 85))
    maps = maps_of(*((word_quad(middle, 60, 20), 5) for middle in middles))
    assert len(find_words(*maps, STANDARD)) == 3


@pytest.mark.parametrize("angle", [-90, -85, -70, 65, 75])
def test_steep_text_reads_along_its_long_side(angle):
    quad = word_quad((120, 80), 100, 20, angle)
    (word,) = find_words(*maps_of((quad, 7)), STANDARD)
    assert np.linalg.norm(word.quad - quad, axis=1).max() < 6
    assert len(word.character_quads) == 7


def test_a_lone_tall_letter_stands_upright():
    (word,) = find_words(*maps_of((word_quad((120, 80), 12, 40), 1)), STANDARD)
    assert word.quad[0, 0] < word.quad[1, 0]
    assert abs(word.quad[0, 1] - word.quad[1, 1]) < 2
    assert len(word.character_quads) == 1


def test_a_letter_without_a_clear_direction_gets_an_upright_box():
    quad = word_quad((120, 80), 22, 24, 30)
    (word,) = find_words(*maps_of((quad, 1)), STANDARD)
    assert word.quad[0, 1] == pytest.approx(word.quad[1, 1])


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_maps_without_text_hold_no_words(value):
    blank = np.full(SIZE, value, np.float32)
    assert find_words(blank, blank, STANDARD) == []


def test_weak_and_tiny_components_are_dropped():
    region, affinity = maps_of((word_quad((60, 60), 60, 20), 4))
    assert find_words(region * 0.55, affinity * 0.55, STANDARD) == []
    speck = np.zeros(SIZE, np.float32)
    speck[10:12, 10:12] = 1
    assert find_words(speck, np.zeros(SIZE, np.float32), STANDARD) == []


def test_affinity_alone_is_no_word():
    region, affinity = maps_of((word_quad((60, 60), 60, 20), 4))
    assert find_words(np.zeros_like(region), affinity, STANDARD) == []


def test_a_map_full_of_text_is_one_region():
    full = np.ones(SIZE, np.float32)
    (word,) = find_words(full, full, STANDARD)
    assert len(word.character_quads) == 1
    assert np.isfinite(word.quad).all()


def test_splitting_a_degenerate_quad_gives_one_character():
    region, affinity = maps_of((word_quad((60, 60), 60, 20), 4))
    edges = split_characters(np.full((4, 2), 7, np.float32), region, affinity)
    assert edges[0] == 0
    assert edges[-1] == 1
