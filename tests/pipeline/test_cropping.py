"""Rectified crops and the way back."""

import math

import cv2
import numpy as np
import pytest

from textrec_app.pipeline.cropping import crop_polygon, project_spans, quad_of


def _turned_rectangle(centre: tuple[float, float], size: tuple[float, float], angle_deg: float) -> np.ndarray:
    width, height = size
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    angle = math.radians(angle_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return corners @ turn.T + centre


@pytest.mark.parametrize("angle_deg", [0, 30, 90, 180, -45])
def test_a_turned_word_comes_out_upright(angle_deg: float) -> None:
    quad = _turned_rectangle((100, 100), (80, 24), angle_deg)
    image = np.zeros((200, 200, 3), np.uint8)
    cv2.fillConvexPoly(image, np.round(quad).astype(int), (255, 255, 255))
    left_half = np.array([quad[0], (quad[0] + quad[1]) / 2, (quad[2] + quad[3]) / 2, quad[3]])
    cv2.fillConvexPoly(image, np.round(left_half).astype(int), (255, 0, 0))
    crop = crop_polygon(image, tuple(map(tuple, quad)), margin_rel=0.0)
    assert crop.shape[0] == pytest.approx(24, abs=1)
    assert crop.shape[1] == pytest.approx(80, abs=1)
    assert crop[12, 20].tolist() == [255, 0, 0]
    assert crop[12, 60].tolist() == [255, 255, 255]


def test_the_whole_span_projects_to_the_padded_quad() -> None:
    quad = ((10.0, 20.0), (110.0, 30.0), (108.0, 60.0), (8.0, 50.0))
    whole = project_spans(quad, [(0.0, 1.0)])[0]
    centre = np.mean(whole, axis=0)
    assert centre == pytest.approx(np.mean(quad, axis=0), abs=1.0)
    for padded, plain in zip(whole, quad, strict=True):
        assert math.dist(padded, plain) < 4.0


def test_neighbouring_spans_share_an_edge() -> None:
    quad = ((0.0, 0.0), (100.0, 0.0), (100.0, 20.0), (0.0, 20.0))
    left, right = project_spans(quad, [(0.0, 0.5), (0.5, 1.0)])
    assert left[1] == pytest.approx(right[0])
    assert left[2] == pytest.approx(right[3])


@pytest.mark.parametrize(
    "polygon", [((5, 5),) * 4, ((-50, -50), (-10, -50), (-10, -40), (-50, -40)), ((0, 0), (1, 0), (1, 1), (0, 1))]
)
def test_degenerate_and_outside_polygons_give_a_small_crop(polygon: tuple) -> None:
    crop = crop_polygon(np.zeros((30, 30, 3), np.uint8), polygon)
    assert crop.ndim == 3
    assert min(crop.shape[:2]) >= 4


def test_large_words_are_reduced_and_polygons_become_quads() -> None:
    crop = crop_polygon(np.zeros((600, 900, 3), np.uint8), ((0, 0), (900, 0), (900, 600), (0, 600)))
    assert crop.shape[0] == 96
    points = tuple((50 + 40 * math.cos(t), 30 + 10 * math.sin(t)) for t in np.linspace(0, 6, 12))
    assert quad_of(points).shape == (4, 2)
