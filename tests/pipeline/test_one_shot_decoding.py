"""Words come back from ideal maps: what the network learns is what the decoder reads."""

from dataclasses import replace

import numpy as np
import pytest

from models.detection.one_shot import (
    CENTRE,
    CHARACTER_CHANNELS,
    COLUMN_QUAD,
    ORIENTATION,
    ROW_QUAD,
    WORD_CHANNELS,
)
from tests.support.one_shot_maps import draw_maps, make_word, quad_iou
from textrec_app.pipeline.one_shot_decoding import (
    OneShotThresholds,
    combine_scores,
    find_one_shot_words,
    find_peaks,
    grow_quad,
)

SIZE = (256, 256)
THRESHOLDS = OneShotThresholds()


def find(words, size_hw=SIZE, thresholds=THRESHOLDS):
    return find_one_shot_words(*draw_maps(size_hw, words), thresholds)


def order_from_left(found):
    return sorted(found, key=lambda word: word.quad[:, 0].mean())


@pytest.mark.parametrize("degrees", range(-180, 180, 15))
@pytest.mark.parametrize(("text", "height_px"), [("Harbour", 24.0), ("ab", 11.0), ("I", 40.0)])
def test_words_of_every_direction_come_back_from_their_first_corner(degrees, text, height_px):
    word = make_word(text, (128.3, 126.9), height_px, degrees)
    (found,) = find([word])
    assert quad_iou(found.quad, word.quad) > 0.9
    first = np.linalg.norm(found.quad - word.quad[0], axis=1).argmin()
    assert first == 0
    assert found.score > 0.8
    assert len(found.character_quads) == len(text)
    for got, wanted in zip(found.character_quads, word.character_quads, strict=True):
        assert quad_iou(got, wanted) > 0.75
        assert np.linalg.norm(got - wanted[0], axis=1).argmin() == 0


@pytest.mark.parametrize("degrees", [0, 45, 90, 200])
@pytest.mark.parametrize("ridge", [False, True])
def test_a_line_of_sixty_heights_is_one_word(degrees, ridge):
    height_px = 12.0
    line = make_word("o" * 100, (384, 384), height_px, degrees)
    words, characters = draw_maps((768, 768), [line])
    if ridge:  # what a network says that does not see where the middle of a long line is
        rng = np.random.default_rng(3)
        inside = words[ORIENTATION].any(axis=0)
        words[CENTRE][inside] = rng.normal(2.0, 0.5, inside.sum())
        assert len(find_peaks(words[CENTRE], 0.4, 1000)[0]) > 10
    (found,) = find_one_shot_words(words, characters, THRESHOLDS)
    assert quad_iou(found.quad, line.quad) > 0.9
    assert len(found.character_quads) > 95


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 250])
@pytest.mark.parametrize("n_letters", [2, 8, 30])
def test_neighbours_a_third_of_a_height_apart_stay_two(degrees, n_letters):
    height_px, angle = 16.0, np.radians(degrees)
    away = (n_letters * 0.6 + 1 / 3) * height_px / 2
    shift = away * np.array([np.cos(angle), np.sin(angle)])
    words = [make_word("o" * n_letters, (384 + s * shift[0], 384 + s * shift[1]), height_px, degrees) for s in (-1, 1)]
    found = find(words, (768, 768))
    assert len(found) == 2
    for word in words:
        assert max(quad_iou(got.quad, word.quad) for got in found) > 0.85


@pytest.mark.parametrize("overshoot", [0.6, 1.2, 1.8])
def test_an_end_read_too_far_does_not_swallow_the_next_word(overshoot):
    """The cell at the end would be the neighbour's; it does not reach back to where the word began."""
    height_px = 16.0
    words = [make_word("o" * 8, (100, 128), height_px, 0), make_word("o" * 8, (100 + 77 + 5, 128), height_px, 0)]
    maps, characters = draw_maps(SIZE, words)
    row, column = 128 // 4, 100 // 4
    for channels in (ROW_QUAD, COLUMN_QUAD):
        x = maps[channels, row, column].reshape(4, 2)
        for corner in (1, 2):
            x[corner, 0] = np.log1p(np.expm1(x[corner, 0]) + overshoot * height_px / 4)
    found = order_from_left(find_one_shot_words(maps, characters, THRESHOLDS))
    assert len(found) == 2
    assert found[0].quad[:, 0].max() < 138 + (overshoot + 0.2) * height_px
    assert quad_iou(found[1].quad, words[1].quad) > 0.9


def test_characters_come_in_reading_order_with_their_own_word():
    words = [
        make_word("abcdef", (70, 60), 20, 0),
        make_word("wxyz", (70, 90), 20, 180),
        make_word("lm", (180, 80), 24, 90),
    ]
    found = find(words)
    assert len(found) == 3
    for word in words:
        (got,) = [item for item in found if quad_iou(item.quad, word.quad) > 0.9]
        centres, wanted = got.character_quads.mean(axis=1), word.character_quads.mean(axis=1)
        assert centres.shape == wanted.shape
        assert np.abs(centres - wanted).max() < 2


def test_where_words_cross_letters_go_where_they_point():
    """Both quads hold the letters where they overlap."""
    words = [make_word("abcdefgh", (105, 124), 20, 0), make_word("stuvwxyz", (175, 138), 20, 15)]
    found = find(words)
    assert len(found) == 2
    for word in words:
        got = max(found, key=lambda item: quad_iou(item.quad, word.quad))
        centres, wanted = got.character_quads.mean(axis=1), word.character_quads.mean(axis=1)
        nearest = np.linalg.norm(centres[:, None] - wanted[None], axis=2).argmin(axis=1)
        assert np.linalg.norm(centres - wanted[nearest], axis=1).max() < 5  # no letter of the other word
        assert len(set(nearest.tolist())) == len(nearest)


def test_large_letters_on_a_plateau_of_the_map_are_found_once():
    """A network that computes in bfloat16 gives the same value to all cells near the top of a wide bell."""
    word = make_word("ABC", (128, 128), 90, 0)
    words, characters = draw_maps(SIZE, [word])
    for maps in (words, characters):
        maps[CENTRE] = np.minimum(np.round(maps[CENTRE] * 2) / 2, 2.5)
    (found,) = find_one_shot_words(words, characters, THRESHOLDS)
    assert len(found.character_quads) == 3
    assert min(quad_iou(*pair) for pair in zip(found.character_quads, word.character_quads, strict=True)) > 0.9


def test_a_word_around_another_of_smaller_text_keeps_both():
    words = [make_word("XX", (128, 128), 120, 0), make_word("fine print", (128, 170), 14, 0)]
    assert len(find(words)) == 2


def test_maps_without_text_give_nothing():
    words = np.full((WORD_CHANNELS, 16, 24), -6.0, np.float32)
    characters = np.full((CHARACTER_CHANNELS, 32, 48), -6.0, np.float32)
    assert find_one_shot_words(words, characters, THRESHOLDS) == []
    characters[CENTRE, 5, 5] = 5.0  # a letter that lies in no word is no word
    assert find_one_shot_words(words, characters, THRESHOLDS) == []


def test_words_without_letters_are_words():
    word = make_word("Harbour", (128, 128), 24, 0)
    words, characters = draw_maps(SIZE, [word])
    characters[CENTRE] = -6
    (found,) = find_one_shot_words(words, characters, THRESHOLDS)
    assert found.character_quads.shape == (0, 4, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("share", [0.05, 1.0])
def test_what_is_no_number_never_comes_out(value, share):
    maps = [values.copy() for values in draw_maps(SIZE, [make_word("Harbour", (128, 128), 24, 20)])]
    rng = np.random.default_rng(1)
    for values in maps:
        values[rng.random(values.shape) < share] = value
    for found in find_one_shot_words(*maps, THRESHOLDS):
        assert np.isfinite(found.quad).all()
        assert np.isfinite(found.character_quads).all()
        assert 0 <= found.score <= 1


@pytest.mark.parametrize("floor", [0.0, 0.02, 0.5, 1.0])
def test_every_position_of_the_slider_is_allowed(floor):
    find([make_word("Harbour", (128, 128), 24, 20)], thresholds=replace(THRESHOLDS, score=floor))


def test_peaks_come_the_surest_first_and_no_more_than_asked_for():
    logits = np.full((20, 20), -9.0, np.float32)
    logits[3, 4], logits[10, 12], logits[15, 2], logits[16, 2] = 1.0, 3.0, 2.0, 2.0  # the last two touch: one peak
    columns, rows, scores = find_peaks(logits, 0.5, 10)
    assert list(zip(columns.tolist(), rows.tolist(), strict=True)) == [(12, 10), (2, 15), (4, 3)]
    assert np.allclose(scores, 1 / (1 + np.exp([-3.0, -2.0, -1.0])))
    assert len(find_peaks(logits, 0.5, 2)[0]) == 2
    assert len(find_peaks(logits, 0.9, 10)[0]) == 1


def test_a_page_of_three_hundred_words_keeps_every_word_and_letter():
    places = [(40 + 110 * column, 14 + 22 * row) for row in range(30) for column in range(10)]
    words = [make_word("reading", place, 14, 0) for place in places]
    maps = draw_maps((672, 1120), words)
    found = find_one_shot_words(*maps, THRESHOLDS)
    assert len(found) == 300
    assert {len(word.character_quads) for word in found} == {7}


def test_a_word_is_as_sure_as_its_centre_and_its_characters_together():
    letters = np.array([0.9, 0.5], np.float32)
    assert combine_scores(0.7, letters) == pytest.approx((0.7 * 0.7) ** 0.5)
    assert combine_scores(1.0, np.zeros(0, np.float32)) == pytest.approx(0.5)
    assert combine_scores(0.9, letters) > combine_scores(0.6, letters)


def test_words_grow_along_and_across_the_text_by_shares_of_its_height():
    upright = np.array([[10, 20], [110, 20], [110, 40], [10, 40]], np.float32)
    assert np.allclose(grow_quad(upright, 0.15, 0.05), [[7, 19], [113, 19], [113, 41], [7, 41]])
    turn = np.array([[0, 1], [-1, 0]], np.float32)  # text that runs down
    assert np.allclose(grow_quad(upright @ turn, 0.15, 0.05), grow_quad(upright, 0.15, 0.05) @ turn)
    assert np.isfinite(grow_quad(np.zeros((4, 2), np.float32), 0.15, 0.05)).all()
