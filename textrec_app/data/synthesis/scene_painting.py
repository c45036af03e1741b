"""Paint planes into a scene: boards, printed and styled lines, and the truth about their words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import cut_patch
from textrec_app.data.synthesis.board_painting import light_like, paint_board
from textrec_app.data.synthesis.effects import MASK_COVERAGE, lay_ink, style_ink
from textrec_app.data.synthesis.planes import PlacedLine, Plane
from textrec_app.data.synthesis.scene_placing import get_corners, get_window
from textrec_app.data.synthesis.warps import (
    RESAMPLING_PX,
    ShapedInk,
    apply_matrix,
    bend,
    enclose,
    expand_quads,
    keep_straight,
    translate,
)

ARC_SHARE = 0.14
LIT_SHARE = 0.5
BUSY_SPREAD = 28
LEAST_CONTRAST = 18


@dataclass(frozen=True, slots=True)
class SceneWord:
    """One word of a scene.

    Attributes:
        text: its characters, without spaces.
        quad: (4, 2) float32 pixels around its ink, clockwise from the text's top-left; for upright letters
            below each other, from the top-left of the first letter.
        character_quads: (n, 4, 2) float32, one per character, in reading order.
        is_faint: nobody can see it in the finished picture.
    """

    text: str
    quad: np.ndarray
    character_quads: np.ndarray
    is_faint: bool = False


@dataclass(slots=True)
class Canvas:
    """A scene while it is painted.

    Attributes:
        image: (H, W, 3) float32 RGB.
        mask: (H, W) uint8, 1 where ink is.
        taken: (H, W) uint8, 1 where planes lie.
        words: what is written.
    """

    image: np.ndarray
    mask: np.ndarray
    taken: np.ndarray
    words: list[SceneWord] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _ShapedLine:
    ink: ShapedInk
    matrix: np.ndarray
    is_bent: bool


def paint_plane(
    canvas: Canvas,
    plane: Plane,
    matrix: np.ndarray,
    pictures: Sequence[np.ndarray],
    generator: np.random.Generator,
) -> None:
    """Paint a plane and note its words.

    Args:
        canvas: changed in place.
        plane: what is painted.
        matrix: (3, 3) from plane to scene.
        pictures: textures that may fill letters.
        generator: source of randomness.
    """
    corners = get_corners(plane, matrix)
    if plane.panel is not None:
        paint_board(canvas.image, plane, matrix, generator)
    behind = _get_surface_color(canvas.image, corners)
    for placed in plane.lines:
        if placed.ink_color is None:
            _paint_line(canvas, placed, (matrix, behind), pictures, generator)
    _print_lines(canvas, plane, matrix, generator)
    cv2.fillConvexPoly(canvas.taken, np.rint(corners).astype(np.int32), 1)


def _paint_line(
    canvas: Canvas,
    placed: PlacedLine,
    view: tuple[np.ndarray, np.ndarray],
    pictures: Sequence[np.ndarray],
    generator: np.random.Generator,
) -> None:
    """Lay one styled line; text that nobody would see is left out."""
    plane_matrix, behind = view
    shaped = _shape_line(placed, generator)
    matrix = plane_matrix @ translate(placed.x_px, placed.y_px) @ shaped.matrix
    x0, y0, x1, y1 = get_window(apply_matrix(matrix, shaped.ink.outline), canvas.mask.shape)
    ink = cv2.warpPerspective(shaped.ink.ink, translate(-x0, -y0) @ matrix, (x1 - x0, y1 - y0))
    style = np.random.default_rng(placed.style_seed)
    texture = _borrow_texture(pictures, (ink.shape[0], ink.shape[1]), generator)
    layers = style_ink(ink, behind, style, texture, placed.size_px * 0.7)
    window = canvas.image[y0:y1, x0:x1]
    if style.random() < LIT_SHARE:
        layers = replace(layers, fill_color=light_like(layers.fill_color, window))
    painted, own = np.clip(lay_ink(window, layers, style), 0, 255), layers.compute_mask()
    if not _shows(window, painted, own.astype(bool)):
        return
    window[:] = painted
    mask = canvas.mask[y0:y1, x0:x1]
    np.maximum(mask, own, out=mask)
    canvas.words += _split_words(placed.text, shaped, matrix, layers.reach_px)


def _print_lines(canvas: Canvas, plane: Plane, matrix: np.ndarray, generator: np.random.Generator) -> None:
    """Lay all plain lines of a plane at once, one warp per colour; lines that leave the scene are left out."""
    by_color: dict[bytes, list[tuple[PlacedLine, list[SceneWord]]]] = defaultdict(list)
    height, width = canvas.mask.shape
    for placed in plane.lines:
        if placed.ink_color is not None:
            shaped = _ShapedLine(keep_straight(placed.line), np.eye(3), False)
            words = _split_words(placed.text, shaped, matrix @ translate(placed.x_px, placed.y_px), 0.0)
            points = np.concatenate([word.quad for word in words])
            if points.min() > 0 and points[:, 0].max() < width - 1 and points[:, 1].max() < height - 1:
                by_color[placed.ink_color.tobytes()].append((placed, words))
    size = (int(np.ceil(plane.size_wh[1])) + 2, int(np.ceil(plane.size_wh[0])) + 2)
    for group in by_color.values():
        ink = np.zeros(size, np.uint8)
        for placed, _ in group:
            x, y = round(placed.x_px), round(placed.y_px)
            own = placed.line.ink[max(0, -y) : size[0] - y, max(0, -x) : size[1] - x]
            part = ink[max(0, y) : max(0, y) + own.shape[0], max(0, x) : max(0, x) + own.shape[1]]
            np.maximum(part, own, out=part)
        color = group[0][0].ink_color
        x0, y0, x1, y1 = get_window(get_corners(plane, matrix), canvas.mask.shape)
        laid = cv2.warpPerspective(ink, translate(-x0, -y0) @ matrix, (x1 - x0, y1 - y0)).astype(np.float32) / 255
        mask = canvas.mask[y0:y1, x0:x1]
        np.maximum(mask, (laid > MASK_COVERAGE).astype(np.uint8), out=mask)
        laid = laid[..., None] * np.float32(generator.uniform(0.75, 1.0))
        window = canvas.image[y0:y1, x0:x1]
        window += (color - window) * laid
        canvas.words += [word for _, words in group for word in words]


def _shape_line(placed: PlacedLine, generator: np.random.Generator) -> _ShapedLine:
    """Bend single lines at times, shrunk to the room that the straight line had."""
    line = placed.line
    height, width = line.ink.shape
    if not placed.may_bend or generator.random() > ARC_SHARE or width < 2.5 * height:
        return _ShapedLine(keep_straight(line), np.eye(3), False)
    bent = bend(line, generator.uniform(0.2, 1.6) * (1 if generator.random() < 0.7 else -1))
    bent_h, bent_w = bent.ink.shape
    scale = min(1.0, width / bent_w)
    lift = (height - bent_h * scale) / 2
    matrix = np.array([[scale, 0, 0], [0, scale, lift], [0, 0, 1]], np.float64)
    return _ShapedLine(bent, matrix, True)


def _borrow_texture(
    pictures: Sequence[np.ndarray], size_hw: tuple[int, int], generator: np.random.Generator
) -> np.ndarray:
    """Take a piece of a picture as it is where it is large enough."""
    picture = pictures[int(generator.random() * len(pictures))]
    top, left = (
        int(generator.random() * (have - want + 1)) for have, want in zip(picture.shape, size_hw, strict=False)
    )
    if picture.shape[0] >= size_hw[0] and picture.shape[1] >= size_hw[1]:
        return picture[top : top + size_hw[0], left : left + size_hw[1]]
    return cut_patch(pictures, size_hw, generator)


def _shows(before: np.ndarray, after: np.ndarray, ink: np.ndarray) -> bool:
    """Tell whether ink stands off from what it covers; text that nobody sees is not written."""
    return bool(np.abs(after[ink] - before[ink]).mean(axis=0).max(initial=0.0) >= LEAST_CONTRAST)


def _get_surface_color(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Average the surface; a busy one counts as darker or lighter, so that ink stands off clearly."""
    x0, y0, x1, y1 = get_window(corners, image.shape)
    pixels = image[y0:y1:3, x0:x1:3].reshape(-1, 3)
    mean, spread = pixels.mean(axis=0), float(pixels.std(axis=0).mean())
    if spread < BUSY_SPREAD:
        return mean
    return np.clip(mean + (spread if mean.mean() > 127 else -spread), 0, 255)


def _split_words(text: str, shaped: _ShapedLine, matrix: np.ndarray, reach_px: float) -> list[SceneWord]:
    """Give each word of a line the characters that are its own, in pixels of the scene."""
    words, start = [], 0
    for part in text.split():
        own = shaped.ink.quads[start : start + len(part)]
        start += len(part)
        both = np.concatenate([enclose(own, shaped.is_bent)[None], own])
        placed = expand_quads(apply_matrix(matrix, both), reach_px + RESAMPLING_PX)
        words.append(SceneWord(part, placed[0], placed[1:]))
    return words
