"""Where the columns of a line of text are empty."""

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.detection_targets import Quads

HEIGHT_PX = 32
_MOST_COLUMNS = 4096
_EMPTY_REL = 0.23
_MIN_CONTRAST = 3.0
_MIN_RATIO = 2.0
_MIN_SPACE = 0.16
_LETTERS_TIMES = 2.3


def find_spaces(image: NDArray[np.uint8], quad: Quads) -> NDArray[np.float64]:
    """Find the spaces between the words of a line.

    A column is empty where the picture hardly changes along it or towards its neighbours, dark on bright or bright
    on dark alike; a space is at least 0.16 of the line's height wide, and more than twice as wide as the median of
    the line's empty stretches, most of which lie between letters. On a busy ground no column is empty.

    Args:
        image: (H, W, 3) uint8.
        quad: (4, 2) of the line, from where reading begins.

    Returns:
        (n, 2) float64, ends of the spaces along the line, in units of its height; none at the line's ends.
    """
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    height, length = float(sides[1] + sides[3]) / 2, float(sides[0] + sides[2]) / 2
    columns = round(HEIGHT_PX * length / max(height, 1e-6))
    none = np.zeros((0, 2), np.float64)
    if height < 2 or not HEIGHT_PX // 2 < columns <= _MOST_COLUMNS:
        return none
    target = np.array([[0, 0], [columns, 0], [columns, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    strip = cv2.warpPerspective(
        image, cv2.getPerspectiveTransform(quad.astype(np.float32), target), (columns, HEIGHT_PX), flags=cv2.INTER_AREA
    )
    change = _measure_change(strip)
    calm, usual = np.percentile(change, (3, 80)).tolist()
    if usual < _MIN_CONTRAST + _MIN_RATIO * calm:
        return none
    runs = _list_runs(change < calm + _EMPTY_REL * (usual - calm))
    inner = runs[(runs[:, 0] > 0) & (runs[:, 1] < columns)] / HEIGHT_PX
    widths = inner[:, 1] - inner[:, 0]
    narrow = widths[widths < 0.5]
    least = max(_MIN_SPACE, _LETTERS_TIMES * float(np.median(narrow)) if len(narrow) > 2 else 0.0)
    return inner[widths >= min(least, 0.5)]


def _measure_change(strip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(columns,) strongest change of brightness in each column, leaving out the uppermost and lowest rows."""
    grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inner = cv2.GaussianBlur(grey, (3, 3), 0)[3:-3]
    along = np.abs(np.diff(inner, axis=1, prepend=inner[:, :1]))
    spread = np.percentile(inner, 95, axis=0) - np.percentile(inner, 5, axis=0)
    return np.maximum(np.percentile(along, 90, axis=0), spread / 2).astype(np.float32)


def _list_runs(is_empty: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 2) first and last-plus-one index of each run of True."""
    edges = np.diff(np.concatenate([[0], is_empty.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1).astype(np.float64)
