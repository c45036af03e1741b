"""Words that the border of a window cuts: which they are, and how their parts become one word again."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion, Polygon

Quads = NDArray[np.float32]

_NEAR_BORDER = 0.35
_LEAST_BORDER_PX = 2.0
_SAME_DIRECTION = math.cos(math.radians(12.0))
_ALIKE_HEIGHT = 1.5
_SAME_LINE = 0.4


def find_cut(
    quads: Quads, window_xyxy: tuple[int, int, int, int] | None, size_hw: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which words end at a border of a window that is no border of the picture.

    Args:
        quads: (N, 4, 2) in pixels of the picture.
        window_xyxy: None for the whole picture, which cuts nothing.

    Returns:
        (N,) bool.
    """
    if window_xyxy is None:
        return np.zeros(len(quads), bool)
    height, width = size_hw
    x0, y0, x1, y1 = window_xyxy
    sides = np.linalg.norm(quads - np.roll(quads, 1, axis=1), axis=-1).min(axis=1)  # (N,) the shortest side
    reach = np.maximum(_NEAR_BORDER * sides, _LEAST_BORDER_PX)
    low, high = quads.min(axis=1), quads.max(axis=1)
    cut = np.zeros(len(quads), bool)
    if x0 > 0:
        cut |= low[:, 0] < x0 + reach
    if y0 > 0:
        cut |= low[:, 1] < y0 + reach
    if x1 < width:
        cut |= high[:, 0] > x1 - reach
    if y1 < height:
        cut |= high[:, 1] > y1 - reach
    return cut


def join_cut_words(
    regions: Sequence[DetectedRegion], pairs: Iterable[Sequence[int]]
) -> list[tuple[list[int], DetectedRegion]]:
    """Put parts of one word together that overlap, run the same way and stand on the same line.

    Args:
        pairs: indices of parts that share ground.

    Returns:
        For each joined word the indices of its parts, and the word.
    """
    groups: dict[int, list[int]] = {}
    for first, second in pairs:
        if not _are_one_line(regions[first].polygon, regions[second].polygon):
            continue
        members = sorted({*groups.get(first, [first]), *groups.get(second, [second])})
        groups.update(dict.fromkeys(members, members))
    whole = {members[0]: members for members in groups.values()}
    return [(members, _join([regions[index] for index in members])) for members in whole.values()]


def _are_one_line(first: Polygon, second: Polygon) -> bool:
    one, other = np.array(first), np.array(second)
    along, down, height = _axes(one)
    other_along, _, other_height = _axes(other)
    if float(along @ other_along) < _SAME_DIRECTION:
        return False
    lower, higher = sorted((height, other_height))
    step = abs(float((one.mean(axis=0) - other.mean(axis=0)) @ down))
    return higher <= _ALIKE_HEIGHT * lower and step <= _SAME_LINE * higher


def _axes(quad: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Unit vectors along and down a quad, and its height."""
    along = quad[1] - quad[0] + quad[2] - quad[3]
    along = along / max(float(np.hypot(*along)), 1e-9)
    height = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
    return along, np.array([-along[1], along[0]]), height


def _join(parts: Sequence[DetectedRegion]) -> DetectedRegion:
    """One word from its parts; a character belongs to the part that has more of the word around it."""
    quads = [np.array(part.polygon) for part in parts]
    along, down, _ = _axes(max(quads, key=lambda quad: float(np.ptp(quad @ _axes(quad)[0]))))
    order = sorted(range(len(parts)), key=lambda index: float((quads[index] @ along).min()))
    spans = [((quads[index] @ along).min(), (quads[index] @ along).max()) for index in order]
    lengths = np.array([end - begin for begin, end in spans])
    rows = np.array([((quads[index] @ down).min(), (quads[index] @ down).max()) for index in order])
    top, bottom = (rows * lengths[:, None]).sum(axis=0) / max(float(lengths.sum()), 1e-9)
    begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
    corners = [(begin, top), (end, top), (end, bottom), (begin, bottom)]
    seams = [(before[1] + after[0]) / 2 for before, after in pairwise(spans)]
    bounds = [-math.inf, *seams, math.inf]
    characters = [
        polygon
        for place, index in enumerate(order)
        for polygon in parts[index].character_polygons
        if bounds[place] <= float(np.mean(polygon, axis=0) @ along) < bounds[place + 1]
    ]
    score = float(np.average([parts[index].score for index in order], weights=np.maximum(lengths, 1e-9)))
    points = [at * along + across * down for at, across in corners]
    polygon = tuple((float(x), float(y)) for x, y in points)
    return replace(parts[order[0]], polygon=polygon, score=score, character_polygons=tuple(characters))
