"""Ideal maps of the one-shot detector: what a network that has learnt its targets perfectly would say."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection.one_shot import (
    CENTRE,
    CHARACTER_CHANNELS,
    CHARACTER_STRIDE,
    COLUMN_QUAD,
    DIRECTION,
    OFFSET,
    ORIENTATION,
    ROW_QUAD,
    VECTOR,
    WORD_CHANNELS,
    WORD_STRIDE,
)
from models.detection.one_shot_losses import SLANT_COSINE
from textrec_app.data.detection_targets import TargetWord
from textrec_app.data.one_shot_targets import (
    REACH_HEIGHTS,
    InstanceTargets,
    build_character_targets,
    build_word_targets,
)

Floats = NDArray[np.float32]

SURE_LOGIT = 8.0


def draw_maps(size_hw: tuple[int, int], words: Sequence[TargetWord], seed: int = 0) -> tuple[Floats, Floats]:
    """Maps of a canvas, in the form the network gives them.

    Centres come from the training targets. Every cell inside an instance says what `build_word_targets` asks of a cell
    there; this is computed anew, cell by cell, not taken from the samples.

    Args:
        size_hw: of the canvas, multiples of 4.
        words: in pixels of the canvas.

    Returns:
        (25, H / 4, W / 4) and (27, H / 2, W / 2) float32.
    """
    rng = np.random.default_rng(seed)
    coarse, fine = ((size_hw[0] // stride, size_hw[1] // stride) for stride in (WORD_STRIDE, CHARACTER_STRIDE))
    word_targets = build_word_targets(coarse, words, WORD_STRIDE, 1, rng)
    letter_targets = build_character_targets(fine, words, CHARACTER_STRIDE, 1, rng)
    word_maps = _begin(WORD_CHANNELS, word_targets)
    letter_maps = _begin(CHARACTER_CHANNELS, letter_targets)
    for word in sorted(words, key=lambda word: -abs(cv2.contourArea(word.quad))):
        centre = word.quad.mean(axis=0)
        _fill(word_maps, word.quad, centre, WORD_STRIDE)
        for quad in word.character_quads:
            _fill(letter_maps, quad, centre, CHARACTER_STRIDE)
    return word_maps, letter_maps


def make_word(
    text: str, centre: tuple[float, float], height_px: float, degrees: float, pitch: float = 0.6
) -> TargetWord:
    """A word with characters of even width, its reading direction turned clockwise by `degrees`."""
    width = max(len(text), 1) * pitch * height_px
    xs = np.linspace(-width / 2, width / 2, len(text) + 1)
    top, bottom = np.full_like(xs, -height_px / 2), np.full_like(xs, height_px / 2)
    upper, lower = np.stack([xs, top], axis=1), np.stack([xs, bottom], axis=1)
    letters = np.stack([upper[:-1], upper[1:], lower[1:], lower[:-1]], axis=1)
    quad = np.stack([upper[0], upper[-1], lower[-1], lower[0]])
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shift = np.array(centre)
    return TargetWord((quad @ turn + shift).astype(np.float32), (letters @ turn + shift).astype(np.float32), 1.0)


def quad_iou(first: Floats, second: Floats) -> float:
    """Intersection over union of two convex quads."""
    shared, _ = cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))
    areas = [abs(cv2.contourArea(quad.astype(np.float32))) for quad in (first, second)]
    return float(shared / (sum(areas) - shared))


def _begin(channels: int, targets: InstanceTargets) -> Floats:
    maps = np.zeros((channels, *targets.centre.shape), np.float32)
    chance = np.clip(targets.centre, 1e-4, 1 - 1e-4)
    maps[CENTRE] = np.log(chance / (1 - chance))
    return maps


def _fill(maps: Floats, quad: Floats, word_centre: Floats, stride: int) -> None:
    """Write what cells inside a quad and around its rim should say."""
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    length, height = float(np.hypot(*along)), float(np.hypot(*down))
    cosine, sine = along / length
    centre = quad.mean(axis=0)
    rows, columns = maps.shape[1:]
    low = np.floor(np.maximum(quad.min(axis=0) / stride - 1, 0)).astype(int)
    high = np.ceil(np.minimum(quad.max(axis=0) / stride + 1, (columns, rows))).astype(int)
    ys, xs = (values.ravel() for values in np.mgrid[low[1] : high[1], low[0] : high[0]])
    middles = (np.stack([xs, ys], axis=1) + 0.5) * stride
    u, v = (middles - centre) @ along / length**2, (middles - centre) @ down / height**2
    inside = (np.abs(u) <= 0.5 + stride / length) & (np.abs(v) <= 0.5 + stride / height)
    ys, xs, middles = ys[inside], xs[inside], middles[inside]
    offsets = np.clip((centre - middles) / stride, -0.5, 0.5)
    points = middles + offsets * stride
    parts = _cut(quad, (points - centre) @ along / length**2 + 0.5, REACH_HEIGHTS * height / length)
    maps[OFFSET, ys, xs] = offsets.T
    maps[ROW_QUAD, ys, xs] = _units(np.roll(parts, 2, axis=1) if cosine < 0 else parts, points)
    maps[COLUMN_QUAD, ys, xs] = _units(np.roll(parts, 2, axis=1) if sine < 0 else parts, points)
    leads = np.array([cosine, sine, -cosine, -sine])
    maps[ORIENTATION, ys, xs] = SURE_LOGIT * (leads - SLANT_COSINE)[:, None]
    maps[DIRECTION, ys, xs] = np.array([cosine, sine])[:, None]
    if maps.shape[0] >= VECTOR.stop:
        maps[VECTOR, ys, xs] = _units(np.broadcast_to(word_centre, (len(points), 1, 2)), points)


def _cut(quad: Floats, positions: Floats, reach: float) -> Floats:
    """Parts (n, 4, 2) of a quad within reach of places along it, 0 to 1."""
    low, high = np.maximum(positions - reach, 0.0)[:, None], np.minimum(positions + reach, 1.0)[:, None]
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    corners = [quad[0] + low * top, quad[0] + high * top, quad[3] + high * bottom, quad[3] + low * bottom]
    return np.stack(corners, axis=1)


def _units(corners: Floats, points: Floats) -> Floats:
    """(n, k, 2) pixels to (2 k, n) units."""
    away = corners - points[:, None]
    return (np.sign(away) * np.log1p(np.abs(away) / 4.0)).reshape(len(away), -1).T
