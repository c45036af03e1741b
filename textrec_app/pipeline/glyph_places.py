"""From glyph attention maps to places: a box for each character, how sharp its map is, how far attention drifts.

A map is a grid over the crop; its values are shares, so a map that hardly rises anywhere has found nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DRIFT_FROM = 0.5
"""Character widths from which on attention is said to have left its glyph."""

LEAST_PEAK = 0.25
"""A map that is nowhere higher found no glyph."""
OUTER_SHARE = 0.02
"""Share of a map's weight that may lie beyond each side of its box: specks do not widen it."""
LEAST_SIDE_REL = 0.02
FAINT_ROW = 0.05
"""Rows of less weight, as a share of a map's heaviest row, are gaps."""
NEAR_ROWS, FAR_ROWS = 0.07, 0.35
"""Gaps, as shares of the height, across which a dot or a part of equal weight belongs to a character."""
NEAR_SPAN = 0.5
"""By how many widths of its span a glyph's middle may lie outside of the span in which the fast path read it."""

Maps = NDArray[np.float32]


class Box(NamedTuple):
    """Where a character lies, as shares of the crop's width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def centre(self) -> float:
        """Its middle along the line."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Drift:
    """Where a decoding step looked, against where its glyph lies.

    Attributes:
        distance: centre of the implicit attention minus centre of the glyph, in character widths (the median box of
            the word); None where no glyph was found.
        attention_rel, glyph_rel: both centres as shares of the crop's width.
    """

    distance: float | None
    attention_rel: float
    glyph_rel: float | None

    @property
    def is_drifting(self) -> bool:
        """Whether attention has left its glyph."""
        return self.distance is not None and abs(self.distance) >= DRIFT_FROM


def find_boxes(maps: Maps, ink: NDArray[np.float32] | None = None) -> list[Box | None]:
    """The box around each map's weight.

    Only places of at least half a map's peak count, and of these all but a few hundredths on each side. Of ink that
    lies apart above or below, as that of the next line, only what is near or half as much belongs to the character.

    Args:
        maps: (n, h, w) in [0, 1].
        ink: (h, w) in [0, 1], probability of ink; glyphs are looked for on it only.

    Returns:
        n boxes, None for a map that found nothing.
    """
    weighed = maps if ink is None else maps * ink
    peaks = weighed.max(axis=(1, 2), initial=0.0)
    strong = np.where(weighed >= 0.5 * peaks[:, None, None], weighed, np.float32(0.0))
    for index in np.flatnonzero(_count_runs(strong.sum(axis=2)) > 1):
        _drop_other_lines(strong[index])
    across, down = _list_extents(strong.sum(axis=1)), _list_extents(strong.sum(axis=2))
    return [
        Box(left, top, right, bottom) if peak >= LEAST_PEAK else None  # nor has a map of NaN found anything
        for peak, (left, right), (top, bottom) in zip(peaks.tolist(), across, down, strict=True)
    ]


def place_characters(maps: Maps, spans_rel: Sequence[tuple[float, float]]) -> list[Box | None]:
    """Boxes of the characters of a text whose columns are known roughly.

    Slot t of the maps is taken for character t where its glyph lies near the character's columns: where a slot was
    lost or counted twice, those after it stand elsewhere. Neighbours do not reach over each other's middle.

    Args:
        maps: (S, h, w) in [0, 1]; S may be less or more than the text.
        spans_rel: (start, end) of each character, as shares of the width, rising.

    Returns:
        For each character a box within the crop, its middle right of the one before; None where there is no glyph.
    """
    found = [*find_boxes(maps[: len(spans_rel)]), *[None] * (len(spans_rel) - len(maps))]
    boxes: list[Box | None] = [
        box if box is not None and _is_near(box, span) else None for box, span in zip(found, spans_rel, strict=True)
    ]
    while True:
        places = [box or Box(start, 0.0, end, 1.0) for box, (start, end) in zip(boxes, spans_rel, strict=True)]
        lost = [index for index, box in enumerate(boxes) if box is not None and not _is_between(index, places)]
        if not lost:
            break
        for index in lost:
            boxes[index] = None
    return [None if box is None else _apart(index, box, places) for index, box in enumerate(boxes)]


def measure_sharpness(maps: Maps, width_rel: float) -> list[float]:
    """How much of each map's weight lies within the best window of one character's width.

    Args:
        maps: (n, h, w) in [0, 1].
        width_rel: a character's width as a share of the crop's.

    Returns:
        n shares in [0, 1]; 0 for an empty map.
    """
    columns = maps.sum(axis=1, dtype=np.float64)  # (n, w)
    width = max(1, min(columns.shape[1], round(width_rel * columns.shape[1])))
    total = columns.sum(axis=1)
    sums = np.pad(columns.cumsum(axis=1), ((0, 0), (1, 0)))
    best = (sums[:, width:] - sums[:, :-width]).max(axis=1, initial=0.0)
    return np.clip(best / np.maximum(total, 1e-9), 0.0, 1.0).tolist()


def measure_drifts(attention: Maps, boxes: Sequence[Box | None]) -> tuple[Drift, ...]:
    """How far the implicit attention of each step lies from its glyph.

    Args:
        attention: (n, T), rows sum to 1.
        boxes: of the n characters.
    """
    widths = [box.right - box.left for box in boxes if box is not None]
    width = max(float(np.median(widths)), LEAST_SIDE_REL) if widths else 1.0
    places = (np.arange(attention.shape[1]) + 0.5) / attention.shape[1]
    centres = (attention @ places).tolist()
    return tuple(
        Drift(None, centre, None) if box is None else Drift((centre - box.centre) / width, centre, box.centre)
        for centre, box in zip(centres, boxes, strict=True)
    )


def character_width(boxes: Sequence[Box | None], count: int) -> float:
    """A typical character's width as a share of the crop's, from the boxes that there are, else an even share."""
    widths = [box.right - box.left for box in boxes if box is not None]
    return float(np.median(widths)) if widths else 1.0 / max(count, 1)


def _count_runs(rows: NDArray[np.float32]) -> NDArray[np.int_]:
    """(n,) how many runs of rows each of n maps has, from the weights of its rows (n, h)."""
    heavy = rows > FAINT_ROW * rows.max(axis=1, initial=0.0)[:, None]
    begins = heavy.copy()
    begins[:, 1:] &= ~heavy[:, :-1]
    return begins.sum(axis=1)


def _drop_other_lines(strong: NDArray[np.float32]) -> None:
    """Clear rows of a map (h, w) that do not belong to its main run of rows."""
    rows = strong.sum(axis=1)
    edges = np.flatnonzero(np.diff(np.pad(rows > FAINT_ROW * rows.max(initial=0.0), 1))).reshape(-1, 2).tolist()
    if len(edges) < 2:
        return
    weights = [float(rows[first:last].sum()) for first, last in edges]
    main = int(np.argmax(weights))
    first, last = edges[main]
    for (above, below), weight in zip(edges[:main][::-1], weights[:main][::-1], strict=True):
        first = above if _belongs(first - below, weight / weights[main], len(rows)) else first
    for (above, below), weight in zip(edges[main + 1 :], weights[main + 1 :], strict=True):
        last = below if _belongs(above - last, weight / weights[main], len(rows)) else last
    strong[:first] = 0.0
    strong[last:] = 0.0


def _belongs(gap: int, share: float, rows: int) -> bool:
    """Whether ink this many rows away, of this share of the main ink, is of the same character: a dot, a colon."""
    return gap <= NEAR_ROWS * rows or (share >= 0.5 and gap <= FAR_ROWS * rows)


def _list_extents(weights: NDArray[np.float32]) -> list[list[float]]:
    """Where all but the outer shares of n rows of weights (n, m) lie: n x (start, end) in [0, 1], a little wide."""
    sums = np.pad(np.nan_to_num(weights).cumsum(axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    start, end = _find_share(sums, OUTER_SHARE), _find_share(sums, 1.0 - OUTER_SHARE)
    missing = np.maximum(0.0, LEAST_SIDE_REL - (end - start)) / 2
    start = np.clip(start - missing, 0.0, 1.0 - LEAST_SIDE_REL)
    end = np.maximum(np.minimum(1.0, end + missing), start + LEAST_SIDE_REL)
    found: list[list[float]] = np.stack([start, end], axis=1).tolist()
    return found


def _find_share(sums: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """(n,) place, from 0 to 1, up to which a share of each row's total lies; sums (n, m + 1) rise from 0."""
    wanted = share * sums[:, -1]
    after = np.maximum(1, (sums >= wanted[:, None]).argmax(axis=1))
    rows = np.arange(len(sums))
    low, high = sums[rows, after - 1], sums[rows, after]
    return (after - 1 + (wanted - low) / np.maximum(high - low, 1e-12)) / max(1, sums.shape[1] - 1)


def _is_near(box: Box, span: tuple[float, float]) -> bool:
    reach = NEAR_SPAN * (span[1] - span[0])
    return span[0] - reach <= box.centre <= span[1] + reach


def _is_between(index: int, places: Sequence[Box]) -> bool:
    """Whether a box's middle lies after that of its left and before that of its right neighbour, with some room."""
    after = index == 0 or places[index].centre - places[index - 1].centre >= LEAST_SIDE_REL
    before = index + 1 == len(places) or places[index + 1].centre - places[index].centre >= LEAST_SIDE_REL
    return after and before


def _apart(index: int, box: Box, places: Sequence[Box]) -> Box:
    """A box that ends before its neighbours' middles."""
    left = max(box.left, places[index - 1].centre) if index else box.left
    right = min(box.right, places[index + 1].centre) if index + 1 < len(places) else box.right
    return Box(left, box.top, right, box.bottom)
