"""Which way up a picture's text is: its longest words are read from both ends, and all words follow what reads better.

A word alone may read well from the wrong end (NO and ON, 100 and OOL); five long ones do not.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.scale_merging import text_height
from textrec_app.pipeline.turning import Reads, TurnedReading, turn_angle

PROBES = 5
LEAST_WORDS = 3
SURE_ENOUGH = 0.92
"""Where the longest words are as sure as this on average, nobody asks."""
MARGIN = 0.1
LEAST_ASPECT = 1.5


def settle_sense(
    read: Reads,
    regions: Sequence[DetectedRegion],
    best: Sequence[TurnedReading],
    cut: Callable[[int, int], NDArray[np.uint8]],
) -> list[TurnedReading]:
    """Turn the words of a picture by half where its longest words read better so.

    Words along rows and words along columns are settled apart, each kind if there are three of it.

    Args:
        read: reads crops as they stand.
        regions: as detected.
        best: how each region was read by itself.
        cut: the crop of an index, beginning so many corners later.
    """
    settled = list(best)
    for members in _list_kinds(regions, best):
        probes = sorted(members, key=lambda index: -_length(regions[index]))[:PROBES]
        if np.mean([best[index].reading.confidence for index in probes]) >= SURE_ENOUGH:
            continue
        sure = _compare_ways(read, regions, best, cut, probes)
        if abs(sure[0] - sure[1]) < MARGIN:
            continue
        wanted = {index: _turns(regions[index], sure[0] > sure[1]) for index in members}
        others = [index for index in members if settled[index].turns != wanted[index]]
        crops = [cut(index, wanted[index]) for index in others]
        for index, crop, reading in zip(others, crops, read(crops) if crops else [], strict=True):
            if reading.text:
                settled[index] = TurnedReading(crop, reading, wanted[index])
    return settled


def _compare_ways(
    read: Reads,
    regions: Sequence[DetectedRegion],
    best: Sequence[TurnedReading],
    cut: Callable[[int, int], NDArray[np.uint8]],
    probes: Sequence[int],
) -> tuple[float, float]:
    """Mean confidence of words read forwards, and backwards; each was read one way before."""
    others = read([cut(index, 2 - best[index].turns) for index in probes])
    ways: tuple[list[float], list[float]] = ([], [])
    for index, other in zip(probes, others, strict=True):
        is_backward = best[index].turns != _turns(regions[index], is_forward=True)
        ways[is_backward].append(best[index].reading.confidence)
        ways[not is_backward].append(other.confidence)
    return float(np.mean(ways[0])), float(np.mean(ways[1]))


def _list_kinds(regions: Sequence[DetectedRegion], best: Sequence[TurnedReading]) -> list[list[int]]:
    """Indices of the long words along rows, and of those along columns; only kinds of three and more."""
    kinds: tuple[list[int], list[int]] = ([], [])
    for index, (region, one) in enumerate(zip(regions, best, strict=True)):
        if one.turns in (0, 2) and _length(region) >= LEAST_ASPECT * text_height(region.polygon):
            kinds[_is_along_columns(region)].append(index)
    return [kind for kind in kinds if len(kind) >= LEAST_WORDS]


def _is_along_columns(region: DetectedRegion) -> bool:
    return 45.0 < region.angle_deg % 180.0 < 135.0


def _turns(region: DetectedRegion, is_forward: bool) -> int:
    """Corners (0 or 2) after which the text runs to the right or down, or else to the left or up."""
    angle = turn_angle(region.angle_deg, 0)
    runs_forward = angle < 0 if _is_along_columns(region) else abs(angle) < 90
    return 0 if runs_forward == is_forward else 2


def _length(region: DetectedRegion) -> float:
    quad = np.array(region.polygon)
    return float(np.linalg.norm(quad[1] - quad[0] + quad[2] - quad[3])) / 2
