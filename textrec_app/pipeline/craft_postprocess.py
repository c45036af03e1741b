"""Region and affinity maps to word quads and their characters (METHODS section 12.3).

Differences from the published steps: all work happens inside a component's own box; a word's rectangle grows by a
share of its height, which follows from where a Gaussian crosses the threshold, instead of a dilation whose size
depends on the component's area; characters are split where affinity rises over the region score.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Quad = NDArray[np.float32]

_PROFILE_ROWS = 16
_NEAR_SQUARE = 1.35
_UPRIGHT_ASPECT = 1.5
_STEEP_DEG = 60.0
_UPWARD_DEG = 80.0
_MIN_DIP = 0.12


@dataclass(frozen=True, slots=True)
class CraftThresholds:
    """How maps become words; chosen on training and validation pictures, kept in the weight card.

    Attributes:
        text: a component needs one pixel with at least this region score.
        low_text: pixels with at least this region score are text.
        link: pixels with at least this affinity score join characters.
        min_area_px: components with fewer map pixels are dropped.
        grow_height: added above and below, relative to the height at `low_text`.
        grow_ends: added before and after the word, relative to the same height.
    """

    text: float = 0.7
    low_text: float = 0.4
    link: float = 0.4
    min_area_px: int = 10
    grow_height: float = 0.16
    grow_ends: float = 0.12


@dataclass(frozen=True, slots=True)
class MapWord:
    """One word, in pixels of the maps.

    Attributes:
        quad: (4, 2) float32, clockwise from the text's top-left.
        score: mean over the word's length of its best score, 0 to 1.
        character_quads: (n, 4, 2) float32 in reading order, n >= 1; they tile the quad.
    """

    quad: Quad
    score: float
    character_quads: NDArray[np.float32]


def find_words(region: Map, affinity: Map, thresholds: CraftThresholds) -> list[MapWord]:
    """Find the words of one picture.

    Args:
        region: (H, W) scores, 0 to 1.
        affinity: the same shape.

    Returns:
        Words in no particular order; none for maps without text.
    """
    is_text = region >= thresholds.low_text
    joined = (is_text | (affinity >= thresholds.link)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    words = []
    for index in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[index])
        if area < thresholds.min_area_px:
            continue
        box = (slice(y, y + height), slice(x, x + width))
        own = (labels[box] == index) & is_text[box]
        if not own.any() or region[box][own].max() < thresholds.text:
            continue
        quad = _fit_quad(own, thresholds) + np.array([x, y], np.float32)
        words.append(_describe(quad, region, affinity))
    return words


def split_characters(quad: Quad, region: Map, affinity: Map) -> NDArray[np.float32]:
    """Find where a word's characters begin and end.

    Args:
        quad: (4, 2) of the word in pixels of the maps, clockwise from the text's top-left.

    Returns:
        n + 1 rising positions along the word, from 0 to 1; n >= 1 characters.
    """
    return _split_profile(*_profiles(quad, region, affinity))


def _fit_quad(own: NDArray[np.bool_], thresholds: CraftThresholds) -> Quad:
    """Rectangle around a component's pixels, grown to the outline of its ink.

    Returns:
        (4, 2) clockwise, beginning so that its first side is the longer one and leads to the right.
    """
    points = cv2.findNonZero(own.astype(np.uint8))
    (centre_x, centre_y), (width, height), angle_deg = cv2.minAreaRect(points)
    if max(width, height) + 1 <= _NEAR_SQUARE * (min(width, height) + 1):
        x, y, box_width, box_height = cv2.boundingRect(points)
        centre_x, centre_y = x + (box_width - 1) / 2, y + (box_height - 1) / 2
        width, height, angle_deg = box_width - 1, box_height - 1, 0.0
    width, height = width + 1, height + 1  # pixels have an extent, their centres have none
    if height > width:
        width, height, angle_deg = height, width, angle_deg + 90.0
    width, height = width + 2 * thresholds.grow_ends * height, height * (1 + 2 * thresholds.grow_height)
    angle = np.deg2rad((angle_deg + 90.0) % 180.0 - 90.0)
    along = np.array([np.cos(angle), np.sin(angle)]) * width / 2
    down = np.array([-np.sin(angle), np.cos(angle)]) * height / 2
    corners = np.stack([-along - down, along - down, along + down, down - along])
    return (corners + np.array([centre_x + 0.5, centre_y + 0.5])).astype(np.float32)


def _describe(quad: Quad, region: Map, affinity: Map) -> MapWord:
    quad = _choose_direction(quad, region, affinity)
    region_profile, affinity_profile = _profiles(quad, region, affinity)
    edges = _split_profile(region_profile, affinity_profile)[:, None]
    top = quad[0] + edges * (quad[1] - quad[0])
    bottom = quad[3] + edges * (quad[2] - quad[3])
    characters = np.stack([top[:-1], top[1:], bottom[1:], bottom[:-1]], axis=1)
    best = np.maximum(region_profile, affinity_profile)
    inner = best[len(best) // 8 : len(best) - len(best) // 8]
    return MapWord(quad, float(np.clip(inner.mean(), 0, 1)), characters.astype(np.float32))


def _choose_direction(quad: Quad, region: Map, affinity: Map) -> Quad:
    """Begin a quad at its text's top-left.

    Text runs along the longer side to the right, or down where that side is nearly upright. A steep quad of one or
    two letters is a tall letter or two, standing upright.
    """
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    steep_deg = np.rad2deg(np.arctan2(along[1], along[0]))
    if abs(steep_deg) <= _STEEP_DEG:
        return quad
    is_high = np.linalg.norm(along) > _UPRIGHT_ASPECT * np.linalg.norm(down)
    if is_high and len(split_characters(quad, region, affinity)) > 3:
        return np.roll(quad, 2, axis=0) if steep_deg < -_UPWARD_DEG else quad
    return np.roll(quad, 1 if steep_deg > 0 else -1, axis=0)


def _profiles(quad: Quad, region: Map, affinity: Map) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Best region and affinity score in each column of the rectified word."""
    across = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    down = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
    columns = int(np.clip(round(_PROFILE_ROWS * across / max(down, 1e-3)), 8, 1024))
    source = np.array([[0, 0], [columns, 0], [0, _PROFILE_ROWS]], np.float32) - 0.5
    matrix = cv2.getAffineTransform(source, quad[[0, 1, 3]].astype(np.float32) - 0.5)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    middle = slice(_PROFILE_ROWS // 4, _PROFILE_ROWS - _PROFILE_ROWS // 4)
    straight = [cv2.warpAffine(scores, matrix, (columns, _PROFILE_ROWS), flags=flags) for scores in (region, affinity)]
    return straight[0][middle].max(axis=0), straight[1][middle].max(axis=0)


def _split_profile(region: NDArray[np.float32], affinity: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = region - affinity
    length = len(difference)
    cuts: list[int] = []
    peak = trough = -np.inf
    trough_at, rising = 0, True
    for position, value in enumerate(difference):
        if rising:
            if value > peak:
                peak = value
            elif value < peak - _MIN_DIP:
                rising, trough, trough_at = False, value, position
        elif value < trough:
            trough, trough_at = value, position
        elif value > trough + _MIN_DIP:
            cuts.append(trough_at)
            rising, peak = True, value
    edges = [0.0, *((cut + 0.5) / length for cut in cuts), 1.0]
    return np.array(edges, np.float32)
