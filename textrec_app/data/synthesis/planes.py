"""Flat pieces of a scene: lines of text, painted marks and the board that carries them."""

from dataclasses import dataclass, replace

import numpy as np

from textrec_app.data.synthesis.fonts import FontFace, FontLibrary
from textrec_app.data.synthesis.glyphs import InkLine
from textrec_app.data.synthesis.sheets import open_sheet


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A drawn line and its top-left corner on its plane, in pixels.

    Lines with an `ink_color` are printed plainly in it; the others are styled from `style_seed`.
    """

    line: InkLine
    text: str
    x_px: float
    y_px: float
    size_px: int
    style_seed: int
    may_bend: bool = False
    ink_color: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle filled with one colour that is no text: a rule, a bar, a pane. Pixels of its plane."""

    box_xyxy: tuple[float, float, float, float]
    color: np.ndarray


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat piece of the scene that carries text.

    Attributes:
        size_wh: extent in pixels of the scene when seen from the front.
        lines: what is written; lines do not touch each other.
        panel: (3,) float32 colour of the board behind the text, None for bare text.
        is_upright: the plane is hardly turned (paper, long text).
        marks: painted on the board before the text, in order.
        corner_px: radius of the board's corners.
        is_sheer: the surface below shows through the board a little.
    """

    size_wh: tuple[float, float]
    lines: tuple[PlacedLine, ...]
    panel: np.ndarray | None
    is_upright: bool
    marks: tuple[Mark, ...] = ()
    corner_px: float = 0.0
    is_sheer: bool = True

    def find_smallest_px(self) -> int:
        """Em size of the smallest line; 0 without lines."""
        return min((line.size_px for line in self.lines), default=0)


def draw_placed(
    face: FontFace,
    text: str,
    size_px: int,
    style_seed: int,
    spacing_px: float = 0.0,
    ink_color: np.ndarray | None = None,
) -> PlacedLine:
    """Draw a line that is not placed yet; a face without small letters writes capitals, without ink nothing."""
    text = text.upper() if face.capitals_only else text
    sheet = open_sheet(face, size_px)
    ink = sheet.draw(text, spacing_px)
    if len(ink.boxes_xyxy) != len(text.replace(" ", "")):
        text = "".join(c for c in text if c == " " or len(sheet.draw(c).boxes_xyxy)).strip() or "0"
        ink = sheet.draw(text, spacing_px)
    return PlacedLine(ink, text, 0.0, 0.0, size_px, style_seed, ink_color=ink_color)


def choose_covering(fonts: FontLibrary, face: FontFace | None, text: str, generator: np.random.Generator) -> FontFace:
    """Keep a face that covers the text, else choose another."""
    return face if face is not None and face.covers(text) else fonts.choose(generator, text)


def put_on_baseline(line: PlacedLine, x_px: float, baseline_px: float) -> PlacedLine:
    """Place a line on whole pixels so that its baseline lies at a row of the plane."""
    return replace(line, x_px=float(round(x_px)), y_px=float(round(baseline_px - line.line.baseline_px)))


def stack_lines(
    lines: list[PlacedLine], generator: np.random.Generator, panel: np.ndarray | None, margin: float
) -> Plane:
    """Put lines below each other, aligned left, centred or right, on a plane with a margin in em of the smallest."""
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
    return Plane((width + 2 * inset, bottom), tuple(placed), panel, is_upright=len(lines) > 4)
