"""What grouping is compared with: rows by one threshold as the app read until now, and rows as docTR builds them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from textrec_app.domain import DetectedRegion

_SAME_ROW = 0.5
_GREATEST_GAP = 3.0
_MOST_TURNED_DEG = 30.0

Lines = list[list[int]]


@dataclass(frozen=True, slots=True)
class _Placed:
    index: int
    left: float
    right: float
    middle: float
    height: float
    slope: float


def group_by_thresholds(regions: Sequence[DetectedRegion]) -> Lines:
    """Rows of words: middles at most half a height apart, gaps of at most three heights, page turned by its median.

    This is `order_regions` as it was before lines were linked by a fitted judge.
    """
    rows: list[list[_Placed]] = []
    for word in sorted(_place(regions), key=lambda item: item.left):
        row = _find_row(word, rows)
        if row is None:
            rows.append([word])
        else:
            row.append(word)
    return [[word.index for word in row] for row in _sort_rows(rows)]


def group_like_doctr(regions: Sequence[DetectedRegion]) -> Lines:
    """Rows of words as METHODS section 19 tells of docTR: sorted by x + 2·y/h, split at wide gaps.

    Source:
        mindee/doctr, doctr/models/builder.py, Apache-2.0; written anew from its description.
    """
    if not regions:
        return []
    placed = {word.index: word for word in _place(regions)}
    height = float(np.median([word.height for word in placed.values()]))
    order = sorted(placed.values(), key=lambda word: word.middle)
    rows: list[list[_Placed]] = [[order[0]]]
    for word in order[1:]:
        if word.middle - float(np.mean([other.middle for other in rows[-1]])) >= height / 2:
            rows.append([])
        rows[-1].append(word)
    width = max(word.right for word in order) - min(word.left for word in order)
    lines: Lines = []
    for row in rows:
        row.sort(key=lambda word: word.left)
        gaps = [after.left - before.right for before, after in pairwise(row)]
        positive = [gap for gap in gaps if gap > 0]
        most = 0.035 * width
        if len(positive) >= 5:
            most = min(most, max(3 * float(np.median(positive)), height))
        lines.append([row[0].index])
        for gap, word in zip(gaps, row[1:], strict=True):
            if gap >= most:
                lines.append([])
            lines[-1].append(word.index)
    return lines


def _place(regions: Sequence[DetectedRegion]) -> list[_Placed]:
    level = [region.angle_deg for region in regions if abs(region.angle_deg) <= _MOST_TURNED_DEG]
    turn = math.radians(float(np.median(level))) if level else 0.0
    cosine, sine = math.cos(turn), math.sin(turn)
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    placed = []
    for index, region in enumerate(regions):
        corners = np.array(region.polygon, np.float64) @ rotation.T
        along = corners[:, 0]
        own = math.radians(region.angle_deg) - turn
        is_level = abs(own) < math.radians(_MOST_TURNED_DEG)
        slope = -math.tan(own) if is_level else 0.0
        sides = float(np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
        height = max(sides if is_level else float(np.ptp(corners[:, 1])), 1.0)
        placed.append(
            _Placed(index, float(along.min()), float(along.max()), float(corners[:, 1].mean()), height, slope)
        )
    return placed


def _find_row(word: _Placed, rows: list[list[_Placed]]) -> list[_Placed] | None:
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
