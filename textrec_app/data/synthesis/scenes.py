"""Render whole scenes with words on planes: the detector's drawn training data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import cut_patch, draw_texture
from textrec_app.data.synthesis.clutter import add_clutter
from textrec_app.data.synthesis.degradation import degrade_scene
from textrec_app.data.synthesis.effects import lay_ink, style_ink
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.layouts import PlacedLine, Plane, PlaneComposer
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.warps import (
    RESAMPLING_PX,
    ShapedInk,
    apply_matrix,
    bend,
    draw_plane_matrix,
    enclose,
    expand_quads,
    keep_straight,
    translate,
)
from textrec_app.errors import InputError

EMPTY_SHARE = 0.06
ARC_SHARE = 0.12
MAX_WORDS = 40
MIN_TEXT_PX = 7
GAP_PX = 4
BUSY_SPREAD = 28
LEAST_CONTRAST = 18
DOCUMENT_SHARE = 0.12
DOCUMENT_WORDS = 110


@dataclass(frozen=True, slots=True)
class SceneWord:
    """One word of a scene.

    Attributes:
        text: its characters, without spaces.
        quad: (4, 2) float32 pixels around its ink, clockwise from the text's top-left.
        character_quads: (n, 4, 2) float32, one per character, in reading order.
    """

    text: str
    quad: np.ndarray
    character_quads: np.ndarray


@dataclass(frozen=True, slots=True)
class RenderedScene:
    """One drawn scene: (H, W, 3) uint8 RGB, (H, W) uint8 mask of all ink (0 or 1), its words."""

    image: np.ndarray
    glyph_mask: np.ndarray
    words: tuple[SceneWord, ...]


@dataclass(slots=True)
class _Canvas:
    """A scene while it is painted."""

    image: np.ndarray
    mask: np.ndarray
    taken: np.ndarray
    words: list[SceneWord] = field(default_factory=list)


class SceneRenderer:
    """Draws scenes; it can be pickled or built in worker processes."""

    def __init__(
        self,
        fonts: FontLibrary,
        texts: TextSource,
        backgrounds: Sequence[np.ndarray],
        size_px: tuple[int, int] = (512, 640),
    ) -> None:
        """Keep what to draw with.

        Args:
            fonts: faces to draw with.
            texts: what to write.
            backgrounds: (H, W, 3) uint8 pictures without text.
            size_px: smallest and largest side of a scene.

        Raises:
            InputError: there is no background, or the sizes are below 64 or out of order.
        """
        if not backgrounds:
            raise InputError("Rendering needs at least one background picture; load_backgrounds() draws some.")
        if not 64 <= size_px[0] <= size_px[1]:
            raise InputError(f"Scene sides {size_px} must be at least 64 and in rising order.")
        self.backgrounds, self.size_px = tuple(backgrounds), size_px
        self.composer = PlaneComposer(fonts, texts)

    def render(self, generator: np.random.Generator) -> RenderedScene:
        """Draw one scene with up to 40 words that do not overlap; a few have none."""
        height, width = (int(side) for side in generator.integers(self.size_px[0], self.size_px[1] + 1, 2))
        canvas = _Canvas(
            self._paint_background((height, width), generator),
            np.zeros((height, width), np.uint8),
            np.zeros((height, width), np.uint8),
        )
        if generator.random() >= EMPTY_SHARE:
            self._add_text(canvas, generator)
        image = degrade_scene(canvas.image, generator)
        return RenderedScene(image, canvas.mask, tuple(canvas.words))

    def _paint_background(self, size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
        if generator.random() < 0.2:
            image = draw_texture(generator, size_hw).astype(np.float32)
        else:
            image = cut_patch(self.backgrounds, size_hw, generator).astype(np.float32)
        if generator.random() < 0.5:
            mean = image.mean(axis=(0, 1))
            tint = generator.normal(0, 25, 3).astype(np.float32)
            image = mean + (image - mean) * np.float32(generator.uniform(0.3, 1.0)) + tint
        if generator.random() < 0.6:
            add_clutter(image, generator, 1 + int(generator.random() * 8))
        return np.clip(image, 0, 255)

    def _add_text(self, canvas: _Canvas, generator: np.random.Generator) -> None:
        if generator.random() < DOCUMENT_SHARE:
            self._add_document(canvas, generator)
        wanted = 5 + int(generator.random() ** 1.5 * (MAX_WORDS - 5))
        for _ in range(24):
            left = wanted - len(canvas.words)
            if left <= 0:
                return
            plane = self.composer.compose(generator, left)
            matrix = _find_place(plane, canvas.taken, generator)
            if matrix is not None:
                self._paint_plane(canvas, plane, matrix, generator)

    def _add_document(self, canvas: _Canvas, generator: np.random.Generator) -> None:
        """Fill much of the scene with one printed page."""
        page = self.composer.compose_receipt(generator, DOCUMENT_WORDS, max_lines=34)
        matrix = _find_place(page, canvas.taken, generator)
        if matrix is not None:
            self._paint_plane(canvas, page, matrix, generator)

    def _paint_plane(self, canvas: _Canvas, plane: Plane, matrix: np.ndarray, generator: np.random.Generator) -> None:
        corners = _get_corners(plane, matrix)
        if plane.panel is not None:
            _paint_panel(canvas.image, plane.panel, corners, generator)
        behind = _get_surface_color(canvas.image, corners)
        for placed in plane.lines:
            self._paint_line(canvas, placed, (matrix, behind), generator)
        cv2.fillConvexPoly(canvas.taken, np.rint(corners).astype(np.int32), 1)

    def _paint_line(
        self,
        canvas: _Canvas,
        placed: PlacedLine,
        view: tuple[np.ndarray, np.ndarray],
        generator: np.random.Generator,
    ) -> None:
        plane_matrix, behind = view
        shaped = _shape_line(placed, generator)
        matrix = plane_matrix @ translate(placed.x_px, placed.y_px) @ shaped.matrix
        x0, y0, x1, y1 = _get_window(apply_matrix(matrix, shaped.ink.outline), canvas.mask.shape)
        ink = cv2.warpPerspective(shaped.ink.ink, translate(-x0, -y0) @ matrix, (x1 - x0, y1 - y0))
        style = np.random.default_rng(placed.style_seed)
        text_px = placed.size_px * 0.7
        texture = cut_patch(self.backgrounds, ink.shape, generator)
        layers = style_ink(ink, behind, style, texture, text_px)
        window = canvas.image[y0:y1, x0:x1]
        painted, own = np.clip(lay_ink(window, layers, style), 0, 255), layers.compute_mask()
        if not _shows(window, painted, own.astype(bool)):
            return
        window[:] = painted
        mask = canvas.mask[y0:y1, x0:x1]
        np.maximum(mask, own, out=mask)
        canvas.words += _split_words(placed.text, shaped, matrix, layers.reach_px)


@dataclass(frozen=True, slots=True)
class _ShapedLine:
    ink: ShapedInk
    matrix: np.ndarray
    is_bent: bool


def _shape_line(placed: PlacedLine, generator: np.random.Generator) -> _ShapedLine:
    """Bend single lines at times, shrunk to the room that the straight line had."""
    line = placed.line
    height, width = line.ink.shape
    if not placed.may_bend or generator.random() > ARC_SHARE or width < 2.5 * height:
        return _ShapedLine(keep_straight(line), np.eye(3), False)
    bent = bend(line, generator.uniform(0.2, 1.4) * (1 if generator.random() < 0.7 else -1))
    bent_h, bent_w = bent.ink.shape
    scale = min(1.0, width / bent_w)
    lift = (height - bent_h * scale) / 2
    matrix = np.array([[scale, 0, 0], [0, scale, lift], [0, 0, 1]], np.float64)
    return _ShapedLine(bent, matrix, True)


def _find_place(plane: Plane, taken: np.ndarray, generator: np.random.Generator) -> np.ndarray | None:
    """Look for a free place: a matrix from plane to scene, or None after eight tries."""
    height, width = taken.shape
    for _ in range(8):
        view = draw_plane_matrix(generator, plane.size_wh, plane.is_upright)
        corners = _get_corners(plane, view)
        extent = np.ptp(corners, axis=0)
        room = np.array([width - 2 * GAP_PX, height - 2 * GAP_PX])
        scale = min(1.0, float((room / extent).min()))
        if scale * 0.7 * min(line.size_px for line in plane.lines) < MIN_TEXT_PX:
            continue
        low = corners.min(axis=0) * scale
        start = GAP_PX + generator.random(2) * (room - extent * scale) - low
        matrix = translate(*start) @ np.diag([scale, scale, 1.0]) @ view
        claimed = np.zeros_like(taken)
        outline = np.rint(_get_corners(plane, matrix)).astype(np.int32)
        cv2.fillConvexPoly(claimed, outline, 1)
        cv2.polylines(claimed, [outline], True, 1, 2 * GAP_PX)
        if not np.any(claimed & taken):
            return matrix
    return None


def _shows(before: np.ndarray, after: np.ndarray, ink: np.ndarray) -> bool:
    """Tell whether ink stands off from what it covers; text that nobody sees is not written."""
    return bool(np.abs(after[ink] - before[ink]).mean(axis=0).max(initial=0.0) >= LEAST_CONTRAST)


def _get_corners(plane: Plane, matrix: np.ndarray) -> np.ndarray:
    width, height = plane.size_wh
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return apply_matrix(matrix, corners)


def _get_window(points: np.ndarray, size_hw: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Find the window around points, with room for outlines: x0, y0, x1, y1 inside the scene."""
    low = np.maximum(np.floor(points.min(axis=0)) - 12, 0).astype(int)
    high = np.ceil(points.max(axis=0)).astype(int) + 12
    return int(low[0]), int(low[1]), min(int(high[0]), size_hw[1]), min(int(high[1]), size_hw[0])


def _get_surface_color(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Average the surface; a busy one counts as darker or lighter, so that ink stands off clearly."""
    x0, y0, x1, y1 = _get_window(corners, image.shape)
    pixels = image[y0:y1:3, x0:x1:3].reshape(-1, 3)
    mean, spread = pixels.mean(axis=0), float(pixels.std(axis=0).mean())
    if spread < BUSY_SPREAD:
        return mean
    return np.clip(mean + (spread if mean.mean() > 127 else -spread), 0, 255)


def _paint_panel(image: np.ndarray, color: np.ndarray, corners: np.ndarray, generator: np.random.Generator) -> None:
    """Paint a board with the surface showing through a little, and a rim at times."""
    cover = np.zeros(image.shape[:2], np.float32)
    outline = np.rint(corners * 16).astype(np.int32)
    cv2.fillConvexPoly(cover, outline, 1.0, cv2.LINE_AA, 4)
    x0, y0, x1, y1 = _get_window(corners, image.shape)
    window, alpha = image[y0:y1, x0:x1], cover[y0:y1, x0:x1, None]
    relief = (window - window.mean(axis=(0, 1))) * np.float32(generator.uniform(0, 0.2))
    window[:] = np.clip(window * (1 - alpha) + (color + relief) * alpha, 0, 255)
    if generator.random() < 0.4:
        rim = np.clip(color + generator.normal(0, 90, 3), 0, 255).tolist()
        cv2.polylines(image, [outline], True, rim, 1 + int(generator.random() * 3), cv2.LINE_AA, 4)


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
