"""Training crops for the detector: a scene's words, and random views of a scene."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.detection_targets import TargetWord, level_characters, slice_quad, slice_word
from textrec_app.data.scenes import WORD_LEVEL, Scene, SceneBox

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]

SLICE_CONFIDENCE = 0.5
UNREAD_CONFIDENCE = 0.8
_MAX_RAISED = 3.0
_MIN_SCALE = 0.15
_SHRINK_FIRST_BELOW = 0.6
_STEEP = 1.7


@dataclass(frozen=True, slots=True)
class ViewRanges:
    """How far random views of a scene go.

    Attributes:
        size_px: side of the square view.
        height_px: least and greatest height of the word that a view is drawn around.
        readable_px: words lower or higher than this in the view are left out of training.
        usual_angle_deg: standard deviation of the usual slight turn.
        wide_share: how often the view is turned any way; half of these turns are near a multiple of 90 degrees.
        perspective: greatest shift of a corner, relative to the view.
        blank_share: how often a view is drawn anywhere, not around a word.
    """

    size_px: int = 384
    height_px: tuple[float, float] = (12.0, 110.0)
    readable_px: tuple[float, float] = (6.0, 230.0)
    usual_angle_deg: float = 5.0
    wide_share: float = 0.35
    perspective: float = 0.06
    blank_share: float = 0.15


def list_target_words(scene: Scene) -> list[TargetWord]:
    """What is known of a scene's words, for training.

    Characters' boxes are used where they are known. Else a word with a text is sliced, with confidence 0.5, one
    target for each of its parts between spaces. A word without a text counts a little less (0.8), has no known
    characters, and no known direction unless it leads to the right. Excused regions and lines are left out of training
    (confidence 0).
    """
    return [word for box in scene.boxes for word in _words_of_box(box)]


def draw_view(
    image: Picture, words: Sequence[TargetWord], ranges: ViewRanges, rng: np.random.Generator
) -> tuple[Picture, list[TargetWord]]:
    """Cut a random square view out of a scene.

    Args:
        image: (H, W, 3) uint8.
        words: in pixels of `image`.

    Returns:
        (size_px, size_px, 3) uint8 and the words in its pixels; words outside it are dropped.
    """
    matrix = _draw_matrix(image.shape[:2], words, ranges, rng)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale < _SHRINK_FIRST_BELOW:  # a warp alone would skip pixels
        height, width = image.shape[:2]
        small = cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))), cv2.INTER_AREA)
        stretch = np.diag([width / small.shape[1], height / small.shape[0], 1.0])
        view = _warp(small, matrix @ stretch, ranges.size_px, rng)
    else:
        view = _warp(image, matrix, ranges.size_px, rng)
    moved = [_move_word(word, matrix, ranges.readable_px) for word in words]
    return view, [word for word in moved if _is_inside(word.quad, ranges.size_px)]


def _words_of_box(box: SceneBox) -> list[TargetWord]:
    if len(box.character_quads) and not box.is_excused:
        return [TargetWord(box.quad, level_characters(box.quad, box.character_quads), 1.0)]
    nothing = np.zeros((0, 4, 2), np.float32)
    if box.is_excused or box.level != WORD_LEVEL:
        return [TargetWord(box.quad, nothing, 0.0)]
    if not box.text or not box.text.strip():
        along = box.quad[1] - box.quad[0] + box.quad[2] - box.quad[3]
        is_flat = abs(float(along[1])) < _STEEP * float(along[0])
        return [TargetWord(box.quad, nothing, SLICE_CONFIDENCE, UNREAD_CONFIDENCE, is_flat)]
    parts = box.text.split()
    if len(parts) == 1:
        return [TargetWord(box.quad, slice_word(box.quad, parts[0]), SLICE_CONFIDENCE)]
    lengths = np.cumsum([0.0] + [len(part) + 1.0 for part in parts])
    edges = np.stack([lengths[:-1], lengths[1:] - 1], axis=1) / (lengths[-1] - 1)
    quads = [slice_quad(box.quad, pair)[0] for pair in edges]
    return [TargetWord(q, slice_word(q, part), SLICE_CONFIDENCE) for q, part in zip(quads, parts, strict=True)]


def _draw_matrix(
    size_hw: tuple[int, ...], words: Sequence[TargetWord], ranges: ViewRanges, rng: np.random.Generator
) -> Matrix:
    """Homography from the scene to the view."""
    useful = [word for word in words if word.confidence > 0]
    size = ranges.size_px
    wanted = float(np.exp(rng.uniform(*np.log(ranges.height_px))))
    if useful and rng.random() > ranges.blank_share:
        word = useful[int(rng.integers(len(useful)))]
        anchor = word.quad.mean(axis=0)
        scale = wanted / max(quad_height(word.quad), 1.0)
    else:
        anchor = rng.uniform(0, 1, 2) * (size_hw[1], size_hw[0])
        scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.6)))) * size / max(size_hw)
    scale = float(np.clip(scale, _MIN_SCALE, _MAX_RAISED))
    angle = _draw_angle(ranges, rng)
    turn = np.eye(3)
    turn[:2] = cv2.getRotationMatrix2D((float(anchor[0]), float(anchor[1])), float(angle), scale)
    place = _keep_filled(rng.uniform(0.15, 0.85, 2) * size, anchor * scale, np.array(size_hw[1::-1]) * scale, size)
    shift = np.array([[1, 0, place[0] - anchor[0]], [0, 1, place[1] - anchor[1]], [0, 0, 1]], np.float64)
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    moved = corners + rng.uniform(-1, 1, (4, 2)).astype(np.float32) * ranges.perspective * size
    return cv2.getPerspectiveTransform(corners, moved.astype(np.float32)) @ shift @ turn


def _draw_angle(ranges: ViewRanges, rng: np.random.Generator) -> float:
    slight = float(rng.normal() * ranges.usual_angle_deg)
    if rng.random() >= ranges.wide_share:
        return slight
    return float(rng.uniform(-180, 180)) if rng.random() < 0.5 else slight + 90.0 * int(rng.integers(1, 4))


def _keep_filled(place: Matrix, anchor: Matrix, extent: Matrix, size: int) -> Matrix:
    """Move an anchor's place in the view so that a picture larger than the view leaves no side of it empty."""
    latest, earliest = anchor, size - (extent - anchor)
    return np.where(extent >= size, np.clip(place, np.minimum(earliest, latest), latest), place)


def quad_height(quad: NDArray[np.float32]) -> float:
    """Mean length of the two sides across the reading direction."""
    return float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2


def _warp(image: Picture, matrix: Matrix, size: int, rng: np.random.Generator) -> Picture:
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], np.float64)  # boxes count from edges, cv2 from middles
    matrix = np.linalg.inv(half) @ matrix @ half
    if rng.random() < 0.5:
        fill = tuple(int(value) for value in rng.integers(0, 256, 3))
        return cv2.warpPerspective(image, matrix, (size, size), borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
    return cv2.warpPerspective(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)


def _move_word(word: TargetWord, matrix: Matrix, readable_px: tuple[float, float]) -> TargetWord:
    quads = np.concatenate([word.quad[None], word.character_quads]).reshape(1, -1, 2).astype(np.float32)
    moved = cv2.perspectiveTransform(quads, matrix).reshape(-1, 4, 2)
    is_readable = readable_px[0] <= quad_height(moved[0]) <= readable_px[1]
    return replace(word, quad=moved[0], character_quads=moved[1:], confidence=word.confidence if is_readable else 0.0)


def _is_inside(quad: NDArray[np.float32], size: int) -> bool:
    return bool((quad.max(axis=0) > 0).all() and (quad.min(axis=0) < size).all())
