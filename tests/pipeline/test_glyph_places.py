"""Boxes, sharpness and drift from glyph attention maps."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from textrec_app.pipeline.glyph_places import (
    Box,
    character_width,
    find_boxes,
    measure_drifts,
    measure_sharpness,
    place_characters,
)

H, W = 16, 64


def paint_blobs(*boxes: tuple[float, float, float, float], peak: float = 0.9) -> NDArray[np.float32]:
    """One map with one filled rectangle for each (left, top, right, bottom), as shares."""
    maps = np.zeros((len(boxes), H, W), np.float32)
    for map_, (left, top, right, bottom) in zip(maps, boxes, strict=True):
        map_[round(top * H) : round(bottom * H), round(left * W) : round(right * W)] = peak
    return maps


def even_spans(count: int) -> list[tuple[float, float]]:
    return [(index / count, (index + 1) / count) for index in range(count)]


def test_a_box_is_drawn_around_what_is_bright() -> None:
    (box,) = find_boxes(paint_blobs((0.25, 0.25, 0.5, 0.75)))
    assert box == pytest.approx((0.25, 0.25, 0.5, 0.75), abs=0.02)


def test_specks_and_weak_places_do_not_widen_a_box() -> None:
    maps = paint_blobs((0.25, 0.25, 0.5, 0.75))
    maps[0, :, -4:] = 0.3
    maps[0, 0, 0] = 0.9
    (box,) = find_boxes(maps)
    assert box == pytest.approx((0.25, 0.25, 0.5, 0.75), abs=0.03)


def test_ink_of_the_next_line_is_left_out_and_dots_stay() -> None:
    letter, far, near, equal = (
        (0.3, top, 0.5, bottom) for top, bottom in ((0.3, 0.7), (0.9, 1.0), (0.2, 0.26), (0, 0.1))
    )
    alone, lined, dotted = (paint_blobs(*blobs).max(axis=0) for blobs in ((letter,), (letter, far), (letter, near)))
    colon = paint_blobs(equal, (0.3, 0.35, 0.5, 0.45)).max(axis=0)
    boxes = find_boxes(np.stack([alone, lined, dotted, colon]))
    assert all(boxes)
    tops, bottoms = [box.top for box in boxes if box], [box.bottom for box in boxes if box]
    assert bottoms[1] == pytest.approx(bottoms[0])
    assert tops[2] < tops[0] - 0.05
    assert bottoms[3] - tops[3] > 0.35


def test_only_ink_counts_where_it_is_known() -> None:
    ink = np.zeros((H, W), np.float32)
    ink[4:12, 20:24] = 1.0
    (box,) = find_boxes(paint_blobs((0.25, 0.0, 0.5, 1.0)), ink)
    assert box == pytest.approx((20 / W, 0.25, 24 / W, 0.75), abs=0.02)


@pytest.mark.parametrize("value", [0.0, 0.1, np.nan])
def test_a_map_that_found_nothing_has_no_box(value: float) -> None:
    assert find_boxes(np.full((2, H, W), value, np.float32)) == [None, None]
    assert place_characters(np.full((2, H, W), value, np.float32), even_spans(2)) == [None, None]


def test_characters_follow_a_curve() -> None:
    boxes = [(0.0, 0.5, 0.2, 0.9), (0.3, 0.2, 0.5, 0.6), (0.8, 0.5, 1.0, 0.9)]
    placed = place_characters(paint_blobs(*boxes), even_spans(3))
    for box, expected in zip(placed, boxes, strict=True):
        assert box == pytest.approx(expected, abs=0.05)


def test_a_glyph_far_from_where_its_character_was_read_is_not_believed() -> None:
    maps = paint_blobs((0.0, 0.0, 0.2, 1.0), (0.8, 0.0, 1.0, 1.0))
    placed = place_characters(maps, even_spans(4))
    assert placed[0] is not None
    assert placed[1:] == [None, None, None]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_the_maps_boxes_are_ordered_inside_and_not_thin(seed: int) -> None:
    generator = np.random.default_rng(seed)
    count, slots = int(generator.integers(0, 12)), int(generator.integers(0, 14))
    sharp = generator.random((slots, H, W)) ** float(generator.choice([1, 8, 40]))
    edges = np.sort(generator.random(count + 1))
    spans = list(pairwise(edges.tolist()))
    placed = place_characters(sharp.astype(np.float32), spans)
    assert len(placed) == count
    for box in filter(None, placed):
        assert 0.0 <= box.left < box.right <= 1.0
        assert 0.0 <= box.top < box.bottom <= 1.0
        assert min(box.right - box.left, box.bottom - box.top) > 0.009
    middles = [
        (start + end) / 2 if box is None else box.centre for box, (start, end) in zip(placed, spans, strict=True)
    ]
    kept = [index for index, box in enumerate(placed) if box is not None]
    assert all(middles[left] < middles[right] for left, right in pairwise(kept))


def test_a_map_in_one_place_is_sharp_and_a_spread_one_is_not() -> None:
    maps = paint_blobs((0.4, 0.0, 0.5, 1.0), (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0))
    sharp, spread, empty = measure_sharpness(maps, 0.125)
    assert sharp == pytest.approx(1.0)
    assert spread == pytest.approx(0.125, abs=0.01)
    assert empty == 0.0
    assert measure_sharpness(maps[:0], 0.1) == []
    assert measure_sharpness(maps, 7.0)[0] == pytest.approx(1.0)


def test_drift_is_told_in_character_widths_and_with_its_side() -> None:
    attention = np.zeros((3, 16), np.float32)
    attention[[0, 1, 2], [2, 10, 15]] = 1.0
    boxes = [Box(0.10, 0.0, 0.20, 1.0), Box(0.45, 0.0, 0.55, 1.0), None]
    on_its_glyph, right_of_it, lost = measure_drifts(attention, boxes)
    assert not on_its_glyph.is_drifting
    assert on_its_glyph.distance == pytest.approx((2.5 / 16 - 0.15) / 0.1)
    assert right_of_it.is_drifting
    assert right_of_it.distance == pytest.approx((10.5 / 16 - 0.5) / 0.1)
    assert (lost.distance, lost.glyph_rel) == (None, None)
    assert lost.attention_rel == pytest.approx(15.5 / 16)
    assert not lost.is_drifting


def test_without_boxes_a_characters_width_is_an_even_share() -> None:
    assert character_width([None, None], 2) == 0.5
    assert character_width([], 0) == 1.0
