"""Boxes of written words on a flat sheet: sizes, spaces and alignment of type, without drawing any."""

from bisect import bisect
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LENGTH_SHARES = np.array([6, 14, 18, 15, 12, 10, 9, 7, 5, 4, 3, 2, 1, 1], np.float64)
_LENGTH_LIMITS = (_LENGTH_SHARES.cumsum() / _LENGTH_SHARES.sum()).tolist()


@dataclass(frozen=True, slots=True)
class Type:
    """How a text is set.

    Attributes:
        size: em, pixels.
        pitch: from one line to the next, pixels.
        space: between words, pixels.
        advance: mean width of a character, as a share of the size.
        fit: "ink" – boxes end where the letters do; "caps" – all capitals; "full" – all boxes are equally high.
    """

    size: float
    pitch: float
    space: float
    advance: float
    fit: str


@dataclass(slots=True)
class Sheet:
    """Words in the order of reading; each knows its line and its block."""

    quads: list[Floats] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    line: int = -1
    block: int = 0

    def start_line(self) -> None:
        """Let what follows be another line."""
        self.line += 1

    def start_block(self) -> None:
        """Let what follows be another block."""
        self.block += 1

    def add(self, quad: Floats) -> None:
        """Write a word (4, 2)."""
        self.quads.append(quad)
        self.lines.append(max(self.line, 0))
        self.blocks.append(self.block)

    def bend(self, arc_rad: float) -> None:
        """Lay all words round a circle, so that the whole turns by an angle; each stays a straight quad."""
        points = np.array(self.quads)
        left, right = float(points[..., 0].min()), float(points[..., 0].max())
        radius = max(right - left, 1.0) / arc_rad
        middles = points[..., 0].mean(axis=1)
        for index, middle in enumerate(middles):
            angle = (middle - (left + right) / 2) / radius
            own = points[index] - [middle, 0.0]
            cosine, sine = np.cos(angle), np.sin(angle)
            turned = own @ np.array([[cosine, sine], [-sine, cosine]])
            self.quads[index] = turned + np.array([radius * np.sin(angle), radius * (1 - np.cos(angle))])


def draw_type(generator: np.random.Generator, size: float | None = None) -> Type:
    """Draw a way to set text, for a size or one of 9 to 40 px."""
    size = float(generator.uniform(9, 40)) if size is None else size
    fit = str(generator.choice(["ink", "ink", "caps", "full"]))
    pitch = size * generator.uniform(1.1 if fit == "full" else 0.95, 1.7)
    return Type(size, pitch, size * generator.uniform(0.2, 0.55), generator.uniform(0.42, 0.62), fit)


def draw_length(generator: np.random.Generator) -> int:
    """Draw the number of characters of a word, as in running text."""
    return 1 + min(bisect(_LENGTH_LIMITS, generator.random()), len(_LENGTH_LIMITS) - 1)


def write_words(
    sheet: Sheet, kind: Type, generator: np.random.Generator, left: float, top: float, lengths: list[int]
) -> None:
    """Write words of so many characters from a place, as part of the line that was started."""
    if sheet.line < 0:
        sheet.start_line()
    widths = _measure(kind, generator, lengths)
    _lay(sheet, kind, generator, (left, top), widths, kind.space)


def write_line(
    sheet: Sheet,
    kind: Type,
    generator: np.random.Generator,
    room: tuple[float, float],
    top: float,
    align: str,
    fill: float = 1.0,
) -> float:
    """Write one line.

    Args:
        room: left edge and width.
        align: left, right, center or justify.
        fill: how much of the width it may take; it has at least one word.

    Returns:
        Where the next line begins.
    """
    widths: list[float] = []
    used = 0.0
    while True:
        one = min(_measure(kind, generator, [draw_length(generator)])[0], max(room[1], kind.size))
        if widths and used + one > room[1] * fill:
            break
        widths.append(one)
        used += one + kind.space
    return _set_line(sheet, kind, generator, room, top, align, widths)


def write_count(
    sheet: Sheet,
    kind: Type,
    generator: np.random.Generator,
    room: tuple[float, float],
    top: float,
    align: str,
    count: int,
) -> float:
    """Write one line of so many words; else like `write_line`."""
    widths = _measure(kind, generator, [draw_length(generator) for _ in range(count)])
    return _set_line(sheet, kind, generator, room, top, align, widths)


def _set_line(
    sheet: Sheet,
    kind: Type,
    generator: np.random.Generator,
    room: tuple[float, float],
    top: float,
    align: str,
    widths: list[float],
) -> float:
    sheet.start_line()
    left, width = room
    space = kind.space
    free = width - sum(widths) - space * (len(widths) - 1)
    if align == "justify" and len(widths) > 1:
        space += max(0.0, min(free / (len(widths) - 1), 0.4 * kind.size))
    shift = {"left": 0.0, "right": free, "center": free / 2, "justify": 0.0}[align]
    _lay(sheet, kind, generator, (left + shift, top), widths, space)
    return top + kind.pitch


def _measure(kind: Type, generator: np.random.Generator, lengths: list[int]) -> list[float]:
    return [
        kind.size * max(0.2, length * kind.advance * (1 + generator.normal(0, 0.2 / length**0.5))) for length in lengths
    ]


def _lay(
    sheet: Sheet,
    kind: Type,
    generator: np.random.Generator,
    start: tuple[float, float],
    widths: list[float],
    space: float,
) -> None:
    """Add quads; the top of the line's capitals lies at the start's y."""
    x, y = start
    for width in widths:
        above, below = 0.0, 0.72
        if kind.fit == "full":
            above, below = -0.06, 0.94
        elif kind.fit == "ink":
            above = 0.0 if generator.random() < 0.75 else 0.22
            below = 0.92 if generator.random() < 0.4 else 0.72
        if kind.fit != "full" and generator.random() < 0.02:
            above, below = 0.35, 0.6
        top, bottom = y + above * kind.size, y + below * kind.size
        sheet.add(np.array([[x, top], [x + width, top], [x + width, bottom], [x, bottom]]))
        x += width + space
