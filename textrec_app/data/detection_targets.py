"""Region and affinity maps from the quads of characters (METHODS section 12.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Quads = NDArray[np.float32]

_TEMPLATE_PX = 64
_SIGMA_REL = 0.2
_ENLARGED = 1.5
_NARROW = frozenset("iIljt1fr!|'`\".,:;()[]{}/\\-")
_WIDE = frozenset("mwMW@%")
_NARROW_WIDTH, _USUAL_WIDTH, _CAPITAL_WIDTH, _WIDE_WIDTH = 0.55, 1.0, 1.2, 1.55
_MIN_WIDTH_TO_HEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class TargetWord:
    """One word as training sees it, in pixels of the picture.

    Attributes:
        quad: (4, 2) float32, clockwise from the text's top-left.
        character_quads: (n, 4, 2) float32 in reading order.
        confidence: weight of the characters' maps inside the quad; 0 leaves the whole word out of training.
        word_confidence: weight of the word itself, for detectors that find words and not only characters.
        knows_direction: False where the text may as well begin at the opposite corner.
    """

    quad: Quads
    character_quads: Quads
    confidence: float
    word_confidence: float = 1.0
    knows_direction: bool = True


@dataclass(frozen=True, slots=True)
class DetectionTargets:
    """Maps of one picture; each (H, W) float32.

    Attributes:
        region: how near a character's centre, 0 to 1.
        affinity: how near the middle between two characters of a word, 0 to 1.
        weights: confidence in the two, 0 to 1.
    """

    region: NDArray[np.float32]
    affinity: NDArray[np.float32]
    weights: NDArray[np.float32]


def build_targets(size_hw: tuple[int, int], words: Sequence[TargetWord], stride: int) -> DetectionTargets:
    """Draw the maps of one picture.

    Args:
        size_hw: of the maps.
        words: in pixels of the picture; parts outside it are cut off.
        stride: pixels of the picture for one of the maps.
    """
    region = np.zeros(size_hw, np.float32)
    affinity = np.zeros(size_hw, np.float32)
    weights = np.ones(size_hw, np.float32)
    for word in words:
        trust = float(word.confidence) if len(word.character_quads) else 0.0
        if trust < 1:
            corners = np.round(word.quad / stride).astype(np.int32)
            cv2.fillConvexPoly(weights, corners, trust)
        if word.confidence > 0:
            draw_gaussians(region, word.character_quads / np.float32(stride))
            draw_gaussians(affinity, find_affinity_quads(word.character_quads) / np.float32(stride))
    return DetectionTargets(region, affinity, weights)


def draw_gaussians(target: NDArray[np.float32], quads: Quads) -> None:
    """Warp a Gaussian into each quad and keep the larger value, in place.

    The bell reaches 1 in the quad's centre, about 0.25 in the middle of each side, and ends half a side beyond
    the centre's distance to it.

    Args:
        target: (H, W) float32.
        quads: (n, 4, 2) in pixels of `target`; degenerate ones are passed over.
    """
    height, width = target.shape
    margin = _TEMPLATE_PX * (1 - 1 / _ENLARGED) / 2
    low, high = margin, _TEMPLATE_PX - margin
    inner = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
    for quad in quads:
        reach = (quad.max(axis=0) - quad.min(axis=0)) * (_ENLARGED - 1) / 2 + 1
        x0, y0 = np.maximum(np.floor(quad.min(axis=0) - reach).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(quad.max(axis=0) + reach).astype(int) + 1, (width, height))
        if x0 >= x1 or y0 >= y1 or abs(cv2.contourArea(quad)) < 1e-3:
            continue
        corner = np.array([x0, y0], np.float32)
        homography = cv2.getPerspectiveTransform(inner, (quad - corner).astype(np.float32))
        bell = cv2.warpPerspective(_gaussian_template(), homography, (int(x1 - x0), int(y1 - y0)))
        window = target[y0:y1, x0:x1]
        np.maximum(window, bell, out=window)


def find_affinity_quads(character_quads: Quads) -> Quads:
    """Quads that link neighbours, from the centroids of each quad's upper and lower triangle.

    Args:
        character_quads: (n, 4, 2) in reading order.

    Returns:
        (max(n - 1, 0), 4, 2) float32.
    """
    if len(character_quads) < 2:
        return np.zeros((0, 4, 2), np.float32)
    centres = character_quads.mean(axis=1)
    upper = (character_quads[:, 0] + character_quads[:, 1] + centres) / 3
    lower = (character_quads[:, 2] + character_quads[:, 3] + centres) / 3
    return np.stack([upper[:-1], upper[1:], lower[1:], lower[:-1]], axis=1).astype(np.float32)


def slice_word(quad: Quads, text: str) -> Quads:
    """Guess the characters' quads of a word of which only the box is known.

    Slices share the box's width as characters of a usual typeface would, which is nearer than equal slices.

    Args:
        quad: (4, 2) of the word.
        text: without spaces.

    Returns:
        (len(text), 4, 2) float32 in reading order.
    """
    if not text:
        return np.zeros((0, 4, 2), np.float32)
    edges = np.concatenate([[0.0], np.cumsum([_usual_width(character) for character in text])])
    return slice_quad(quad, edges / edges[-1])


def slice_quad(quad: Quads, edges_rel: NDArray[np.floating]) -> Quads:
    """Cut a quad across its reading direction.

    Args:
        quad: (4, 2), clockwise from the text's top-left.
        edges_rel: n + 1 positions along the top and bottom sides, 0 to 1, rising.

    Returns:
        (n, 4, 2) float32.
    """
    along = np.asarray(edges_rel, np.float32)[:, None]
    top = quad[0] + along * (quad[1] - quad[0])
    bottom = quad[3] + along * (quad[2] - quad[3])
    return np.stack([top[:-1], top[1:], bottom[1:], bottom[:-1]], axis=1).astype(np.float32)


def level_characters(quad: Quads, character_quads: Quads) -> Quads:
    """Stretch the characters of a straight word over its whole height, as boxes of real words are.

    Without this a hyphen is a speck and the band of a word has the ragged outline of its letters.

    Args:
        quad: (4, 2) of the word.
        character_quads: (n, 4, 2) within it, in reading order.

    Returns:
        (n, 4, 2) float32; each at least a fifth as wide as the word is high. The characters come back as they are
        where the word is degenerate, or curved so that slices would not hold its letters.
    """
    if not len(character_quads) or abs(cv2.contourArea(quad)) < 1.0:
        return character_quads
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    to_unit = cv2.getPerspectiveTransform(quad.astype(np.float32), unit)
    inside = cv2.perspectiveTransform(character_quads.reshape(1, -1, 2), to_unit).reshape(-1, 4, 2)
    left, right = inside[:, :, 0].min(axis=1), inside[:, :, 0].max(axis=1)
    heights = inside[:, :, 1].max(axis=1) - inside[:, :, 1].min(axis=1)
    middles = inside[:, :, 1].mean(axis=1)
    if is_curved(middles, heights):
        return character_quads
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    aspect = (sides[1] + sides[3]) / max(sides[0] + sides[2], 1e-6)
    half = np.maximum((right - left) / 2, _MIN_WIDTH_TO_HEIGHT * aspect / 2)
    centre = (left + right) / 2
    low, high = centre - half, centre + half
    levelled = np.stack([low, 0 * low, high, 0 * low, high, 0 * low + 1, low, 0 * low + 1], axis=1).reshape(1, -1, 2)
    back = cv2.perspectiveTransform(levelled.astype(np.float32), np.linalg.inv(to_unit))
    return back.reshape(-1, 4, 2).astype(np.float32)


def is_curved(middles: NDArray[np.float32], heights: NDArray[np.float32]) -> bool:
    """Tell whether character middles leave a common band: (n,) heights of the word's unit square each."""
    tall = heights > 0.5 * heights.max()
    return bool(heights[tall].mean() < 0.5) or bool(np.ptp(middles[tall]) > 0.45)


def _usual_width(character: str) -> float:
    if character in _NARROW:
        return _NARROW_WIDTH
    if character in _WIDE:
        return _WIDE_WIDTH
    return _CAPITAL_WIDTH if character.isupper() else _USUAL_WIDTH


@lru_cache(maxsize=1)
def _gaussian_template() -> NDArray[np.float32]:
    axis = (np.arange(_TEMPLATE_PX, dtype=np.float32) + 0.5) / _TEMPLATE_PX - 0.5
    bell = np.exp(-0.5 * (axis / _SIGMA_REL) ** 2)
    template = np.outer(bell, bell).astype(np.float32)
    template.setflags(write=False)
    return template
