"""Pictures whose text runs slanted, along columns or on its head: turned level for one more look.

A network sees far more level text than other, in training and in life, and finds it best. What it finds of slanted
text at first tells how to turn the picture. Each look is trusted where text runs level in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion, Polygon
from textrec_app.pipeline.scale_merging import find_overlaps, reading_angle, text_heights

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

LEVEL_DEG = 20.0
"""Text that runs within this angle of the rows is level."""

_LIKE_DEG = 15.0
_LEAST_SUPPORT = 0.4
_MARGIN_HEIGHTS = 3.0
_MARGIN_REL = 0.1
_SAME_GROUND = 0.4
_MOST_PX = 2560


@dataclass(frozen=True, slots=True)
class LevelView:
    """A part of a picture, turned.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        matrix: (2, 3) float64, from outer coordinates of the picture to those of `image`.
    """

    image: Picture
    matrix: NDArray[np.float64]


def find_slant(regions: Sequence[DetectedRegion]) -> float:
    """The direction of most text, counter-clockwise in degrees; 0 where most of it is level, or no direction leads.

    Longer and surer words count more; a direction is shared by words within 15 degrees of each other.
    """
    if not regions:
        return 0.0
    quads = _quads(regions)
    lengths = np.linalg.norm(quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3], axis=1) / 2
    weights = lengths * np.array([region.score for region in regions]) / lengths.max().clip(1e-6)
    angles = np.array([region.angle_deg for region in regions])
    if weights[np.abs(angles) <= LEVEL_DEG].sum() >= 0.5 * weights.sum():
        return 0.0
    apart = np.abs((angles[:, None] - angles[None] + 180) % 360 - 180)
    support = (apart <= _LIKE_DEG) @ weights
    leader = int(support.argmax())
    if support[leader] < _LEAST_SUPPORT * weights.sum() or abs(angles[leader]) <= LEVEL_DEG:
        return 0.0
    near = apart[leader] <= _LIKE_DEG
    radians = np.radians(angles[near])
    return math.degrees(math.atan2(float(weights[near] @ np.sin(radians)), float(weights[near] @ np.cos(radians))))


def turn_level(image: Picture, regions: Sequence[DetectedRegion], slant_deg: float) -> LevelView:
    """The part of a picture that holds regions, with a margin, turned so that text at `slant_deg` runs level.

    Args:
        image: (H, W, 3) uint8 RGB.
        regions: at least one.
    """
    shrink = min(1.0, _MOST_PX / max(image.shape[:2]))
    small = image
    if shrink < 1:
        small = np.asarray(cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = small.shape[:2]
    cosine, sine = math.cos(math.radians(slant_deg)), math.sin(math.radians(slant_deg))
    turn = np.array([[cosine, -sine], [sine, cosine]])  # clockwise, y growing downwards
    quads = _quads(regions) * shrink
    found = quads.reshape(-1, 2) @ turn.T
    margin = _MARGIN_HEIGHTS * float(np.median(text_heights(quads))) + _MARGIN_REL * np.ptp(found, axis=0)
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ turn.T
    low = np.floor(np.maximum(found.min(axis=0) - margin, outline.min(axis=0)))
    high = np.ceil(np.minimum(found.max(axis=0) + margin, outline.max(axis=0)))
    size = np.maximum(high - low, 8).astype(int)
    matrix = np.column_stack([turn, -low])
    centres = matrix.copy()  # OpenCV counts from the middles of pixels
    centres[:, 2] += turn @ (0.5, 0.5) - 0.5
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    colour = np.median(border, axis=0).tolist()
    turned = cv2.warpAffine(small, centres, (int(size[0]), int(size[1])), borderValue=colour)
    matrix[:, :2] *= shrink
    return LevelView(np.asarray(turned, np.uint8), matrix)


def join_looks(
    first: Sequence[DetectedRegion], level: Sequence[DetectedRegion], view: LevelView, sure_score: float = 0.0
) -> list[DetectedRegion]:
    """One list of words from the first look and the one at the turned picture.

    Where both see the same ground, a sure word counts before a doubtful one, then the look in which the text runs
    level, then the surer word.

    Args:
        first: in pixels of the picture.
        level: in pixels of `view.image`.
        sure_score: score from which a word is sure.

    Returns:
        In pixels of the picture.
    """
    words = [*first, *(_turn_back(region, view) for region in level)]
    if not words:
        return []
    ranks = [
        (region.score >= sure_score, abs(region.angle_deg) <= 2 * LEVEL_DEG, region.score)
        for region in (*first, *level)
    ]
    looks = np.array([0] * len(first) + [1] * len(level))
    pairs, inside = find_overlaps(_quads(words), looks)
    rivals: list[set[int]] = [set() for _ in words]
    for one, other in pairs[inside > _SAME_GROUND].tolist():
        rivals[one].add(other)
        rivals[other].add(one)
    kept: set[int] = set()
    for index in sorted(range(len(words)), key=lambda index: ranks[index], reverse=True):
        if not rivals[index] & kept:
            kept.add(index)
    return [words[index] for index in sorted(kept)]


def _turn_back(region: DetectedRegion, view: LevelView) -> DetectedRegion:
    inverse = np.linalg.inv(view.matrix[:, :2])

    def back(polygon: Polygon) -> Polygon:
        corners = (np.array(polygon) - view.matrix[:, 2]) @ inverse.T
        return tuple((float(x), float(y)) for x, y in corners)

    polygon = back(region.polygon)
    letters = tuple(back(letter) for letter in region.character_polygons)
    return replace(region, polygon=polygon, angle_deg=reading_angle(polygon), character_polygons=letters)


def _quads(regions: Sequence[DetectedRegion]) -> Floats:
    return np.array([region.polygon for region in regions], np.float32)
