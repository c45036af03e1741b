"""Words that no single quad lays flat, bent ones and letters on top of each other, are cut piece by piece."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import Polygon
from textrec_app.pipeline.cropping import MARGIN_REL, MAX_CROP_HEIGHT_PX
from textrec_app.pipeline.turning import turn_corners

LEAST_BENT = 4
"""Letters that a curve is fitted through; fewer are a straight word."""
BENT_REL = 0.25
"""A word is bent where its curve leaves the chord by more than this share of its height."""
SECTIONS_A_LETTER = 2
LEAST_STACKED = 2
STACKED_RATIO = 1.5
"""Centres of stacked letters spread by so much more down the word than across it."""
SIDE_MARGIN_REL = 0.06

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Quads of a picture that, laid side by side at one height, are a level word.

    Attributes:
        quads: (n, 4, 2) float64 pixels of the picture, in reading order, each clockwise from its top-left.
        is_joined: each piece begins where the one before ends, so that a letter may lie on both.
    """

    quads: Points
    is_joined: bool

    def turned(self) -> "Strip":
        """The same word read from its other end, upside down."""
        return Strip(np.roll(self.quads[::-1], 2, axis=1), self.is_joined)


def find_bent_strip(polygon: Polygon, characters: Sequence[Polygon]) -> Strip | None:
    """Pieces along the curve on which a word's letters lie; None where they are few or lie straight.

    The curve is a polynomial of the way along the letters' centres, so that a capital, or a letter that hangs low, does
    not bend it.

    Args:
        polygon: the word, clockwise from the text's top-left.
        characters: quads of its letters, in any order.
    """
    if len(characters) < LEAST_BENT:
        return None
    quads = _sort_along(_to_quads(characters), *_axis(polygon, 0, 1))
    middles = quads.mean(axis=1)
    tallest = float(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1).max())
    if _distance_from_chord(middles) <= BENT_REL / 2 * tallest:
        return None
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middles, axis=0), axis=1))])
    if way[-1] <= 0 or np.any(np.diff(way) <= 0):
        return None
    way /= way[-1]
    degree = 2 if len(middles) < 7 else 3
    curve = [np.polynomial.Polynomial.fit(way, middles[:, axis], degree) for axis in (0, 1)]
    centres, down = _follow(curve, way)
    reach = np.einsum("nkd,nd->nk", quads - centres[:, None], down)
    above, below = float(np.quantile(-reach.min(axis=1), 0.9)), float(np.quantile(reach.max(axis=1), 0.9))
    height = max(above + below, 1.0)
    if _distance_from_chord(centres) <= BENT_REL * height:
        return None
    margin = MARGIN_REL * height
    ends = [np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3]) for quad in (quads[0], quads[-1])]
    length = float(np.linalg.norm(np.diff(middles, axis=0), axis=1).sum())
    before, after = ((float(end) / 4 + margin) / length for end in ends)
    places, down = _follow(curve, np.linspace(-before, 1 + after, SECTIONS_A_LETTER * len(quads) + 1))
    top, bottom = places - down * (above + margin), places + down * (below + margin)
    return Strip(np.stack([top[:-1], top[1:], bottom[1:], bottom[:-1]], axis=1), is_joined=True)


def find_stacked_strip(polygon: Polygon, characters: Sequence[Polygon]) -> Strip | None:
    """Upright letters that stand on top of each other, side by side; None where the letters do not.

    Args:
        polygon: the word, clockwise from what is taken for the text's top-left; see `stacked_turns`.
        characters: quads of its letters, in any order.
    """
    if len(characters) < LEAST_STACKED:
        return None
    origin, down = _axis(turn_corners(polygon, stacked_turns(polygon)), 0, 3)
    across = np.array([down[1], -down[0]])
    quads = _sort_along(_to_quads(characters), origin, down)
    middles = quads.mean(axis=1)
    if np.ptp(middles @ down) < STACKED_RATIO * max(float(np.ptp(middles @ across)), 1.0):
        return None
    tall = (quads @ down).max(axis=1) - (quads @ down).min(axis=1)
    half = float(tall.max()) * (0.5 + MARGIN_REL)
    margin = 2 * half * SIDE_MARGIN_REL
    pieces = []
    for quad in quads:
        left, right = float((quad @ across).min()) - margin, float((quad @ across).max()) + margin
        middle = float((quad @ down).min() + (quad @ down).max()) / 2
        corners = np.array([(left, -half), (right, -half), (right, half), (left, half)])
        pieces.append(corners[:, :1] * across + (corners[:, 1:] + middle) * down)
    return Strip(np.stack(pieces), is_joined=False)


def stacked_turns(polygon: Polygon) -> int:
    """Corners from a polygon's beginning to the top-left of the upright letters of a column in it.

    A word that is higher than wide stands as it is taken to; one that seems to run up or down the picture is a column
    of letters with their heads up.
    """
    corners = np.asarray(polygon[:4], np.float64)
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    if np.hypot(*down) >= np.hypot(*along):
        return 0
    return 3 if along[1] >= 0 else 1


def cut_strip(image: NDArray[np.uint8], strip: Strip) -> NDArray[np.uint8]:
    """Lay the pieces of a strip side by side.

    Args:
        image: (H, W, 3) uint8.

    Returns:
        (h, w, 3) uint8, at least 4 x 4, at most 96 high; pixels beyond the picture repeat its edge.
    """
    edges = _edges(strip)
    quads = strip.quads
    sides = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1) + np.linalg.norm(quads[:, 2] - quads[:, 1], axis=1)
    height_px = float(np.median(sides)) / 2
    scale = min(1.0, MAX_CROP_HEIGHT_PX / max(height_px, 1.0))
    height, width = max(4, round(height_px * scale)), max(4, round(float(edges[-1]) * scale))
    top, bottom = _sections(strip, (np.arange(width) + 0.5) / width * edges[-1], edges)
    share = ((np.arange(height) + 0.5) / height)[:, None, None]
    places = (top + share * (bottom - top) - 0.5).astype(np.float32)
    return np.asarray(
        cv2.remap(image, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def project_strip(strip: Strip, boxes_rel: Sequence[Sequence[float]]) -> list[Polygon]:
    """Boxes in a strip's crop as quads in the picture, clockwise from their top-left.

    Args:
        boxes_rel: (left, top, right, bottom) of each, as shares of the crop's width and height. A box is drawn in to
            the piece with its middle where the pieces are not joined.
    """
    edges = _edges(strip)
    polygons: list[Polygon] = []
    for left, upper, right, lower in boxes_rel:
        ends = np.array([left, right]) * edges[-1]
        if not strip.is_joined:
            piece = int(np.clip(np.searchsorted(edges, ends.mean(), side="right") - 1, 0, len(strip.quads) - 1))
            inset = 1e-3 * (edges[piece + 1] - edges[piece])
            ends = ends.clip(edges[piece] + inset, edges[piece + 1] - inset)
        top, bottom = _sections(strip, ends, edges)
        corners = (*(top + upper * (bottom - top)), *(top + lower * (bottom - top))[::-1])
        polygons.append(tuple((float(x), float(y)) for x, y in corners))
    return polygons


def _edges(strip: Strip) -> NDArray[np.float64]:
    """(n + 1,) where the pieces begin and end along the strip, in pixels of the picture."""
    quads = strip.quads
    widths = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1) + np.linalg.norm(quads[:, 2] - quads[:, 3], axis=1)
    return np.concatenate([[0.0], np.cumsum(np.maximum(widths / 2, 1e-3))])


def _sections(strip: Strip, along_px: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[Points, Points]:
    """(n, 2) top and bottom of the strip at places along it."""
    pieces = np.clip(np.searchsorted(edges, along_px, side="right") - 1, 0, len(strip.quads) - 1)
    share = ((along_px - edges[pieces]) / (edges[pieces + 1] - edges[pieces]))[:, None]
    quads = strip.quads[pieces]
    return quads[:, 0] + share * (quads[:, 1] - quads[:, 0]), quads[:, 3] + share * (quads[:, 2] - quads[:, 3])


def _follow(curve: Sequence[np.polynomial.Polynomial], way: NDArray[np.float64]) -> tuple[Points, Points]:
    """(n, 2) points of a curve, and there the unit vectors that point below the text."""
    points = np.stack([part(way) for part in curve], axis=1)
    along = np.stack([part.deriv()(way) for part in curve], axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    return points, np.stack([-along[:, 1], along[:, 0]], axis=1)


def _distance_from_chord(points: Points) -> float:
    """How far points lie from the line through the first and the last, at most."""
    chord = points[-1] - points[0]
    across = np.array([-chord[1], chord[0]]) / max(float(np.hypot(*chord)), 1e-6)
    return float(np.abs((points - points[0]) @ across).max())


def _axis(polygon: Polygon, start: int, end: int) -> tuple[Points, Points]:
    """A corner of a polygon, and the unit vector from it to another corner."""
    corners = np.asarray(polygon, np.float64)
    along = corners[end] - corners[start]
    return corners[start], along / max(float(np.hypot(*along)), 1e-6)


def _to_quads(polygons: Sequence[Polygon]) -> Points:
    """(n, 4, 2) corners; polygons of more corners become their rectangles."""
    return np.stack(
        [
            np.asarray(polygon, np.float64)
            if len(polygon) == 4
            else cv2.boxPoints(cv2.minAreaRect(np.asarray(polygon, np.float32))).astype(np.float64)
            for polygon in polygons
        ]
    )


def _sort_along(quads: Points, origin: Points, direction: Points) -> Points:
    return quads[np.argsort((quads.mean(axis=1) - origin) @ direction, kind="stable")]
