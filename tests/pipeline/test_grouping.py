import math
import random

import numpy as np
import pytest

from textrec_app.data.synthesis.page_layouts import draw_layout
from textrec_app.domain import DetectedRegion
from textrec_app.errors import InputError
from textrec_app.evaluation.grouping import compute_kendall_tau, count_pairs, label_words, place_words
from textrec_app.pipeline.grouping import Layout, group_regions, line_polygon
from textrec_app.pipeline.grouping_model import load_models


def word(left, top, width, height, angle_deg=0.0, upside_down=False):
    """A box turned counter-clockwise round the origin, as it is read."""
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    if upside_down:
        corners, angle_deg = corners[2:] + corners[:2], angle_deg + 180
    polygon = tuple((x * cosine + y * sine, -x * sine + y * cosine) for x, y in corners)
    return DetectedRegion(polygon, 0.9, (angle_deg + 180) % 360 - 180)


def write(rows, size=20, angle_deg=0.0):
    """Words of rows of (left, top, widths), spaces of a third of the size."""
    words = []
    for left, top, widths in rows:
        for width in widths:
            words.append(word(left, top, width, size, angle_deg))
            left += width + size / 3
    return words


def shuffle(regions, seed=0):
    """The regions in another order, and for each place the number that it had."""
    order = random.Random(seed).sample(range(len(regions)), len(regions))
    return [regions[index] for index in order], order


def named(groups, order):
    return [[order[index] for index in group] for group in groups]


PARAGRAPH = [(0, 30 * row, [70, 40, 90, 55, 80, 60]) for row in range(5)]


@pytest.mark.parametrize("angle_deg", range(-180, 180, 30))
def test_a_paragraph_turned_by_any_angle_is_five_lines_and_one_block(angle_deg):
    regions, order = shuffle(write(PARAGRAPH, angle_deg=angle_deg))
    layout = group_regions(regions)
    assert named(layout.lines, order) == [list(range(6 * row, 6 * row + 6)) for row in range(5)]
    assert named(layout.blocks, order) == [list(range(30))]
    assert [order[index] for index in layout.order] == list(range(30))


def test_columns_of_prose_are_read_one_after_the_other():
    right = [(left + 480, top, widths) for left, top, widths in PARAGRAPH]
    regions, order = shuffle(write([*PARAGRAPH, *right]))
    layout = group_regions(regions)
    assert named(layout.blocks, order) == [list(range(30)), list(range(30, 60))]


def test_a_title_over_two_columns_comes_first_and_is_a_block_of_its_own():
    right = [(left + 480, top, widths) for left, top, widths in PARAGRAPH]
    title = [word(100, -120, 260, 56), word(380, -120, 300, 56)]
    regions, order = shuffle([*title, *write([*PARAGRAPH, *right])])
    layout = group_regions(regions)
    assert named(layout.blocks, order) == [[0, 1], list(range(2, 32)), list(range(32, 62))]


def test_an_item_of_a_receipt_is_followed_by_its_price():
    rows = []
    for row, widths in enumerate([[60, 80], [90], [50, 40, 70], [110, 30], [75, 60]]):
        rows += [(0, 28 * row, widths), (380, 28 * row, [50])]
    regions, order = shuffle(write(rows))
    layout = group_regions(regions)
    assert [order[index] for index in layout.order] == list(range(len(regions)))
    assert named(layout.lines, order) == [[0, 1], [2], [3], [4], [5, 6, 7], [8], [9, 10], [11], [12, 13], [14]]
    assert named(layout.rows, order) == [[0, 1, 2], [3, 4], [5, 6, 7, 8], [9, 10, 11], [12, 13, 14]]
    assert len(layout.blocks) == 1


def test_signs_far_apart_are_blocks_of_their_own():
    signs = [word(0, 0, 120, 30), word(900, 40, 150, 40), word(300, 700, 100, 25), word(410, 700, 90, 25)]
    layout = group_regions(signs)
    assert layout.lines == ((0,), (1,), (2, 3))
    assert layout.blocks == ((0,), (1,), (2, 3))


def test_a_large_title_and_small_print_under_it_are_two_blocks():
    layout = group_regions([word(0, 0, 300, 80), word(0, 100, 90, 18), word(97, 100, 80, 18)])
    assert layout.blocks == ((0,), (1, 2))


def test_a_word_that_was_found_upside_down_keeps_its_place():
    words = [word(0, 0, 70, 20), word(78, 0, 60, 20), word(146, 0, 80, 20, upside_down=True), word(234, 0, 50, 20)]
    regions, order = shuffle(words)
    assert named(group_regions(regions).lines, order) == [[0, 1, 2, 3]]


def test_text_upside_down_is_read_from_its_own_beginning():
    words = [word(x, y, 60, 20, upside_down=True) for y in (30, 0) for x in (140, 70, 0)]
    regions, order = shuffle(words)
    assert named(group_regions(regions).lines, order) == [[0, 1, 2], [3, 4, 5]]


def test_an_arch_is_one_line():
    words = []
    for angle_deg in range(60, -61, -20):
        angle = math.radians(angle_deg)
        x, y = -300 * math.sin(angle), -300 * math.cos(angle)
        corners = np.array([[-44, -15], [44, -15], [44, 15], [-44, 15]])
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        polygon = tuple((float(a), float(b)) for a, b in corners @ turn + [x, y])
        words.append(DetectedRegion(polygon, 0.9, float(angle_deg)))
    regions, order = shuffle(words)
    assert named(group_regions(regions).lines, order) == [list(range(7))]


def test_short_words_and_single_characters_stay_in_their_line():
    regions, order = shuffle(write([(0, 0, [70, 8, 60, 18, 90]), (0, 30, [15, 60, 6, 12, 80])]))
    assert named(group_regions(regions).lines, order) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_doubles_and_parts_of_a_word_are_in_its_line():
    regions = [word(0, 0, 80, 20), word(0, 0, 80, 20), word(88, 0, 90, 20), word(90, 1, 40, 18)]
    assert sorted(group_regions(regions).lines[0]) == [0, 1, 2, 3]


def test_nothing_and_one():
    assert group_regions([]) == Layout((), (), (), ())
    assert group_regions([word(0, 0, 50, 20)]) == Layout((0,), ((0,),), ((0,),), ((0,),))


def test_degenerate_polygons_lose_nothing():
    point, none = DetectedRegion(((5.0, 5.0),) * 4, 0.5), DetectedRegion((), 0.5)
    triangle = DetectedRegion(((0.0, 0.0), (40.0, 0.0), (40.0, 12.0)), 0.5)
    broken = DetectedRegion(((math.nan, 0.0), (40.0, 0.0), (40.0, 12.0), (0.0, 12.0)), 0.5, math.nan)
    ring = DetectedRegion(tuple((50 + 30 * math.cos(k), 50 + 9 * math.sin(k)) for k in range(6)), 0.5)
    layout = group_regions([point, point, none, triangle, broken, ring, word(0, 0, 50, 20)])
    assert sorted(layout.order) == list(range(7))


@pytest.mark.parametrize("kind", ["columns", "receipts", "tables", "forms", "scenes", "rotated"])
def test_each_word_is_in_one_line_one_row_and_one_block(kind):
    regions = draw_layout(kind, np.random.default_rng(5)).regions
    layout = group_regions(regions)
    for groups in (layout.lines, layout.rows, layout.blocks):
        assert [index for group in groups for index in group] == list(layout.order)
    assert sorted(layout.order) == list(range(len(regions)))


@pytest.mark.parametrize(
    ("kind", "least"), [("columns", 0.9), ("receipts", 0.9), ("tables", 0.85), ("scenes", 0.85), ("rotated", 0.9)]
)
def test_drawn_layouts_are_grouped_and_ordered(kind, least):
    lines, taus = [], []
    for seed in range(6):
        truth = draw_layout(kind, np.random.default_rng([77, seed]))
        layout = group_regions(truth.regions)
        lines.append(count_pairs(truth.lines, label_words(layout.lines, len(truth.regions))))
        taus.append(compute_kendall_tau(truth.ranks, place_words(layout.order), truth.sections))
    assert sum(lines[1:], lines[0]).f1 > least
    assert np.mean(taus) > least


def test_two_thousand_words_are_grouped_like_twenty():
    generator = np.random.default_rng(0)
    rows = [(0, 30 * row, generator.uniform(10, 110, 20).tolist()) for row in range(100)]
    assert len(group_regions(write(rows)).lines) == 100


def test_the_rectangle_of_a_line_begins_where_the_line_does():
    words = [word(x, 0, 60, 20, angle_deg=180) for x in (0, 70, 140)]
    quad = np.array(line_polygon([region.polygon for region in words]))
    np.testing.assert_allclose(quad, [[0, 0], [-200, 0], [-200, -20], [0, -20]], atol=1e-6)


def test_the_rectangle_of_one_word_is_its_own():
    polygon = word(3, 4, 50, 20, 33).polygon
    assert line_polygon([polygon]) == polygon


def test_a_lean_line_is_bound_along_its_lean():
    words = [word(70 * k, 0, 62, 20, angle_deg=25) for k in range(5)]
    quad = np.array(line_polygon([region.polygon for region in words]))
    assert np.linalg.norm(quad[1] - quad[0]) == pytest.approx(342, abs=1)
    assert np.linalg.norm(quad[3] - quad[0]) == pytest.approx(20, abs=1)


def test_a_judge_says_which_features_it_lacks():
    with pytest.raises(InputError, match="across"):
        load_models()["words"].score(("gap",), np.zeros((1, 1)))
