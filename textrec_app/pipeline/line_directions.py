"""Words beside each other run the same way: one that seems to run otherwise is read again in its block's direction."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.grouping import group_regions
from textrec_app.pipeline.turning import Reads, TurnedReading, turn_angle, turn_corners

AGREED_SHARE = 0.6
"""Of the weight of a block's words; so many must run one way before the others are doubted."""
SAME_DEG = 45.0
FOLLOW_MARGIN = 0.3
"""A word follows its block where that costs less of its confidence."""
LEAST_WORDS = 3
"""Two words that disagree do not tell which of them is right."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    index: int
    turns: int


def follow_neighbours(
    read: Reads,
    regions: Sequence[DetectedRegion],
    best: Sequence[TurnedReading],
    cut: Callable[[int, int], NDArray[np.uint8]],
) -> list[TurnedReading]:
    """Read words again that run otherwise than most of their block, and keep that reading unless it is far less sure.

    Args:
        read: reads crops as they stand.
        regions: as detected.
        best: how each region was read by itself.
        cut: the crop of an index, beginning so many corners later.
    """
    doubts = _list_doubts(regions, best)
    settled = list(best)
    crops = [cut(doubt.index, doubt.turns) for doubt in doubts]
    for doubt, crop, reading in zip(doubts, crops, read(crops) if crops else [], strict=True):
        if reading.text and reading.confidence > settled[doubt.index].reading.confidence - FOLLOW_MARGIN:
            settled[doubt.index] = TurnedReading(crop, reading, doubt.turns)
    return settled


def _list_doubts(regions: Sequence[DetectedRegion], best: Sequence[TurnedReading]) -> list[_Doubt]:
    if len(regions) < LEAST_WORDS:
        return []
    doubts = []
    angles = [
        turn_angle(region.angle_deg, one.turns % 4) if one.turns < 4 else math.nan
        for region, one in zip(regions, best, strict=True)
    ]
    weights = [one.reading.confidence * len(one.reading.text) for one in best]
    for block in group_regions([_heads_up(region) for region in regions]).blocks:
        members = [index for index in block if not math.isnan(angles[index])]
        main_deg = _find_main([angles[index] for index in members], [weights[index] for index in members])
        if main_deg is None:
            continue
        for index in members:
            if _distance_deg(angles[index], main_deg) > SAME_DEG:
                turns = _turns_towards(regions[index].angle_deg, main_deg)
                if turns != best[index].turns:
                    doubts.append(_Doubt(index, turns))
    return doubts


def _heads_up(region: DetectedRegion) -> DetectedRegion:
    """The same place, read towards the right: so words are neighbours even if one is taken to be on its head."""
    if -90.0 < region.angle_deg <= 90.0:
        return region
    return DetectedRegion(turn_corners(region.polygon, 2), region.score, turn_angle(region.angle_deg, 2))


def _find_main(angles_deg: Sequence[float], weights: Sequence[float]) -> float | None:
    """The direction of most of the weight of three words or more; None where they do not agree."""
    if len(angles_deg) < LEAST_WORDS:
        return None
    distances = np.array([[_distance_deg(first, second) for second in angles_deg] for first in angles_deg])
    support = (distances <= SAME_DEG) @ np.asarray(weights)
    main = int(support.argmax())
    is_agreed = support[main] >= AGREED_SHARE * sum(weights) and (distances[main] <= SAME_DEG).sum() >= 2
    return angles_deg[main] if is_agreed else None


def _turns_towards(angle_deg: float, wanted_deg: float) -> int:
    return min(range(4), key=lambda turns: _distance_deg(turn_angle(angle_deg, turns), wanted_deg))


def _distance_deg(first: float, second: float) -> float:
    return abs((first - second + 180.0) % 360.0 - 180.0)
