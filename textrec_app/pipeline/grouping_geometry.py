"""Words and lines as oriented boxes in arrays, and how two of them lie to each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion, Polygon

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_PX = 1.0
_CLEAR_ASPECT = 1.25
_CLEARLY_TALL = 2.2
_NEAR_HEIGHTS = 6.0
_FAR_SHARE = 0.01
_SQUARISH = (0.7, 1.6)
_CLEAR_AGREEMENT = 0.8


@dataclass(frozen=True, slots=True)
class Boxes:
    """Oriented boxes, one a row; y grows downwards.

    Attributes:
        centres: (N, 2) pixels.
        along: (N, 2) unit vectors in the direction of reading.
        lengths, heights: (N,) extents along and across the direction of reading, at least one pixel.
    """

    centres: Floats
    along: Floats
    lengths: Floats
    heights: Floats

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, members: Ints) -> "Boxes":
        """The boxes of some rows."""
        return Boxes(self.centres[members], self.along[members], self.lengths[members], self.heights[members])


@dataclass(frozen=True, slots=True)
class Pairs:
    """How the second box of each pair lies to the first, seen along the mean of both directions of reading.

    Attributes:
        first, second: (M,) indices of boxes.
        ahead: (M,) from the first's centre to the second's, in reading direction of the first; pixels.
        across: (M,) likewise, to the side that the next line is on, measured midway between them.
        gap: (M,) free space between their ends; negative where they overlap; pixels.
        overlap: (M,) how much of the shorter one lies beside the other, as a share of it, in [0, 1].
        turn: (M,) sine of the angle between their axes, in [0, 1].
        is_flipped: (M,) they are read in opposite directions.
    """

    first: Ints
    second: Ints
    ahead: Floats
    across: Floats
    gap: Floats
    overlap: Floats
    turn: Floats
    is_flipped: NDArray[np.bool_]


def across_of(along: Floats) -> Floats:
    """Unit vectors (N, 2) towards the next line: a quarter turn clockwise as the picture is seen."""
    return np.stack([-along[..., 1], along[..., 0]], axis=-1)


def corner_regions(regions: Sequence[DetectedRegion]) -> Floats:
    """Corners (N, 4, 2) of regions; what has no four finite corners gets those of its rectangle along its angle."""
    return np.array([four_corners(region.polygon, region.angle_deg) for region in regions]).reshape(-1, 4, 2)


def box_regions(regions: Sequence[DetectedRegion], corners: Floats) -> Boxes:
    """Boxes of regions whose corners (N, 4, 2) are known; those without length are taken by their angle."""
    angles = np.deg2rad([region.angle_deg if np.isfinite(region.angle_deg) else 0.0 for region in regions])
    return box_corners(corners, np.stack([np.cos(angles), -np.sin(angles)], axis=-1))


def box_corners(corners: Floats, fallback: Floats | None = None) -> Boxes:
    """Boxes of quads.

    Args:
        corners: (N, 4, 2) clockwise from the text's top-left.
        fallback: (N, 2) unit vectors for quads without length; to the right by default.
    """
    side = (corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]) / 2
    down = (corners[:, 3] - corners[:, 0] + corners[:, 2] - corners[:, 1]) / 2
    lengths = np.linalg.norm(side, axis=1)
    other = np.broadcast_to([1.0, 0.0], side.shape) if fallback is None else fallback
    is_long = (lengths > 1e-6)[:, None]
    along = np.where(is_long, side / np.maximum(lengths, 1e-6)[:, None], other)
    heights = np.abs((down * across_of(along)).sum(axis=1))
    return Boxes(corners.mean(axis=1), along, np.maximum(lengths, LEAST_PX), np.maximum(heights, LEAST_PX))


def settle_axes(words: Boxes) -> Boxes:
    """Give short and tall words the axis of the writing round them.

    A box as wide as high says little of its direction, and the box of one "l" is taller than wide. Longer neighbours
    vote, the nearer the more; words without any are left as they are, except tall ones: those are columns of
    characters, read downwards.
    """
    aspect = words.lengths / words.heights
    across = across_of(words.along)
    is_tall = aspect < 1
    weight = np.where(is_tall, 1 / aspect - _CLEARLY_TALL, aspect - _CLEAR_ASPECT).clip(0.0, 6.0)
    axis = np.where(is_tall[:, None], across, words.along)
    x, y = words.centres.astype(np.float32).T
    votes = np.hypot(x[:, None] - x[None], y[:, None] - y[None])
    votes *= (-1 / (_NEAR_HEIGHTS * np.sqrt(words.heights * np.minimum(words.heights, words.lengths)))).astype(
        np.float32
    )[:, None]
    np.exp(votes, out=votes)
    votes += _FAR_SHARE
    votes *= weight.astype(np.float32)
    double = np.stack([axis[:, 0] ** 2 - axis[:, 1] ** 2, 2 * axis[:, 0] * axis[:, 1]], axis=1)
    wanted = votes @ double
    own = np.stack([words.along[:, 0] ** 2 - words.along[:, 1] ** 2, 2 * words.along[:, 0] * words.along[:, 1]], axis=1)
    turns = ((wanted * own).sum(axis=1) < 0) & (aspect < _SQUARISH[1])
    signed = votes @ np.where((weight > 0)[:, None], axis, 0.0)
    backwards = (signed * across).sum(axis=1) < 0
    backwards &= aspect > _SQUARISH[0]
    turned = np.where(backwards[:, None], -across, across)
    along = np.where(turns[:, None], turned, words.along)
    lengths = np.where(turns, words.heights, words.lengths)
    heights = np.where(turns, words.lengths, words.heights)
    return Boxes(words.centres, along, lengths, heights)


def pair_boxes(boxes: Boxes, first: Ints, second: Ints) -> Pairs:
    """Measure pairs; `first` and `second` are broadcast against each other and keep that shape."""
    first, second = np.broadcast_arrays(first, second)
    dot = (boxes.along[first] * boxes.along[second]).sum(axis=-1)
    sign = np.where(dot < 0, -1.0, 1.0)
    trust = np.clip(boxes.lengths / boxes.heights, 0.5, 4.0)
    mean = boxes.along[first] * trust[first][..., None] + boxes.along[second] * (trust[second] * sign)[..., None]
    mean /= np.maximum(np.linalg.norm(mean, axis=-1), 1e-9)[..., None]
    between = boxes.centres[second] - boxes.centres[first]
    ahead = (between * mean).sum(axis=-1)
    cosine = np.abs((boxes.along[first] * mean).sum(axis=-1)), np.abs((boxes.along[second] * mean).sum(axis=-1))
    half = boxes.lengths[first] * cosine[0] / 2, boxes.lengths[second] * cosine[1] / 2
    gap = np.abs(ahead) - half[0] - half[1]
    shorter = 2 * np.minimum(*half)
    overlap = np.clip(-gap / np.maximum(shorter, 1e-9), 0.0, 1.0)
    return Pairs(
        first,
        second,
        ahead,
        (between * across_of(mean)).sum(axis=-1),
        gap,
        overlap,
        np.sqrt(np.clip(1 - dot**2, 0.0, 1.0)),
        dot < 0,
    )


def box_lines(corners: Floats, words: Boxes, labels: Ints) -> tuple[Boxes, Floats]:
    """Lines as boxes, and the rectangles round their words.

    Args:
        corners: (N, 4, 2) of the words, each clockwise from its own text's top-left.
        words: the same as boxes, with their axes settled.
        labels: (N,) which of the lines 0 … L - 1 each word is in; none is empty.

    Returns:
        Boxes whose heights are the median of the words', by length; and (L, 4, 2) corners clockwise from the top-left
        of each line, as most of its length is read.
    """
    along = _line_axes(words, labels)
    across = across_of(along)
    ahead = (corners * along[labels][:, None]).sum(axis=2)
    aside = (corners * across[labels][:, None]).sum(axis=2)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(len(along)))
    left, top = (np.minimum.reduceat(part.min(axis=1)[order], starts) for part in (ahead, aside))
    right, bottom = (np.maximum.reduceat(part.max(axis=1)[order], starts) for part in (ahead, aside))
    frame = np.stack([along, across], axis=1)
    places = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
    quads = places @ frame
    heights = _weighted_median(words.heights, words.lengths, labels)
    return Boxes(quads.mean(axis=1), along, np.maximum(right - left, LEAST_PX), heights), quads


def _line_axes(words: Boxes, labels: Ints) -> Floats:
    """Main axis (L, 2) of the words' ends in each line, signed as most of its length is read."""
    heavy = words.along * words.lengths[:, None]
    order = np.lexsort((-words.lengths, labels))
    leading = order[np.searchsorted(labels[order], np.arange(labels.max() + 1))]
    dots = (words.along * words.along[leading][labels]).sum(axis=1)
    steady = _sum_by(np.where(dots < 0, -1.0, 1.0)[:, None] * heavy, labels)
    steady /= np.maximum(np.linalg.norm(steady, axis=1), 1e-9)[:, None]
    middles = _sum_by(words.centres, labels) / np.bincount(labels)[:, None]
    offsets = words.centres - middles[labels]
    x, y = _sum_by(offsets**2 + heavy**2 / 4, labels).T
    both = np.bincount(labels, weights=(offsets.prod(axis=1) + heavy.prod(axis=1) / 4))
    turn = np.arctan2(2 * both, x - y) / 2
    main = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    reach = np.sqrt((x + y) / 2 + np.hypot((x - y) / 2, both))
    agrees = (main * steady).sum(axis=1)
    is_long = (np.bincount(labels) > 1) & (reach > 2 * words.heights[leading]) & (np.abs(agrees) > _CLEAR_AGREEMENT)
    axes = np.where(is_long[:, None], main * np.where(agrees < 0, -1.0, 1.0)[:, None], steady)
    backwards = (_sum_by(heavy, labels) * axes).sum(axis=1) < 0
    return np.where(backwards[:, None], -axes, axes)


def _sum_by(values: Floats, labels: Ints) -> Floats:
    """Sums (L, 2) of values (N, 2) by label."""
    return np.stack([np.bincount(labels, weights=part) for part in values.T], axis=1)


def _weighted_median(values: Floats, weights: Floats, labels: Ints) -> Floats:
    """Median (L,) of each label's values, each counted with its weight, which is above 0."""
    order = np.lexsort((values, labels))
    reached = np.cumsum(weights[order])
    totals = np.bincount(labels, weights=weights)
    return values[order[np.searchsorted(reached, np.cumsum(totals) - totals / 2)]]


def four_corners(polygon: Polygon, angle_deg: float) -> Floats:
    """Corners (4, 2) of any polygon: its own, or those of its rectangle along the angle."""
    points = np.array(polygon, np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) == 4:
        return points
    if len(points) == 0:
        return np.zeros((4, 2))
    angle = np.deg2rad(angle_deg if np.isfinite(angle_deg) else 0.0)
    along = np.array([np.cos(angle), -np.sin(angle)])
    frame = np.stack([along, across_of(along)])
    seen = points @ frame.T
    (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) @ frame
