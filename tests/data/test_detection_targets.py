import cv2
import numpy as np
import pytest

from textrec_app.data.detection_targets import (
    TargetWord,
    build_targets,
    draw_gaussians,
    find_affinity_quads,
    level_characters,
    slice_word,
)


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def turned(quad, degrees, centre=(50, 50)):
    matrix = cv2.getRotationMatrix2D(centre, degrees, 1.0)
    return cv2.transform(quad.reshape(1, -1, 2), matrix).reshape(quad.shape).astype(np.float32)


@pytest.mark.parametrize("angle", [0, 30, 90, 200])
def test_a_bell_peaks_in_the_middle_of_its_quad_and_falls_to_a_quarter_at_its_sides(angle):
    target = np.zeros((100, 100), np.float32)
    quad = turned(box(30, 40, 70, 60), angle)
    draw_gaussians(target, quad[None])
    assert target[50, 50] > 0.97
    side_x, side_y = (quad[0] + quad[1]) / 2
    assert target[round(float(side_y)), round(float(side_x))] == pytest.approx(0.25, abs=0.08)
    assert target[5, 5] == 0


def test_bells_do_not_add_up():
    target = np.zeros((40, 40), np.float32)
    draw_gaussians(target, np.stack([box(5, 5, 25, 25), box(8, 5, 28, 25)]))
    assert target.max() <= 1


def test_quads_outside_or_without_area_draw_nothing():
    target = np.zeros((20, 20), np.float32)
    draw_gaussians(target, np.stack([box(100, 100, 120, 120), box(-90, 0, -60, 9), box(5, 5, 5, 5), box(2, 2, 9, 2)]))
    assert not target.any()


def test_a_quad_at_the_edge_is_cut_off():
    target = np.zeros((20, 20), np.float32)
    draw_gaussians(target, box(-10, 0, 10, 20)[None])
    assert target[10, 0] > 0.9
    assert target[10, 19] == 0


def test_affinity_lies_between_neighbours():
    quads = np.stack([box(0, 0, 10, 30), box(10, 0, 20, 30), box(20, 0, 30, 30)])
    links = find_affinity_quads(quads)
    assert links.shape == (2, 4, 2)
    assert np.allclose(links[0], [[5, 5], [15, 5], [15, 25], [5, 25]])
    assert find_affinity_quads(quads[:1]).shape == (0, 4, 2)


def test_weights_follow_confidence():
    words = [
        TargetWord(box(0, 0, 20, 20), box(0, 0, 20, 20)[None], 0.5),
        TargetWord(box(40, 0, 60, 20), box(40, 0, 60, 20)[None], 0.0),
        TargetWord(box(0, 40, 20, 60), box(0, 40, 20, 60)[None], 1.0),
    ]
    targets = build_targets((40, 40), words, stride=2)
    assert targets.weights[5, 5] == 0.5
    assert targets.weights[5, 25] == 0
    assert targets.weights[25, 5] == 1
    assert targets.region[5, 5] > 0.9
    assert targets.region[5, 25] == 0
    assert targets.region[25, 5] > 0.9


def test_a_picture_without_words_is_all_background():
    targets = build_targets((8, 12), [], stride=2)
    assert targets.region.shape == (8, 12)
    assert not targets.region.any()
    assert not targets.affinity.any()
    assert targets.weights.all()


def test_slices_tile_the_word_and_know_narrow_letters():
    quads = slice_word(box(0, 0, 100, 20), "Will")
    widths = quads[:, 1, 0] - quads[:, 0, 0]
    assert widths.sum() == pytest.approx(100, abs=1e-3)
    assert widths[0] > 2 * widths[1]
    assert np.allclose(quads[1:, 0], quads[:-1, 1])
    assert slice_word(box(0, 0, 100, 20), "").shape == (0, 4, 2)


@pytest.mark.parametrize("angle", [0, 25])
def test_levelled_characters_have_the_height_of_their_word(angle):
    word = turned(box(20, 40, 80, 60), angle)
    letters = turned(np.stack([box(20, 40, 38, 60), box(42, 49, 48, 51), box(52, 44, 80, 60)]), angle)
    levelled = level_characters(word, letters)
    heights = np.linalg.norm(levelled[:, 3] - levelled[:, 0], axis=1)
    assert np.allclose(heights, 20, atol=0.01)
    assert np.allclose(levelled.mean(axis=1)[0], letters[0].mean(axis=0), atol=1e-2)


def test_characters_of_a_curved_word_stay_as_they_are():
    word = box(0, 0, 100, 60)
    arc = np.stack([box(0, 35, 20, 58), box(25, 10, 45, 33), box(55, 10, 75, 33), box(80, 35, 99, 58)])
    assert np.array_equal(level_characters(word, arc), arc)


def test_degenerate_words_are_left_alone():
    letters = box(0, 0, 5, 5)[None]
    assert np.array_equal(level_characters(box(3, 3, 3, 3), letters), letters)
    none = np.zeros((0, 4, 2), np.float32)
    assert level_characters(box(0, 0, 9, 9), none).shape == (0, 4, 2)
