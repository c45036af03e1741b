"""Cutting a word out of a picture: the quad is laid flat, with a little room around the ink."""

import cv2
import numpy as np

from textrec_app.domain import Polygon

MARGIN_REL = 0.04
MAX_CROP_HEIGHT_PX = 96


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
    matrix, (height, width) = _rectification(polygon, MARGIN_REL)
    inverse = np.linalg.inv(matrix)
    quads: list[Polygon] = []
    for start, end in spans_rel:
        left, right = start * width, end * width
        flat = np.array([[[left, 0], [right, 0], [right, height], [left, height]]], np.float64)
        points = cv2.perspectiveTransform(flat, inverse)[0]
        quads.append(tuple((float(x), float(y)) for x, y in points))
    return quads


def quad_of(polygon: Polygon) -> np.ndarray:
    """(4, 2) float32 corners of a polygon, clockwise from the text's top-left."""
    points = np.asarray(polygon, np.float32)
    if len(points) == 4:
        return points
    corners = cv2.boxPoints(cv2.minAreaRect(points)).astype(np.float32)
    first = int(np.argmin(corners.sum(axis=1)))
    return np.roll(corners, -first, axis=0)


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
