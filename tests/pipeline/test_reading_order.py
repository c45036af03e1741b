import math
import random

import pytest

from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.grouping import group_regions


def order_regions(regions):
    return [regions[index] for index in group_regions(regions).order]


def group_rows(regions):
    return [[regions[index] for index in row] for row in group_regions(regions).rows]


def region(name, left, top, width, height, angle_deg=0.0):
    """A named region (its score is its name), turned counter-clockwise around the origin."""
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    corners = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    polygon = tuple((x * cosine + y * sine, -x * sine + y * cosine) for x, y in corners)
    return DetectedRegion(polygon, float(name), angle_deg)


def names(regions):
    return [int(item.score) for item in regions]


def page(rows, columns, angle_deg=0.0, step=60):
    return [
        region(row * columns + column, 40 + column * 90, 30 + row * step, 80, 30, angle_deg)
        for row in range(rows)
        for column in range(columns)
    ]


@pytest.mark.parametrize("angle_deg", [-20, -8, 0, 3, 12, 25])
def test_tilted_pages_read_like_straight_ones(angle_deg):
    regions = page(5, 4, angle_deg)
    shuffled = random.Random(0).sample(regions, len(regions))
    assert names(order_regions(shuffled)) == list(range(20))
    assert [len(row) for row in group_rows(shuffled)] == [4] * 5


def test_close_rows_of_small_text_stay_apart_beside_a_large_word():
    large = region(0, 0, 0, 400, 100)
    small = [region(1 + k, 10 + 60 * (k % 3), 120 + 14 * (k // 3), 50, 10) for k in range(6)]
    shuffled = random.Random(1).sample([large, *small], 7)
    assert names(order_regions(shuffled)) == [0, 1, 2, 3, 4, 5, 6]


def test_words_of_one_row_may_differ_in_height_and_position():
    places = [(0, 10, 60, 30), (70, 18, 50, 20), (130, 6, 70, 36), (210, 12, 40, 30)]
    regions = [region(number, *place) for number, place in enumerate(places)]
    assert names(order_regions(regions[::-1])) == [0, 1, 2, 3]
    assert len(group_rows(regions)) == 1


def test_short_cells_far_apart_are_read_row_by_row():
    left = [region(k, 0, 40 * k, 100, 20) for k in range(2)]
    right = [region(2 + k, 600, 40 * k, 100, 20) for k in range(2)]
    rows = group_rows([*left, *right])
    assert [names(row) for row in rows] == [[0, 2], [1, 3]]


def test_a_row_that_leans_more_than_the_page_is_followed():
    level = [region(k, 40 + 90 * k, 300, 80, 30) for k in range(3)]
    leaning = [
        DetectedRegion(
            tuple((x, y - 0.25 * x) for x, y in region(0, 40 + 90 * k, 200, 80, 30).polygon),
            float(3 + k),
            math.degrees(math.atan(0.25)),
        )
        for k in range(4)
    ]
    assert names(order_regions([*level, *leaning][::-1])) == [3, 4, 5, 6, 0, 1, 2]


def test_none_and_one():
    assert order_regions([]) == []
    only = region(0, 0, 0, 10, 10)
    assert order_regions([only]) == [only]


def test_nothing_is_lost_or_doubled():
    generator = random.Random(2)
    regions = [
        region(k, generator.uniform(0, 900), generator.uniform(0, 900), generator.uniform(1, 300),
               generator.uniform(1, 80), generator.uniform(-180, 180))
        for k in range(200)
    ]  # fmt: skip
    assert sorted(names(order_regions(regions))) == list(range(200))


def test_the_order_does_not_depend_on_that_of_the_input():
    regions = page(4, 5, 6.0)
    orders = {tuple(names(order_regions(random.Random(seed).sample(regions, 20)))) for seed in range(5)}
    assert len(orders) == 1
