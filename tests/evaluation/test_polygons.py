import math

import numpy as np
import pytest

from textrec_app.evaluation.polygons import (
    compute_area,
    compute_intersection,
    compute_intersections,
    compute_iou,
    find_hull,
)


def corners(x0, y0, x1, y1):
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def array(quad):
    return np.array(quad, np.float64)


def test_iou_of_known_pairs():
    unit = array(corners(0, 0, 2, 2))
    assert compute_iou(unit, unit) == pytest.approx(1)
    assert compute_iou(unit, array(corners(1, 0, 3, 2))) == pytest.approx(1 / 3)
    assert compute_iou(unit, array(corners(2, 0, 4, 2))) == 0  # they touch
    assert compute_iou(unit, array(corners(5, 5, 6, 6))) == 0
    diamond = array(((1, 0), (2, 1), (1, 2), (0, 1)))
    assert compute_intersection(unit, diamond) == pytest.approx(2)


def test_iou_does_not_depend_on_order_or_direction():
    first = array(((0, 0), (10, 2), (9, 7), (1, 6)))
    second = array(((3, 1), (12, 3), (11, 9), (2, 5)))
    expected = compute_iou(first, second)
    assert 0 < expected < 1
    assert compute_iou(second, first) == pytest.approx(expected)
    assert compute_iou(first[::-1], second) == pytest.approx(expected)
    assert compute_iou(np.roll(first, 2, axis=0), second[::-1]) == pytest.approx(expected)


def test_intersection_agrees_with_counted_points():
    generator = np.random.default_rng(0)
    points = generator.uniform(0, 10, (200_000, 2))
    for _ in range(5):
        angle = np.sort(generator.uniform(0, 2 * math.pi, (2, 5)), axis=1)
        hulls = [5 + generator.uniform(2, 5) * np.stack([np.cos(a), np.sin(a)], axis=1) for a in angle]
        inside = np.ones(len(points), bool)
        for hull in hulls:
            for start, end in zip(hull, np.roll(hull, -1, axis=0), strict=True):
                side, offset = end - start, points - start
                inside &= side[0] * offset[:, 1] - side[1] * offset[:, 0] >= 0
        assert compute_intersection(*hulls) == pytest.approx(100 * inside.mean(), abs=0.6)


def test_many_intersections_are_those_of_each_pair():
    generator = np.random.default_rng(1)
    hulls = [find_hull(generator.uniform(0, 10, (6, 2)) + generator.uniform(0, 20, 2)) for _ in range(20)]
    hulls[3] = np.zeros((0, 2))
    shared = compute_intersections(hulls[:8], hulls[2:])
    assert shared.shape == (8, 18)
    assert (shared > 0).any()
    assert (shared == 0).any()
    expected = [[compute_intersection(first, second) for second in hulls[2:]] for first in hulls[:8]]
    np.testing.assert_allclose(shared, expected)
    assert compute_intersections([], hulls).shape == (0, 20)
    assert compute_intersections(hulls, []).shape == (20, 0)


def test_hulls_sort_corners_and_are_empty_without_area():
    assert compute_area(find_hull(array(((0, 0), (10, 10), (10, 0), (0, 10))))) == pytest.approx(100)
    for nothing in (np.zeros((0,)), np.zeros((2, 2)), np.full((4, 2), 3.0), np.array([[0, 0], [1, 1], [math.nan, 2]])):
        assert find_hull(nothing).shape == (0, 2)
