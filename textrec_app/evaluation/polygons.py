"""Areas that polygons share, by clipping one with each side of the other."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.float64]


def compute_iou(first: Corners, second: Corners) -> float:
    """Intersection over union of two convex polygons.

    Args:
        first: (n, 2) corners in order, as `find_hull` gives them.
        second: (m, 2) likewise.

    Returns:
        0 to 1; 0 where either has no area.
    """
    shared = compute_intersection(first, second)
    union = compute_area(first) + compute_area(second) - shared
    return shared / union if union > 0 else 0.0


def compute_intersection(first: Corners, second: Corners) -> float:
    """Area that two convex polygons share."""
    if len(first) < 3 or len(second) < 3:
        return 0.0
    if (first.max(axis=0) <= second.min(axis=0)).any() or (second.max(axis=0) <= first.min(axis=0)).any():
        return 0.0
    clipped = [tuple(corner) for corner in first]
    turn = 1.0 if _signed_area(second) > 0 else -1.0
    for start, end in zip(second, np.roll(second, -1, axis=0), strict=True):
        clipped = _clip(clipped, start, (end - start) * turn)
        if len(clipped) < 3:
            return 0.0
    return compute_area(np.array(clipped))


def compute_intersections(first: Sequence[Corners], second: Sequence[Corners]) -> NDArray[np.float64]:
    """Area that each of n convex polygons shares with each of m: (n, m); 0 for empty ones.

    Only pairs whose upright boxes overlap are clipped, so pages of hundreds of words take little time.
    """
    shared = np.zeros((len(first), len(second)))
    low_first, high_first = _bound(first)
    low_second, high_second = _bound(second)
    near = (low_first[:, None] < high_second[None]) & (low_second[None] < high_first[:, None])
    for row, column in np.argwhere(near.all(axis=-1)).tolist():
        shared[row, column] = compute_intersection(first[row], second[column])
    return shared


def compute_area(corners: Corners) -> float:
    """Area of a simple polygon (n, 2)."""
    return abs(_signed_area(corners)) if len(corners) >= 3 else 0.0


def find_hull(corners: NDArray[np.floating]) -> Corners:
    """Convex hull (n, 2) of any points; empty where they have no area."""
    if len(corners) < 3 or not np.isfinite(corners).all():
        return np.zeros((0, 2))
    hull = cv2.convexHull(corners.astype(np.float32)).reshape(-1, 2).astype(np.float64)
    return hull if compute_area(hull) > 0 else np.zeros((0, 2))


def _bound(polygons: Sequence[Corners]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest x and y of each polygon, (n, 2) both; an empty polygon reaches nowhere."""
    nowhere = np.full((1, 2), np.nan)
    shaped = [corners if len(corners) else nowhere for corners in polygons]
    low = np.array([corners.min(axis=0) for corners in shaped]).reshape(-1, 2)
    high = np.array([corners.max(axis=0) for corners in shaped]).reshape(-1, 2)
    return low, high


def _clip(polygon: list[tuple[float, ...]], start: Corners, side: Corners) -> list[tuple[float, ...]]:
    """The part of a polygon on the left of a line (Sutherland and Hodgman)."""
    heights = [side[0] * (y - start[1]) - side[1] * (x - start[0]) for x, y in polygon]
    kept: list[tuple[float, ...]] = []
    for index, corner in enumerate(polygon):
        before, here = heights[index - 1], heights[index]
        if before * here < 0:
            share = before / (before - here)
            kept.append(tuple(a + share * (b - a) for a, b in zip(polygon[index - 1], corner, strict=True)))
        if here >= 0:
            kept.append(corner)
    return kept


def _signed_area(corners: Corners) -> float:
    x, y = corners[:, 0], corners[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
