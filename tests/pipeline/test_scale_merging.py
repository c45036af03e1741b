import math
import time

import numpy as np
import pytest

from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.scale_merging import Look, merge_looks, merge_scales


def region(x0, y0, x1, y1, score=0.8):
    return DetectedRegion(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), score)


SMALL = region(0, 0, 60, 20)


def test_small_text_is_the_near_looks_business():
    assert merge_scales([SMALL], [region(0, 0, 200, 30)], large_px=100) == [SMALL]


def test_large_words_that_only_the_far_look_saw_are_added():
    large = region(0, 100, 400, 220)
    assert merge_scales([SMALL], [large], large_px=100) == [SMALL, large]


def test_fragments_of_a_large_word_give_way_to_it():
    fragments = [region(0, 105, 90, 215), region(150, 105, 260, 200)]
    large = region(0, 100, 400, 220)
    assert merge_scales([*fragments, SMALL], [large], large_px=100) == [SMALL, large]


def test_a_word_of_middling_height_that_was_found_near_stays():
    near = region(0, 0, 200, 70)
    assert merge_scales([near], [region(0, 0, 220, 80)], large_px=100) == [near]


def test_a_complete_near_word_is_not_cut_down():
    near = region(0, 0, 500, 120)
    assert merge_scales([near], [region(0, 0, 300, 118)], large_px=100) == [near]


def test_none_and_degenerate():
    assert merge_scales([], [], 100) == []
    flat = region(5, 5, 5, 5)
    assert merge_scales([flat], [flat], 100) == [flat]


PICTURE = (1000, 2000)
LEFT, RIGHT = (0, 0, 1100, 1000), (900, 0, 2000, 1000)


def two_tiles(left, right, whole=()):
    """Two tiles that share the columns 900 to 1100, and a look at the whole that is trusted above 40 px."""
    looks = [Look(whole, trusted_px=(40, math.inf)), Look(left, window_xyxy=LEFT), Look(right, window_xyxy=RIGHT)]
    return merge_looks(looks, PICTURE)


def test_one_look_is_left_as_it_is():
    crowded = [SMALL, region(1, 1, 60, 20)]
    assert merge_looks([Look(crowded)], PICTURE) == crowded
    assert merge_looks([], PICTURE) == []
    assert merge_looks([Look([]), Look([])], PICTURE) == []


def test_words_of_unusable_height_are_left_out():
    look = Look([SMALL, region(0, 100, 60, 180)], scale=2.0, usable_px=(10, 100))
    assert merge_looks([look], PICTURE) == [SMALL]


def test_what_both_tiles_see_comes_once_with_the_higher_score():
    better = region(950, 101, 1050, 129, score=0.9)
    assert two_tiles([region(950, 100, 1050, 130)], [better]) == [better]


def test_a_cut_word_gives_way_to_the_whole_one():
    whole = region(1000, 100, 1200, 130, score=0.5)
    assert two_tiles([region(1000, 100, 1100, 130, score=0.99)], [whole]) == [whole]


def test_a_cut_word_gives_way_to_that_of_the_look_at_the_whole():
    whole = region(700, 100, 1400, 130, score=0.4)
    assert two_tiles([region(700, 100, 1100, 130)], [], [whole]) == [whole]


def test_a_word_at_the_border_of_the_picture_is_not_cut():
    last = region(1900, 100, 2000, 130)
    assert two_tiles([], [last]) == [last]


@pytest.mark.parametrize("angle_deg", [0.0, 7.0, 180.0])
def test_parts_of_a_line_are_joined(angle_deg):
    parts, line = _cut_line(angle_deg)
    (joined,) = two_tiles(*([part] for part in parts))
    assert np.allclose(joined.polygon, line.polygon, atol=1e-3)
    assert joined.score == pytest.approx(0.7, abs=0.1)
    assert np.allclose(joined.character_polygons, line.character_polygons)


def _cut_line(angle_deg):
    """A line of 18 characters from x = 200 to 1800, seen to 1100 and from 900; and the whole of it."""
    turn = np.deg2rad(angle_deg)
    along, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])

    def quad(begin, end):
        corners = ((begin, -20), (end, -20), (end, 20), (begin, 20))
        return tuple(tuple(np.array([1000, 500]) + x * along + y * down) for x, y in corners)

    def piece(begin, end, score):
        starts = [x for x in range(-900, 900, 100) if begin <= x and x + 100 <= end]
        return DetectedRegion(quad(begin, end), score, -angle_deg, tuple(quad(x, x + 100) for x in starts))

    reach = 100 / abs(np.cos(turn))
    first, second = piece(-900, reach, 0.8), piece(-reach, 900, 0.6)
    return ((second, first) if angle_deg == 180.0 else (first, second)), piece(-900, 900, 0.7)


def test_lines_below_each_other_are_not_joined():
    first, second = region(500, 100, 1100, 140), region(900, 128, 1400, 168)
    assert two_tiles([first], [second]) == [first, second]


def test_several_words_are_not_given_up_for_one_blurred_line():
    line = region(100, 100, 500, 120)
    words = [region(100, 100, 280, 120), region(300, 100, 500, 120)]
    assert two_tiles(words, [], [line]) == words


def test_a_block_of_text_is_no_word():
    block = region(100, 100, 700, 300)
    lines = [region(100, y, 700, y + 30) for y in range(100, 300, 40)]
    assert two_tiles(lines, [], [block]) == lines


def test_doubtful_words_change_nothing_among_the_others():
    sure, doubtful = region(100, 100, 300, 140, 0.7), region(100, 90, 900, 150, 0.2)
    looks = [Look([sure]), Look([doubtful, region(100, 500, 300, 540, 0.1)])]
    assert merge_looks(looks, PICTURE, sure_score=0.5) == [sure, region(100, 500, 300, 540, 0.1)]
    assert merge_looks(looks, PICTURE)[0] == doubtful


def test_no_word_of_a_page_comes_twice_and_it_is_quick():
    words = [region(x, y, x + 70, y + 14, 0.5 + x / 9000) for y in range(0, 1000, 20) for x in range(0, 2000, 80)][:500]
    shifted = [region(x + 2, y - 1, u + 1, v + 1, 0.9) for ((x, y), _, (u, v), _) in (w.polygon for w in words)]
    looks = [Look(words), Look(shifted, window_xyxy=(0, 0, 2500, 1000)), Look(words, trusted_px=(40, 99))]
    began = time.process_time()
    merged = merge_looks(looks, PICTURE)
    spent = time.process_time() - began
    assert len(merged) == 500
    assert spent < 0.5
