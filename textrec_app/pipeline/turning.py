"""Text that runs up, down or stands on its head: which other directions of a crop are worth reading."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import CropReading, Polygon

SURE_ENOUGH = 0.8
UNSURE = 0.65
TALL_RATIO = 1.5
STEEP_DEG = 60.0
TALL_MARGIN = 0.1
HEAD_MARGIN = 0.2
"""By how much surer a turned reading must be than the one as it stands; measured on held-back words (docs/LOG.md)."""

STACKED = 4
"""The direction of upright letters that stand on top of each other; 0 to 3 are corners, see `turn_corners`."""

ANGLES_DEG = (0.0, -90.0, 180.0, 90.0)
"""Counter-clockwise reading direction of text that begins 0, 1, 2, 3 corners after a picture's top-left."""


class Reads(Protocol):
    """Something that reads crops."""

    def __call__(self, crops: Sequence[np.ndarray], /) -> list[CropReading]:
        """One reading for each crop, in order."""


@dataclass(frozen=True)
class TurnedReading:
    """A crop as it was read best, and by how many corners it was turned for that."""

    crop: np.ndarray
    reading: CropReading
    turns: int = 0


def read_turned(
    read: Reads,
    crops: Sequence[np.ndarray],
    cut: Callable[[int, int], np.ndarray],
    choose_turns: Callable[[int, CropReading], Sequence[int]],
) -> list[TurnedReading]:
    """Read crops, those of which little is sure also in other directions.

    Args:
        read: reads crops as they stand.
        cut: the crop of an index, beginning so many corners later.
        choose_turns: directions to try for an index, given its reading as it stands.
    """
    best = [TurnedReading(crop, reading) for crop, reading in zip(crops, read(crops), strict=True)]
    wanted = [(index, turns) for index, one in enumerate(best) for turns in choose_turns(index, one.reading)]
    others = [cut(index, turns) for index, turns in wanted]
    for (index, turns), crop, reading in zip(wanted, others, read(others), strict=True):
        margin = 0.0 if best[index].turns else HEAD_MARGIN if turns == 2 else TALL_MARGIN
        if reading.confidence > best[index].reading.confidence + margin:
            best[index] = TurnedReading(crop, reading, turns)
    return best


def list_tall_turns(size_hw: tuple[int, int], confidence: float) -> tuple[int, ...]:
    """Turns for a crop that may be a line which runs down or up; others are taken to stand upright."""
    height, width = size_hw
    return (1, 3) if height > TALL_RATIO * width and confidence < SURE_ENOUGH else ()


def list_turns(
    size_hw: tuple[int, int], confidence: float, angle_deg: float = 0.0, is_column: bool = False
) -> tuple[int, ...]:
    """Other directions to try, as corners by which the text's top-left moves on clockwise, or `STACKED`.

    A tall crop may be a line that runs down or up, a steep word may be read from its other end, and any word of which
    hardly anything is sure may be upside down.

    Args:
        size_hw: of the crop.
        confidence: of the reading as it stands.
        angle_deg: of the region in its picture.
        is_column: its letters may stand on top of each other.
    """
    tall = list_tall_turns(size_hw, confidence)
    is_doubtful = confidence < UNSURE or (confidence < SURE_ENOUGH and abs(angle_deg) > STEEP_DEG)
    turns = tall or ((2,) if is_doubtful else ())
    return (*turns, STACKED) if is_column and confidence < SURE_ENOUGH else turns


def turn_crop(crop: NDArray[np.uint8], turns: int) -> NDArray[np.uint8]:
    """(H, W, 3) turned so that text which begins `turns` corners after the top-left stands upright."""
    return np.ascontiguousarray(np.rot90(crop, turns))


def turn_angle(angle_deg: float, turns: int) -> float:
    """Counter-clockwise reading direction of text that begins so many corners later, in (-180, 180]."""
    return 180.0 - (180.0 - angle_deg - ANGLES_DEG[turns]) % 360.0


def turn_corners(corners: Polygon, turns: int) -> Polygon:
    """The same corners, beginning so many corners later: the text's top-left moves on clockwise."""
    return corners[turns:] + corners[:turns]
