from dataclasses import fields

import cv2
import numpy as np
import pytest

from tests.support.one_shot_maps import make_word
from textrec_app.data.detection_targets import TargetWord
from textrec_app.data.one_shot_targets import REACH_HEIGHTS, build_character_targets, build_word_targets
from textrec_app.pipeline.one_shot_decoding import find_peaks

GRID = (64, 64)
STRIDE = 4
DEGREES = range(-180, 180, 45)
NO_LETTERS = np.zeros((0, 4, 2), np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def words_of(words, n_samples=16, size_hw=GRID):
    return build_word_targets(size_hw, words, STRIDE, n_samples, rng())


def letters_of(words, n_samples=6, size_hw=(128, 128)):
    return build_character_targets(size_hw, words, 2, n_samples, rng())


def count_peaks(centre, floor=0.4, most=5000):
    chance = np.clip(centre, 1e-4, 1 - 1e-4)
    return len(find_peaks(np.log(chance / (1 - chance)).astype(np.float32), floor, most)[0])


def box(x0, y0, x1, y1, confidence=1.0, letters=None):
    quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    return TargetWord(quad, NO_LETTERS if letters is None else letters, confidence)


def fcos_centerness(x_share, y_share=0.5):
    return np.sqrt(
        np.minimum(x_share, 1 - x_share)
        / np.maximum(x_share, 1 - x_share)
        * min(y_share, 1 - y_share)
        / max(y_share, 1 - y_share)
    )


def test_a_long_line_has_one_peak_where_fcos_has_a_ridge():
    """Why the centre is a bell of at most 1.5 text heights and not FCOS's centerness (METHODS section 24).

    Along a line of 200 x 20 pixels FCOS's centerness changes by 4 % from cell to cell near the middle, less than a
    network's error, so noise makes second peaks of it. The bell falls by as much as the text is high.
    """
    assert fcos_centerness(10 / 40) == pytest.approx(0.57735, abs=1e-5)  # l, t, r, b = 10, 5, 30, 5
    assert fcos_centerness(20 / 200) == pytest.approx(0.3333, abs=1e-4)
    shares = (np.arange(50) + 0.5) / 50
    ridge = np.tile(fcos_centerness(shares)[None], (5, 1))
    centre = words_of([box(28, 118, 228, 138)]).centre
    row = centre[32]
    assert count_peaks(centre) == 1
    ridge_near, bell_near = ridge[2, 26:34].min(), row[33:41].min()  # within 32 px of the middle
    assert ridge_near > 0.7
    assert bell_near < 0.6
    assert (ridge[2] > 0.5).sum() > 1.5 * (row > 0.5).sum()
    long_row = words_of([box(8, 118, 248, 126)]).centre[30]  # 30 heights: the bell does not grow with the length
    assert (long_row > 0.5).sum() < 10
    noise = rng(4).normal(0, 0.1, (20, 5, 50))
    ridge_peaks = [count_peaks(np.clip(np.pad(ridge, 2)[2:-2, 2:-2] + one, 0, 1)) for one in noise]
    window = centre[29:34, 7:57]
    bell_peaks = [count_peaks(np.clip(window + one, 0, 1)) for one in noise]
    assert np.mean(ridge_peaks) > 1.5 * np.mean(bell_peaks)


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize(("text", "height"), [("word", 20), ("a", 8), ("along line of text", 10)])
def test_the_centre_is_one_in_the_cell_that_holds_it(degrees, text, height):
    word = make_word(text, (130.4, 126.2), height, degrees)
    centre = words_of([word]).centre
    assert centre[int(126.2 // 4), int(130.4 // 4)] == 1
    assert (centre == 1).sum() == 1
    assert count_peaks(centre) == 1


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_characters_peak_in_the_cell_that_holds_their_middle(degrees):
    word = make_word("abc", (129, 129), 40, degrees)
    centre = letters_of([word]).centre
    for quad in word.character_quads:
        x, y = quad.mean(axis=0) / 2
        window = centre[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
        row, column = np.unravel_index(window.argmax(), window.shape)
        assert abs(column + int(x) - 2 + 0.5 - x) <= 0.6
        assert abs(row + int(y) - 2 + 0.5 - y) <= 0.6
        assert window.max() > 0.9


@pytest.mark.parametrize("degrees", DEGREES)
def test_samples_lie_in_their_instance_and_say_where_it_is(degrees):
    word = make_word("straightforward", (128, 128), 14, degrees)
    samples = words_of([word]).samples
    assert len(samples.cells) == 16
    reference = (samples.cells + 0.5 + samples.offsets) * STRIDE
    for point, quad in zip(reference, samples.quads, strict=True):
        assert cv2.pointPolygonTest(word.quad, tuple(map(float, point)), True) > -STRIDE
        assert np.allclose(quad + point, word.quad, atol=14 * 0.2) or np.abs(quad).max() <= REACH_HEIGHTS * 14 * 1.1
    assert np.abs(samples.offsets).max() <= 0.5
    assert np.allclose(np.cos(samples.directions - np.radians(degrees)), 1, atol=1e-5)
    assert samples.weights.sum() == pytest.approx(1)
    assert not np.allclose(samples.cells, samples.cells[0])


def test_the_first_sample_is_the_centre_cell():
    samples = words_of([make_word("word", (130.4, 126.2), 20, 0)]).samples
    assert samples.cells[0].tolist() == [32, 31]
    assert np.allclose((samples.cells[0] + 0.5 + samples.offsets[0]) * STRIDE, [130.4, 126.2], atol=1e-3)
    assert np.allclose(samples.quads[0].mean(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize("degrees", [0, 70, 180])
def test_only_ends_within_reach_are_asked_for(degrees):
    height = 6.0
    line = make_word("o" * 60, (128, 128), height, degrees)  # 36 heights
    samples = words_of([line], n_samples=64).samples
    lengths = np.linalg.norm(samples.quads[:, 1] - samples.quads[:, 0], axis=1)
    assert lengths.max() <= 2 * REACH_HEIGHTS * height * 1.01
    assert lengths[0] == pytest.approx(2 * REACH_HEIGHTS * height, rel=0.01)
    heights = np.linalg.norm(samples.quads[:, 3] - samples.quads[:, 0], axis=1)
    assert np.allclose(heights, height, atol=0.01)
    ends = np.linalg.norm(samples.quads, axis=2).min(axis=1)
    assert ends.min() < 1.5 * height  # the ends are trained too: the decoder reads them there


def test_a_cell_belongs_to_the_smaller_instance():
    sign, print_ = box(20, 20, 236, 236), box(100, 116, 160, 140)
    samples = words_of([sign, print_], n_samples=200).samples
    widths = samples.quads[:, 1, 0] - samples.quads[:, 0, 0]
    of_sign = samples.cells[widths > 100]
    inside = ((of_sign >= [25, 29]) & (of_sign < [40, 35])).all(axis=1)
    assert len(of_sign) > 50
    assert not inside.any()
    assert (widths < 100).sum() == 200


def test_vectors_lead_to_the_centre_of_the_word():
    word = make_word("vector", (120, 130), 30, 25)
    samples = letters_of([word]).samples
    reference = (samples.cells + 0.5 + samples.offsets) * 2
    assert np.allclose(reference + samples.vectors, word.quad.mean(axis=0), atol=1e-3)


def test_the_same_seed_draws_the_same_samples():
    words = [make_word("word", (100, 100), 20, 10), make_word("two", (150, 200), 12, 80)]
    first, again = words_of(words).samples, words_of(words).samples
    other = build_word_targets(GRID, words, STRIDE, 16, rng(1)).samples
    assert all(np.array_equal(getattr(first, f.name), getattr(again, f.name)) for f in fields(first))
    assert not np.array_equal(first.cells, other.cells)


def test_words_outside_the_grid_leave_no_trace():
    words = [box(300, 300, 400, 330), box(-90, 0, -20, 30), box(10, -60, 60, -20)]
    for targets in (words_of(words), letters_of([TargetWord(w.quad, w.quad[None], 1.0) for w in words])):
        assert len(targets.samples.cells) == 0
        assert targets.centre.max() < 0.5
        assert np.isfinite(targets.weights).all()


def test_a_word_at_the_edge_is_sampled_where_it_is_seen():
    samples = words_of([box(-40, 100, 40, 120)]).samples
    assert 0 < len(samples.cells) < 16
    assert (samples.cells >= 0).all()
    assert samples.weights.sum() == pytest.approx(1)


def test_what_is_left_out_has_no_weight_and_no_samples():
    targets = words_of([box(20, 20, 120, 60, confidence=0.0), box(140, 20, 220, 60)])
    assert targets.weights[10, 17] == 0
    assert targets.weights[10, 45] > 0
    assert targets.weights[40, 40] == 1
    assert targets.centre[10, 17] == 0
    assert len(targets.samples.cells) == 16


def test_words_whose_letters_nobody_knows_teach_words_only():
    unknown = box(20, 20, 120, 60)
    letters = letters_of([unknown])
    assert letters.weights[20, 35] == 0
    assert len(letters.samples.cells) == 0
    assert len(words_of([unknown]).samples.cells) == 16


def test_trust_of_guessed_letters_is_in_the_weights():
    quad = box(20, 20, 120, 60).quad
    letters = letters_of([TargetWord(quad, quad[None], 0.5)])
    assert letters.weights[20, 35] == 0.5
    assert letters.samples.weights.sum() == pytest.approx(0.5)
    assert words_of([TargetWord(quad, quad[None], 0.5)]).samples.weights.sum() == pytest.approx(1)


def test_small_words_weigh_more_cell_by_cell():
    targets = words_of([box(8, 8, 24, 16), box(40, 40, 250, 200)])
    assert targets.weights[2, 3] > 2 > 0.5 > targets.weights[30, 40]


def test_unknown_directions_are_passed_on():
    known, unknown = make_word("up", (60, 60), 20, 0), make_word("XOX", (160, 160), 20, 0)
    unknown = TargetWord(unknown.quad, unknown.character_quads, 1.0, knows_direction=False)
    for targets in (words_of([known, unknown]), letters_of([known, unknown])):
        assert targets.samples.knows_direction.any()
        assert not targets.samples.knows_direction.all()


DEGENERATE = [
    np.full((4, 2), 50, np.float32),
    np.array([[10, 10], [90, 10], [90, 10], [10, 10]], np.float32),
    np.array([[10, 10], [10, 10], [10, 60], [10, 60]], np.float32),
    np.array([[30, 30], [31, 30], [31, 31], [30, 31]], np.float32),
    np.array([[10, 10], [60, 60], [60, 10], [10, 60]], np.float32),
    np.array([[10, 10], [10, 60], [60, 60], [60, 10]], np.float32),
    np.array([[-9000, 30], [9000, 30], [9000, 31], [-9000, 31]], np.float32),
]


@pytest.mark.parametrize("quad", DEGENERATE)
def test_degenerate_quads_give_numbers(quad):
    for targets in (words_of([TargetWord(quad, quad[None], 1.0)]), letters_of([TargetWord(quad, quad[None], 1.0)])):
        assert np.isfinite(targets.centre).all()
        assert np.isfinite(targets.weights).all()
        assert targets.centre.max() <= 1
        for item in fields(targets.samples):
            assert np.isfinite(getattr(targets.samples, item.name)).all()


def test_no_words_give_empty_samples():
    for targets in (words_of([]), letters_of([])):
        assert not targets.centre.any()
        assert targets.weights.all()
        assert targets.samples.quads.shape == (0, 4, 2)
        assert targets.samples.cells.shape == (0, 2)


def test_thousands_of_words_are_no_hindrance():
    words = [
        make_word("ink", (8 + 21 * (k % 60), 5 + 10 * (k // 60)), 7, 3)
        for k in range(2400)
    ]  # fmt: skip
    targets = words_of(words, size_hw=(160, 320))
    assert len(letters_of(words, size_hw=(320, 640)).samples.cells) > 35_000
    assert len(targets.samples.cells) > 35_000
    assert count_peaks(targets.centre) > 2300
