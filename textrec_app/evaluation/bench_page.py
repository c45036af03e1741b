"""A page dense with text, the same at every call: what a full page costs to read."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from textrec_app.data.synthesis.fonts import BUILT_IN, load_font
from textrec_app.data.synthesis.texts import TextSource

PAGE_SIZE_HW = (1280, 960)
PAGE_WORDS = 300

_MARGIN_PX = 40
_INK = (38, 36, 48)
_LINE_PITCH = 1.6
_SIZES_PX = range(28, 11, -1)


def draw_bench_page(words: int = PAGE_WORDS, seed: int = 0) -> tuple[NDArray[np.uint8], list[str]]:
    """Print running text in the largest size at which it fits a page.

    Returns:
        (1280, 960, 3) uint8 RGB, slightly blurred and grained as by a camera, and the words in reading order.
    """
    generator = np.random.default_rng(seed)
    source = TextSource()
    texts = [source.draw_plain(generator) for _ in range(words)]
    height, width = PAGE_SIZE_HW
    shade = np.linspace(246, 214, height, dtype=np.float32)[:, None, None] * np.ones((1, width, 3), np.float32)
    page = Image.fromarray(shade.astype(np.uint8))
    font, rows = _set_lines(texts)
    pitch = (height - 2 * _MARGIN_PX) / len(rows)
    pen, space = ImageDraw.Draw(page), font.getlength("n") * 0.6
    for row, line in enumerate(rows):
        x = float(_MARGIN_PX)
        for word in line:
            pen.text((x, _MARGIN_PX + row * pitch), word, _INK, font)
            x += font.getlength(word) + space
    grain = generator.normal(0, 4, (height, width, 1)).astype(np.float32)
    seen = cv2.GaussianBlur(np.asarray(page, np.float32), (0, 0), 0.5) + grain
    return np.clip(seen, 0, 255).astype(np.uint8), texts


def _set_lines(texts: list[str]) -> tuple[ImageFont.FreeTypeFont, list[list[str]]]:
    """Words in lines, and the font at the largest size at which they fit the page."""
    height, width = PAGE_SIZE_HW
    for size_px in _SIZES_PX:
        font = load_font(BUILT_IN, size_px)
        rows = _break(texts, font, width - 2 * _MARGIN_PX)
        if len(rows) * size_px * _LINE_PITCH <= height - 2 * _MARGIN_PX:
            break
    return font, rows


def _break(texts: list[str], font: ImageFont.FreeTypeFont, room_px: float) -> list[list[str]]:
    space = font.getlength("n") * 0.6
    rows: list[list[str]] = [[]]
    left = room_px
    for text in texts:
        length = font.getlength(text)
        if rows[-1] and length > left:
            rows.append([])
            left = room_px
        rows[-1].append(text)
        left -= length + space
    return rows
