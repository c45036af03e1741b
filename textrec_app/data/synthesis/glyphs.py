"""Lay out text glyph by glyph: exact ink, and a box around the ink of every character."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from textrec_app.data.synthesis.fonts import FontFace, load_font


@dataclass(frozen=True, slots=True)
class Glyph:
    """Ink of one character: coverage (h, w) uint8, its corner relative to the pen, the pen's advance."""

    ink: np.ndarray
    left_px: int
    top_px: int
    advance_px: float


@dataclass(frozen=True, slots=True)
class InkLine:
    """A drawn line of text.

    Attributes:
        ink: (H, W) uint8 coverage; the border of one pixel is empty.
        boxes_xyxy: (n, 4) float32 around the ink of each character that is not a space, in order,
            in coordinates where pixel (row, column) has its centre at (column, row).
        baseline_px: row of the baseline.
    """

    ink: np.ndarray
    boxes_xyxy: np.ndarray
    baseline_px: float


@lru_cache(maxsize=40_000)
def draw_glyph(path: str, size_px: int, character: str) -> Glyph:
    """Draw one character alone, on a canvas that grows until no ink touches its edge."""
    font = load_font(path, size_px)
    margin = size_px
    while True:
        side = size_px + 2 * margin
        canvas = Image.new("L", (side, side))
        pen = (margin, margin + round(size_px * 0.8))
        ImageDraw.Draw(canvas).text(pen, character, 255, font, anchor="ls")
        box = canvas.getbbox()
        advance = float(font.getlength(character))
        if box is None:
            return Glyph(np.zeros((0, 0), np.uint8), 0, 0, advance)
        touches = box[0] == 0 or box[1] == 0 or box[2] == side or box[3] == side
        if not touches or margin > 8 * size_px:
            ink = np.array(canvas.crop(box))
            return Glyph(ink, box[0] - pen[0], box[1] - pen[1], advance)
        margin *= 2


@lru_cache(maxsize=100_000)
def measure_kerning(path: str, size_px: int, pair: str) -> float:
    """Measure how far the font moves the second character of a pair, in pixels."""
    font = load_font(path, size_px)
    return float(font.getlength(pair) - font.getlength(pair[0]) - font.getlength(pair[1]))


def draw_line(face: FontFace, text: str, size_px: int, spacing_px: float = 0.0) -> InkLine:
    """Draw text on one straight baseline.

    Args:
        face: a face that covers the text.
        text: at least one character that is not a space.
        size_px: em size.
        spacing_px: added after each character; may be negative.
    """
    placed: list[tuple[int, int, np.ndarray]] = []
    pen, previous = 0.0, ""
    for character in text:
        glyph = draw_glyph(face.path, size_px, character)
        if previous:
            pen += measure_kerning(face.path, size_px, previous + character)
        if glyph.ink.size:
            placed.append((round(pen) + glyph.left_px, glyph.top_px, glyph.ink))
        pen += max(glyph.advance_px + spacing_px, 1.0)
        previous = character
    return compose_glyphs(placed)


def compose_glyphs(placed: list[tuple[int, int, np.ndarray]]) -> InkLine:
    """Lay glyphs, each (x, y, coverage) with its top-left corner relative to the pen's start, into one line."""
    if not placed:
        return InkLine(np.zeros((3, 3), np.uint8), np.zeros((0, 4), np.float32), 1.0)
    left = min(x for x, _, _ in placed) - 1
    top = min(y for _, y, _ in placed) - 1
    right = max(x + ink.shape[1] for x, _, ink in placed) + 1
    bottom = max(y + ink.shape[0] for _, y, ink in placed) + 1
    canvas = np.zeros((bottom - top, right - left), np.uint8)
    boxes = np.empty((len(placed), 4), np.float32)
    for index, (x, y, ink) in enumerate(placed):
        x, y = x - left, y - top
        window = canvas[y : y + ink.shape[0], x : x + ink.shape[1]]
        np.maximum(window, ink, out=window)
        boxes[index] = (x - 0.9, y - 0.9, x + ink.shape[1] - 0.1, y + ink.shape[0] - 0.1)
    return InkLine(canvas, boxes, float(-top))
