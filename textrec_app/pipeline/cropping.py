"""Cutting a word out of a picture: the quad is laid flat, with a little room around the ink."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import Polygon

MARGIN_REL = 0.04
MAX_CROP_HEIGHT_PX = 96
LEAST_SIDE_REL = 0.01
"""No character's box is thinner, as a share of the crop's side."""


def crop_polygon(image: np.ndarray, polygon: Polygon, margin_rel: float = MARGIN_REL) -> np.ndarray:
    """Rectify the quad of a word by a perspective transform.

    Args:
        image: (H, W, 3) uint8.
        polygon: corners, clockwise from the text's top-left; more than four are reduced to their rectangle.
        margin_rel: room added on every side, as a share of the word's height.

    Returns:
        (h, w, 3) uint8, at least 4 x 4, at most 96 high; pixels beyond the picture repeat its edge.
    """
    matrix, size_hw = _rectification(polygon, margin_rel)
    return cv2.warpPerspective(
        image, matrix, (size_hw[1], size_hw[0]), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def project_spans(polygon: Polygon, spans_rel: list[tuple[float, float]]) -> list[Polygon]:
    """Column spans of a crop as quads in the picture.

    Args:
        spans_rel: (start, end) of each character, 0 to 1 of the crop's width.
    """
    return _project(polygon, [(start, 0.0, end, 1.0) for start, end in spans_rel])


def project_boxes(polygon: Polygon, boxes_rel: Sequence[Sequence[float]]) -> list[Polygon]:
    """Boxes in a crop as quads in the picture, clockwise from their top-left.

    Args:
        boxes_rel: (left, top, right, bottom) of each, as shares of the crop's width and height. What lies in the
            crop's margin is drawn in to the polygon's edge.
    """
    inset_xy = _inset_rel(polygon)
    fitted = []
    for box in boxes_rel:
        start = np.clip(box[:2], inset_xy, 1.0 - inset_xy - LEAST_SIDE_REL)
        end = np.clip(box[2:], start + LEAST_SIDE_REL, 1.0 - inset_xy)
        fitted.append((*start.tolist(), *end.tolist()))
    return _project(polygon, fitted)


def quad_of(polygon: Polygon) -> np.ndarray:
    """(4, 2) float32 corners of a polygon, clockwise from the text's top-left."""
    points = np.asarray(polygon, np.float32)
    if len(points) == 4:
        return points
    corners = cv2.boxPoints(cv2.minAreaRect(points)).astype(np.float32)
    first = int(np.argmin(corners.sum(axis=1)))
    return np.roll(corners, -first, axis=0)


def _inset_rel(polygon: Polygon) -> NDArray[np.float64]:
    """(2,) width and height of the margin at each side of a crop, as shares of the crop's."""
    matrix, (height, width) = _rectification(polygon, MARGIN_REL)
    first = cv2.perspectiveTransform(quad_of(polygon)[None, :1].astype(np.float64), matrix)[0, 0]
    return np.clip(np.nan_to_num(first / (width, height)), 0.0, 0.25)


def _project(polygon: Polygon, boxes_rel: Sequence[Sequence[float]]) -> list[Polygon]:
    matrix, (height, width) = _rectification(polygon, MARGIN_REL)
    inverse = np.linalg.inv(matrix)
    quads: list[Polygon] = []
    for left_rel, top_rel, right_rel, bottom_rel in boxes_rel:
        left, right, top, bottom = left_rel * width, right_rel * width, top_rel * height, bottom_rel * height
        flat = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
        points = cv2.perspectiveTransform(flat, inverse)[0]
        quads.append(tuple((float(x), float(y)) for x, y in points))
    return quads


def _rectification(polygon: Polygon, margin_rel: float) -> tuple[np.ndarray, tuple[int, int]]:
    quad = quad_of(polygon)
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    left, right = quad[3] - quad[0], quad[2] - quad[1]
    width = max(float(np.linalg.norm(top)), float(np.linalg.norm(bottom)), 1.0)
    height = max(float(np.linalg.norm(left)), float(np.linalg.norm(right)), 1.0)
    margin = margin_rel * min(height, width)
    scale = min(1.0, MAX_CROP_HEIGHT_PX / (height + 2 * margin))
    size_hw = (max(4, round((height + 2 * margin) * scale)), max(4, round((width + 2 * margin) * scale)))
    inset_x, inset_y = margin * scale, margin * scale
    target = np.array(
        [
            [inset_x, inset_y],
            [size_hw[1] - inset_x, inset_y],
            [size_hw[1] - inset_x, size_hw[0] - inset_y],
            [inset_x, size_hw[0] - inset_y],
        ],
        np.float32,
    )
    return cv2.getPerspectiveTransform(quad, target), size_hw
