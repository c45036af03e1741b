"""Large writing: posters with huge words, shop fronts, number plates, upright letters in a column."""

from dataclasses import replace

import numpy as np

from textrec_app.data.synthesis.effects import draw_color, draw_ink_color
from textrec_app.data.synthesis.fonts import FontFace, FontLibrary
from textrec_app.data.synthesis.glyphs import compose_glyphs
from textrec_app.data.synthesis.planes import Mark, PlacedLine, Plane, choose_covering, draw_placed, stack_lines
from textrec_app.data.synthesis.sheets import open_sheet
from textrec_app.data.synthesis.texts import TextSource

CAPITALS = "ABCDEFGHJKLMNPRSTUVWXYZ"
MAX_SIZE_PX = 460
PLATE_PATTERNS = (
    "AA 00 AAA",
    "A 000 AAA",
    "00-AA-00",
    "AAA-000",
    "AA0000",
    "A-AA 000",
    "AA-000-AA",
    "000AA00",
    "AAA 00 00",
)


class BoardComposer:
    """Draws boards from a font library and a text source."""

    def __init__(self, fonts: FontLibrary, texts: TextSource) -> None:
        """Keep what to draw with."""
        self.fonts, self.texts = fonts, texts

    def compose_poster(self, generator: np.random.Generator, size_wh: tuple[int, int]) -> Plane:
        """Set one to three huge words across the width, with small lines below at times."""
        width = size_wh[0] * generator.uniform(0.5, 0.95)
        lines: list[PlacedLine] = []
        face = self.fonts.choose(generator, "Aa0")
        style, left_px = int(generator.integers(2**31)), size_wh[1] * 0.8
        for _ in range(1 + int(generator.random() * 3)):
            text = self._pick_short(generator, 4 if generator.random() < 0.4 else 9)
            text = text.upper() if generator.random() < 0.6 else text
            face = choose_covering(self.fonts, face, text, generator)
            size = int(min(self._fit(face, text, width), MAX_SIZE_PX, left_px * 0.9))
            if size < 24 and lines:
                break
            if generator.random() < 0.3:
                style = int(generator.integers(2**31))
            lines.append(draw_placed(face, text, max(12, size), style))
            left_px -= size * 1.2
        for _ in range(int(generator.random() * 5)):
            size = int(generator.uniform(11, 30))
            text = " ".join(self.texts.draw_running(generator, 2 + int(generator.random() * 5)))
            face = self.fonts.choose(generator, text)
            text = _fit_words(text, width / (0.55 * size))
            if text and left_px > 2 * size:
                lines.append(draw_placed(face, text, size, style))
                left_px -= 1.5 * size
        panel = draw_color(generator) if generator.random() < 0.6 else None
        return replace(stack_lines(lines, generator, panel, margin=0.6), is_upright=False)

    def compose_close(self, generator: np.random.Generator, width_px: int) -> Plane:
        """Set one word or short line that is as wide as this, with hardly any room around."""
        text = self.texts.draw_line(generator) if generator.random() < 0.25 else self.texts.draw_word(generator)
        face = self.fonts.choose(generator, text)
        size = int(np.clip(self._fit(face, text, width_px), 12, MAX_SIZE_PX))
        line = replace(draw_placed(face, text, size, int(generator.integers(2**31))), may_bend=True)
        panel = draw_color(generator) if generator.random() < 0.5 else None
        plane = stack_lines([line], generator, panel, margin=generator.uniform(0.02, 0.3))
        return replace(plane, is_upright=True)

    def compose_caption(self, generator: np.random.Generator, width_px: int) -> Plane:
        """Write one or two centred lines of light or yellow letters, on a dark bar at times, as films show them."""
        size = int(generator.uniform(0.022, 0.06) * width_px) + 8
        color = np.array((245, 245, 245) if generator.random() < 0.7 else (240, 220, 60), np.float32)
        face = self.fonts.choose(generator, "Aa0.,")
        lines = []
        for _ in range(1 + int(generator.random() * 2)):
            text = " ".join(self.texts.draw_running(generator, 3 + int(generator.random() * 6)))
            text = _fit_words(text, width_px * 0.9 / (0.55 * size)) or "..."
            face = choose_covering(self.fonts, face, text, generator)
            lines.append(draw_placed(face, text, size, 0, ink_color=color))
        panel = np.full(3, generator.uniform(0, 50), np.float32)
        return replace(stack_lines(lines, generator, panel, margin=0.25), is_upright=True)

    def compose_front(self, generator: np.random.Generator, size_wh: tuple[int, int]) -> Plane:
        """Draw a shop: its name on a band, perhaps what it sells, panes and a door below."""
        width = size_wh[0] * generator.uniform(0.55, 0.97)
        name = self._pick_name(generator)
        face = self.fonts.choose(generator, name)
        size = int(np.clip(self._fit(face, name, width * generator.uniform(0.35, 0.85)), 16, 110))
        band = draw_color(generator)
        title = draw_placed(face, name, size, int(generator.integers(2**31)), size * generator.uniform(0, 0.2))
        title_h, title_w = title.line.ink.shape
        inset = size * generator.uniform(0.25, 0.7)
        width = max(width, title_w + 2 * inset)
        band_h = title_h + 2 * inset
        lines = [replace(title, x_px=(width - title_w) * generator.choice([0.5, 0.5, 0.1]), y_px=inset)]
        small = self._write_small(generator, size, width * 0.8)
        if small is not None:
            lines.append(replace(small, x_px=(width - small.line.ink.shape[1]) / 2, y_px=inset + title_h + size * 0.2))
            band_h += small.line.ink.shape[0] + size * 0.2
        height = band_h + min(size_wh[1] * 0.5, band_h * generator.uniform(0.5, 4))
        marks = [*_draw_panes(generator, (0, band_h, width, height))]
        marks.append(Mark((0, 0, width, band_h), band))
        return Plane((width, height), tuple(lines), band, False, tuple(marks))

    def compose_plate(self, generator: np.random.Generator) -> Plane:
        """Draw a number plate, in one row or two, dark on light or light on dark."""
        size = int(14 + 70 * generator.random() ** 1.5)
        text = _draw_plate(generator)
        face = self.fonts.choose(generator, text)
        paper = np.array(
            ((235, 235, 230), (240, 200, 40), (25, 25, 30), (30, 60, 140))[int(generator.random() ** 1.5 * 4)]
        )
        paper = (paper + generator.normal(0, 6, 3)).astype(np.float32)
        ink = np.full(3, 20.0 if paper.mean() > 120 else 235.0, np.float32)
        rows = text.split(" ", 1) if " " in text and generator.random() < 0.25 else [text]
        lines = [draw_placed(face, row, size, 0, size * generator.uniform(0, 0.15), ink) for row in rows]
        plane = stack_lines(lines, generator, paper, margin=generator.uniform(0.2, 0.5))
        width, height = plane.size_wh
        rim = max(1.0, size * 0.05)
        marks = (
            [Mark(box, ink) for box in _frame((1.0, 1.0, width - 1, height - 1), rim)]
            if generator.random() < 0.6
            else []
        )
        if generator.random() < 0.3:
            marks.append(
                Mark((0, 0, plane.lines[0].line.ink.shape[0] * 0.3, height), np.array([20, 50, 150], np.float32))
            )
            shifted = [replace(line, x_px=line.x_px + height * 0.25) for line in plane.lines]
            plane = replace(plane, lines=tuple(shifted), size_wh=(width + height * 0.25, height))
            marks = marks[-1:]
        return replace(plane, marks=tuple(marks), corner_px=size * 0.15)

    def compose_stack(self, generator: np.random.Generator, height_px: float, n_columns: int = 1) -> Plane:
        """Set upright letters below each other; more columns go from right to left."""
        style = int(generator.integers(2**31))
        columns: list[PlacedLine] = []
        face: FontFace | None = None
        size = 0
        for _ in range(n_columns):
            text = self._pick_short(generator) if n_columns == 1 else self.texts.draw_running(generator, 4)[0]
            face = choose_covering(self.fonts, face, text.upper(), generator)
            text = text.upper() if text.isascii() or face.capitals_only else text
            text = text[: max(2, int(height_px / 12))]
            size = size or int(np.clip(height_px / (len(text) * 1.05), 11, 120))
            columns.append(_stack_letters(face, text[: max(1, int(height_px / size))], size, style))
        panel = draw_color(generator) if n_columns > 1 or generator.random() < 0.6 else None
        inset, x = 0.4 * size, 0.4 * size
        placed = []
        for column in reversed(columns):
            placed.append(replace(column, x_px=x, y_px=inset))
            x += column.line.ink.shape[1] + 0.5 * size
        height = max(column.line.ink.shape[0] for column in columns) + 2 * inset
        return Plane((x - 0.1 * size, height), tuple(placed[::-1]), panel, n_columns > 1)

    def _pick_short(self, generator: np.random.Generator, longest: int = 9) -> str:
        """Draw a word of at most so many characters, else the start of one."""
        for _ in range(6):
            text = self.texts.draw_word(generator)
            if len(text) <= longest:
                return text
        return text[:longest]

    def _pick_name(self, generator: np.random.Generator) -> str:
        words = [self._pick_short(generator) for _ in range(1 + int(generator.random() * 2.6))]
        text = " ".join(words)
        return text.upper() if generator.random() < 0.5 else text

    def _write_small(self, generator: np.random.Generator, size: int, width: float) -> PlacedLine | None:
        if generator.random() < 0.4:
            return None
        small = max(11, int(size * generator.uniform(0.2, 0.45)))
        text = self.texts.draw_line(generator)
        text = _fit_words(text, width / (0.65 * small))
        if not text:
            return None
        return draw_placed(self.fonts.choose(generator, text), text, small, int(generator.integers(2**31)))

    def _fit(self, face: FontFace, text: str, width: float) -> float:
        """Em size at which the text is as wide as this."""
        probe = open_sheet(face, 40).draw(text.upper() if face.capitals_only else text)
        return 40 * width / max(1, probe.ink.shape[1])


def _fit_words(text: str, most: float) -> str:
    """Drop words from the end until at most this many characters are left."""
    words = text.split()
    while words and len(" ".join(words)) > most:
        words.pop()
    return " ".join(words)


def _draw_plate(generator: np.random.Generator) -> str:
    pattern = PLATE_PATTERNS[int(generator.random() * len(PLATE_PATTERNS))]
    return "".join(
        str(int(generator.random() * 10))
        if place == "0"
        else CAPITALS[int(generator.random() * len(CAPITALS))]
        if place == "A"
        else place
        for place in pattern
    )


def _frame(box: tuple[float, float, float, float], breadth: float) -> list[tuple[float, float, float, float]]:
    x0, y0, x1, y1 = box
    return [
        (x0, y0, x1, y0 + breadth), (x0, y1 - breadth, x1, y1),
        (x0, y0, x0 + breadth, y1), (x1 - breadth, y0, x1, y1),
    ]  # fmt: skip


def _stack_letters(face: FontFace, text: str, size: int, style: int) -> PlacedLine:
    """Centre the characters of one word below each other."""
    sheet = open_sheet(face, size)
    placed: list[tuple[int, int, np.ndarray]] = []
    written, y = "", 0
    for character in text:
        ink = sheet.draw(character).ink[1:-1, 1:-1]
        if not ink.any():
            continue
        written += character
        placed.append((-ink.shape[1] // 2, y, ink))
        y += max(ink.shape[0], round(size * 0.5)) + max(1, round(size * 0.15))
    return PlacedLine(compose_glyphs(placed), written, 0.0, 0.0, size, style)


def _draw_panes(generator: np.random.Generator, box: tuple[float, float, float, float]) -> list[Mark]:
    """Windows and a door below the band."""
    x0, y0, x1, y1 = box
    wall = draw_color(generator)
    marks = [Mark(box, wall)]
    glass = draw_ink_color(generator, wall, 0.0) * 0.6
    count = 2 + int(generator.random() * 6)
    step, gap = (x1 - x0) / count, max(2.0, (x1 - x0) * 0.01)
    for pane in range(count):
        left = x0 + pane * step + gap
        tone = np.clip(glass * generator.uniform(0.8, 1.3), 0, 255).astype(np.float32)
        marks.append(
            Mark((left, y0 + gap, left + step - 2 * gap, y1 - gap * (0 if generator.random() < 0.3 else 3)), tone)
        )
    return marks
