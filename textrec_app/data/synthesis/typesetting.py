"""Set print on a page: faces and colours, lines that fit a measure, headings, items with prices."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from textrec_app.data.synthesis.effects import LUMA, draw_color
from textrec_app.data.synthesis.fonts import FontFace, FontLibrary, load_font
from textrec_app.data.synthesis.planes import Mark, PlacedLine, choose_covering, draw_placed, put_on_baseline
from textrec_app.data.synthesis.sheets import open_sheet
from textrec_app.data.synthesis.texts import TextSource

PROBE = "Aa0.,:"
Room = tuple[float, float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Print:
    """How one piece of text is set: face, em size, colour."""

    face: FontFace
    size_px: int
    color: np.ndarray

    def measure(self, text: str) -> float:
        """Width of a text in pixels."""
        return float(load_font(self.face.path, self.size_px).getlength(text))

    def measure_height(self) -> int:
        """Rows from the highest letter's top to the lowest one's bottom, for Latin letters."""
        return open_sheet(self.face, self.size_px).draw("dlgyQ").ink.shape[0]


@dataclass(slots=True)
class Sheet:
    """A page while it is filled."""

    paper: np.ndarray
    body: Print
    lines: list[PlacedLine] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def write(self, text: str, kind: Print, x_px: float, baseline_px: float) -> None:
        """Write one line that begins at x."""
        line = draw_placed(kind.face, text, kind.size_px, 0, ink_color=kind.color)
        self.lines.append(put_on_baseline(line, x_px, baseline_px))


class Typesetter:
    """Writes texts of one source in the fonts of one library onto sheets."""

    def __init__(self, fonts: FontLibrary, texts: TextSource) -> None:
        """Keep what to write with."""
        self.fonts, self.texts = fonts, texts

    def open_sheet(self, generator: np.random.Generator, paper: np.ndarray, size_px: int) -> Sheet:
        """Take an empty page of a colour and choose its running text."""
        return Sheet(paper, Print(self.fonts.choose(generator, PROBE), size_px, pick_print(generator, paper)))

    def add_heading(self, sheet: Sheet, generator: np.random.Generator, room: Room, factor: float) -> float:
        """Write one larger line, left or centred.

        Args:
            sheet: changed in place.
            generator: source of randomness.
            room: left, top, right.
            factor: em size in those of the running text.

        Returns:
            The next baseline of running text.
        """
        left, y, right = room
        size = round(sheet.body.size_px * factor)
        color = sheet.body.color if generator.random() < 0.6 else pick_print(generator, sheet.paper, vivid=True)
        face = sheet.body.face if generator.random() < 0.4 else self.fonts.choose(generator, PROBE)
        text = " ".join(self.texts.draw_running(generator, 2 + int(generator.random() * 5)))
        text = text.upper() if generator.random() < 0.4 else text
        kind = Print(choose_covering(self.fonts, face, text, generator), size, color)
        text = cut_to_fit(text, kind, right - left)
        if text:
            x = left + (right - left - kind.measure(text)) * (0.0 if generator.random() < 0.5 else 0.5)
            sheet.write(text, kind, x, y + 0.8 * size)
        return y + size * 1.5 + sheet.body.size_px

    def add_text(
        self, sheet: Sheet, generator: np.random.Generator, text: str, room: Room, alignment: float = 0.0
    ) -> float:
        """Write one line of running text as far as it fits.

        Args:
            sheet: changed in place.
            generator: source of randomness.
            text: cut where it is too long.
            room: left, baseline, right.
            alignment: 0 left, 0.5 centred, 1 right.

        Returns:
            The next baseline.
        """
        left, y, right = room
        kind = replace(sheet.body, face=choose_covering(self.fonts, sheet.body.face, text, generator))
        text = cut_to_fit(text, kind, right - left)
        if text:
            sheet.write(text, kind, left + (right - left - kind.measure(text)) * alignment, y)
        return y + max(sheet.body.size_px * 1.35, sheet.body.measure_height() + 2)

    def add_item(self, sheet: Sheet, generator: np.random.Generator, room: Room) -> None:
        """Write words on the left and mostly a price on the right of one line."""
        left, y, right = room
        price = self.texts.draw_number(generator)[:9]
        kind = replace(sheet.body, face=choose_covering(self.fonts, sheet.body.face, price, generator))
        end = right
        if generator.random() < 0.9 and kind.measure(price) < (right - left) * 0.4:
            end = right - kind.measure(price)
            sheet.write(price, kind, end, y)
            end -= kind.size_px
        words = self.texts.draw_running(generator, 1 + int(generator.random() * 3))
        if generator.random() < 0.3:
            words.insert(0, str(1 + int(generator.random() * 12)))
        text = " ".join(words)
        self.add_text(sheet, generator, text.upper() if generator.random() < 0.6 else text, (left, y, end))


def cut_to_fit(text: str, kind: Print, width_px: float) -> str:
    """Drop words from the end, then letters, until a text fits."""
    while text and kind.measure(text) > width_px:
        text = text.rsplit(" ", 1)[0] if " " in text else text[: int(len(text) * 0.8)]
    return text.strip()


def wrap(words: Iterator[str], kind: Print, width_px: float) -> Iterator[str]:
    """Break running words into lines that fit; a word wider than that stands alone."""
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if line and kind.measure(longer) > width_px:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def pick_paper(generator: np.random.Generator, is_plain: bool = False) -> np.ndarray:
    """Draw the colour of a page: mostly white or nearly, at times tinted, vivid or dark; (3,) float32."""
    chance = generator.random()
    if is_plain or chance < 0.75:
        paper = generator.uniform(195, 255) + generator.normal(0, 4, 3)
    elif chance < 0.85:
        paper = generator.uniform(10, 60) + generator.normal(0, 5, 3)
    else:
        return draw_color(generator)
    return np.clip(paper, 0, 255).astype(np.float32)


def pick_print(generator: np.random.Generator, paper: np.ndarray, vivid: bool = False) -> np.ndarray:
    """Draw the colour of print: the far end of the paper's lightness, at times a colour that stands off."""
    for _ in range(8 if vivid or generator.random() < 0.2 else 0):
        color = draw_color(generator)
        if abs(float((color - paper) @ LUMA)) > 80:
            return color
    level = generator.uniform(0, 90) if float(paper @ LUMA) > 128 else generator.uniform(185, 255)
    return np.clip(level + generator.normal(0, 4, 3), 0, 255).astype(np.float32)
