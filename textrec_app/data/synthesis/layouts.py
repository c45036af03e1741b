"""Compose lines of text on planes: single lines, paragraphs, signs, receipts."""

from dataclasses import dataclass, replace

import numpy as np

from textrec_app.data.synthesis.effects import draw_color
from textrec_app.data.synthesis.fonts import FontFace, FontLibrary
from textrec_app.data.synthesis.glyphs import InkLine, draw_line
from textrec_app.data.synthesis.texts import TextSource, recase

SIZES_PX = (9, 10, 11, 12, 14, 16, 18, 20, 23, 26, 30, 34, 39, 45, 52, 60, 70, 82, 96, 115, 140)


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A drawn line and its top-left corner on its plane, in pixels."""

    line: InkLine
    text: str
    x_px: float
    y_px: float
    size_px: int
    style_seed: int
    may_bend: bool = False


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat piece of the scene that carries text.

    Attributes:
        size_wh: extent in pixels of the scene when seen from the front.
        lines: what is written; lines do not touch each other.
        panel: (3,) float32 colour of the board behind the text, None for bare text.
        is_upright: the plane is hardly turned (paper, long text).
    """

    size_wh: tuple[float, float]
    lines: tuple[PlacedLine, ...]
    panel: np.ndarray | None
    is_upright: bool


def pick_size(generator: np.random.Generator, low_px: int, high_px: int) -> int:
    """Draw an em size between two bounds, small sizes more often."""
    sizes = [size for size in SIZES_PX if low_px <= size <= high_px]
    return sizes[int(generator.random() ** 1.3 * len(sizes))]


class PlaneComposer:
    """Draws planes with text from a font library and a text source."""

    def __init__(self, fonts: FontLibrary, texts: TextSource) -> None:
        """Keep what to draw with."""
        self.fonts, self.texts = fonts, texts

    def compose(self, generator: np.random.Generator, max_words: int) -> Plane:
        """Draw a random plane with at most `max_words` words."""
        chance = generator.random()
        if chance < 0.42 or max_words < 3:
            return self.compose_single(generator, max_words)
        if chance < 0.7:
            return self.compose_sign(generator, max_words)
        if chance < 0.88:
            return self.compose_paragraph(generator, max_words)
        return self.compose_receipt(generator, max_words)

    def compose_single(self, generator: np.random.Generator, max_words: int) -> Plane:
        """Draw one word or short line, with a board behind it at times."""
        size = pick_size(generator, 12, 140)
        is_line = generator.random() < 0.3 and size < 50 and max_words > 6
        text = self.texts.draw_line(generator) if is_line else self.texts.draw_word(generator)
        line = replace(self._write(generator, None, text, size), may_bend=True)
        panel = draw_color(generator) if generator.random() < 0.3 else None
        return _stack([line], generator, panel, margin=0.4 if panel is not None else 0.1)

    def compose_sign(self, generator: np.random.Generator, max_words: int) -> Plane:
        """Draw a board with a large line or two and smaller ones below."""
        face = self.fonts.choose(generator, "Aa0")
        size = pick_size(generator, 23, 115)
        style = int(generator.integers(2**31))
        lines, left = [], max_words
        for row in range(1 + int(generator.random() * 4)):
            count = min(left, 1 + int(generator.random() * (2 if size > 40 else 4)))
            if count == 0:
                break
            words = [self.texts.draw_word(generator) for _ in range(count)]
            text = " ".join(words)
            text = text.upper() if generator.random() < 0.5 else text
            line = self._write(generator, face, text, size, style)
            lines.append(line)
            left -= len(line.text.split())
            if generator.random() < 0.5:
                size = pick_size(generator, 12, max(12, size))
            if row and generator.random() < 0.3:
                face, style = self.fonts.choose(generator, "Aa0"), int(generator.integers(2**31))
        return _stack(lines, generator, draw_color(generator), margin=0.5)

    def compose_paragraph(self, generator: np.random.Generator, max_words: int) -> Plane:
        """Draw lines of running text in one face and size."""
        face = self.fonts.choose(generator, "Aa0.,")
        size, style = pick_size(generator, 10, 39), int(generator.integers(2**31))
        is_upper = generator.random() < 0.25
        lines, left = [], max_words
        for _ in range(2 + int(generator.random() * 6)):
            words = self.texts.draw_running(generator, 2 + int(generator.random() * 4))[:left]
            if not words:
                break
            text = " ".join(words)
            lines.append(self._write(generator, face, text.upper() if is_upper else text, size, style))
            left -= len(words)
        panel = draw_color(generator) if generator.random() < 0.6 else None
        return _stack(lines, generator, panel, margin=0.6)

    def compose_receipt(self, generator: np.random.Generator, max_words: int, max_lines: int = 16) -> Plane:
        """Draw narrow paper with dark lines, labels on the left and amounts on the right."""
        face = self.fonts.choose(generator, "Aa0.,:")
        size = pick_size(generator, 11, 23)
        style = int(generator.integers(2**31))
        lines, left = [], max_words
        for _ in range(4 + int(generator.random() * (max_lines - 4))):
            text = self.texts.draw_line(generator)
            text = text if generator.random() < 0.5 else recase(text, generator)
            if len(text.split()) > left:
                break
            lines.append(self._write(generator, face, text, size, style))
            left -= len(text.split())
        lines = lines or [self._write(generator, face, "TOTAL", size, style)]
        paper = np.float32(generator.uniform(190, 250)) + generator.normal(0, 5, 3)
        plane = _stack(lines, generator, paper.astype(np.float32), margin=1.0)
        return Plane(plane.size_wh, plane.lines, plane.panel, True)

    def _write(
        self,
        generator: np.random.Generator,
        face: FontFace | None,
        text: str,
        size_px: int,
        style_seed: int | None = None,
    ) -> PlacedLine:
        if face is None or not face.covers(text):
            face = self.fonts.choose(generator, text)
        if face.capitals_only:
            text = text.upper()
        spacing = 0.0
        if generator.random() < 0.2:
            spacing = size_px * generator.uniform(-0.03, 0.25)
        seed = int(generator.integers(2**31)) if style_seed is None else style_seed
        return PlacedLine(draw_line(face, text, size_px, spacing), text, 0.0, 0.0, size_px, seed)


def _stack(lines: list[PlacedLine], generator: np.random.Generator, panel: np.ndarray | None, margin: float) -> Plane:
    """Put lines below each other, aligned left, centred or right."""
    alignment = (0.0, 0.5, 0.5, 1.0)[int(generator.random() * 3.3)]
    inset = margin * min(line.size_px for line in lines)
    width = max(line.line.ink.shape[1] for line in lines)
    leading = generator.uniform(0.12, 0.6)
    y = inset
    placed = []
    for line in lines:
        height, line_w = line.line.ink.shape
        x = inset + (width - line_w) * alignment
        placed.append(replace(line, x_px=x, y_px=y))
        y += height + leading * line.size_px
    bottom = y - leading * lines[-1].size_px + inset
    is_upright = len(lines) > 4
    return Plane((width + 2 * inset, bottom), tuple(placed), panel, is_upright)
