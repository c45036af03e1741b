"""Compose lines of text on planes: single lines, paragraphs, signs, receipts."""

from dataclasses import replace

import numpy as np

from textrec_app.data.synthesis.effects import draw_color
from textrec_app.data.synthesis.fonts import FontFace, FontLibrary
from textrec_app.data.synthesis.planes import PlacedLine, Plane, choose_covering, draw_placed, stack_lines
from textrec_app.data.synthesis.texts import TextSource, recase

SIZES_PX = (9, 10, 11, 12, 14, 16, 18, 20, 23, 26, 30, 34, 39, 45, 52, 60, 70, 82, 96, 115, 140)


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
        return stack_lines([line], generator, panel, margin=0.4 if panel is not None else 0.1)

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
        return stack_lines(lines, generator, draw_color(generator), margin=0.5)

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
        return stack_lines(lines, generator, panel, margin=0.6)

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
        plane = stack_lines(lines, generator, paper.astype(np.float32), margin=1.0)
        return Plane(plane.size_wh, plane.lines, plane.panel, True)

    def _write(
        self,
        generator: np.random.Generator,
        face: FontFace | None,
        text: str,
        size_px: int,
        style_seed: int | None = None,
    ) -> PlacedLine:
        face = choose_covering(self.fonts, face, text, generator)
        chance = generator.random()
        widest = 0.25 if chance < 0.2 else 0.8 if chance < 0.23 else 0.0
        spacing = size_px * generator.uniform(-0.03, widest) if widest else 0.0
        seed = int(generator.integers(2**31)) if style_seed is None else style_seed
        return draw_placed(face, text, size_px, seed, spacing)
