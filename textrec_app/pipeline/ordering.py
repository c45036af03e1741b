"""Reading order of regions: rows from top to bottom, words along each row (METHODS section 19)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion

_SAME_ROW = 0.5
_GREATEST_GAP = 3.0
_MOST_TURNED_DEG = 30.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A region seen along the picture's reading direction, in pixels."""

    index: int
    left: float
    right: float
    middle: float
    height: float
    slope: float


def order_regions(regions: Sequence[DetectedRegion]) -> list[DetectedRegion]:
    """Sort regions as a person would read them.

    The picture is first turned back by the regions' median angle. A region joins the row whose nearest word it
    continues: their middles differ by less than half the smaller text height along that word's own slope, and the
    gap between them is at most three text heights. So columns stay apart, and tilted rows whole.

    Args:
        regions: with polygons of four corners, clockwise from the text's top-left.

    Returns:
        The same regions, rows from top to bottom.
    """
    rows = group_rows(regions)
    return [region for row in rows for region in row]


def group_rows(regions: Sequence[DetectedRegion]) -> list[list[DetectedRegion]]:
    """Rows of regions in reading order; see `order_regions`."""
    placed = _place(regions)
    rows: list[list[_Placed]] = []
    for word in sorted(placed, key=lambda item: item.left):
        row = _find_row(word, rows)
        if row is None:
            rows.append([word])
        else:
            row.append(word)
    return [[regions[word.index] for word in row] for row in _sort_rows(rows)]


def _place(regions: Sequence[DetectedRegion]) -> list[_Placed]:
    level = [region.angle_deg for region in regions if abs(region.angle_deg) <= _MOST_TURNED_DEG]
    turn = math.radians(float(np.median(level))) if level else 0.0
    cosine, sine = math.cos(turn), math.sin(turn)
    rotation = np.array([[cosine, -sine], [sine, cosine]])  # the angle is counter-clockwise while y grows downwards
    placed = []
    for index, region in enumerate(regions):
        corners = np.array(region.polygon, np.float64) @ rotation.T
        along = corners[:, 0]
        own = math.radians(region.angle_deg) - turn
        slope = -math.tan(own) if abs(own) < math.radians(_MOST_TURNED_DEG) else 0.0
        height = _text_height(corners, abs(own))
        placed.append(
            _Placed(index, float(along.min()), float(along.max()), float(corners[:, 1].mean()), height, slope)
        )
    return placed


def _text_height(corners: NDArray[np.float64], turned_rad: float) -> float:
    if turned_rad > math.radians(_MOST_TURNED_DEG) or len(corners) != 4:
        return max(float(np.ptp(corners[:, 1])), 1.0)
    sides = np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])
    return max(float(sides) / 2, 1.0)


def _find_row(word: _Placed, rows: list[list[_Placed]]) -> list[_Placed] | None:
    """The row that the word continues best, if any."""
    best, best_cost = None, math.inf
    for row in rows:
        last = row[-1]
        height = min(last.height, word.height)
        gap = word.left - last.right
        if gap > _GREATEST_GAP * max(last.height, word.height) or gap < -0.5 * height - 0.5 * (last.right - last.left):
            continue
        distance = (word.left + word.right - last.left - last.right) / 2
        offset = abs(word.middle - last.middle - distance * (last.slope + word.slope) / 2)
        if offset >= _SAME_ROW * height:
            continue
        cost = offset / height + max(gap, 0.0) / (4 * height)
        if cost < best_cost:
            best, best_cost = row, cost
    return best


def _sort_rows(rows: list[list[_Placed]]) -> list[list[_Placed]]:
    """Rows by their middles; rows at one height (a table's, a column's) by their beginnings."""
    by_height = sorted(rows, key=lambda row: float(np.mean([word.middle for word in row])))
    bands: list[list[list[_Placed]]] = []
    for row in by_height:
        middle = float(np.mean([word.middle for word in row]))
        if bands:
            first = bands[-1][0]
            height = min(np.median([word.height for word in first]), np.median([word.height for word in row]))
            if middle - float(np.mean([word.middle for word in first])) < _SAME_ROW * float(height):
                bands[-1].append(row)
                continue
        bands.append([row])
    return [row for band in bands for row in sorted(band, key=lambda row: row[0].left)]
