"""Receipts: narrow print with prices on the right, dashed rules and a bar code."""

import numpy as np

from textrec_app.data.synthesis.planes import Mark, Plane
from textrec_app.data.synthesis.typesetting import Box, Room, Sheet, Typesetter, pick_paper


def compose_receipt(setter: Typesetter, generator: np.random.Generator, width_px: int, max_height_px: int) -> Plane:
    """Print shop, items with prices, total, and a bar code at times; the paper ends where the print does."""
    em = max(10, round(width_px / generator.uniform(17, 30)))
    sheet = setter.open_sheet(generator, pick_paper(generator, is_plain=True), em)
    left, right = em * 0.9, width_px - em * 0.9
    leading = max(em * generator.uniform(1.15, 1.6), sheet.body.measure_height() + 2)
    y = setter.add_heading(sheet, generator, (left, 2.0 * em, right), generator.uniform(1.1, 2.2))
    parts = ["line"] * (2 + int(generator.random() * 3))
    parts += ["rule", *["item"] * (3 + int(generator.random() * 22))]
    parts += ["rule", *["item"] * (1 + int(generator.random() * 3)), "rule", "line", "line"]
    limit = max_height_px - 7 * em
    for part in parts:
        if y > limit:
            break
        if part == "rule":
            _add_dashes(sheet, generator, (left, y - em * 0.35, right))
            y += leading * 0.8
        elif part == "item":
            setter.add_item(sheet, generator, (left, y, right))
            y += leading
        else:
            y = setter.add_text(sheet, generator, setter.texts.draw_line(generator), (left, y, right), 0.5)
    if generator.random() < 0.5 and y < limit + 2 * em:
        add_bars(sheet, generator, (left + em, y, right - em, y + 3 * em))
        y += 3 * em
    return Plane((width_px, y + em), tuple(sheet.lines), sheet.paper, True, tuple(sheet.marks), is_sheer=False)


def add_bars(sheet: Sheet, generator: np.random.Generator, box: Box) -> None:
    """Paint a bar code."""
    x, y0, x1, y1 = box
    unit = max(1.0, round((x1 - x) / 110))
    while x < x1:
        breadth = unit * (1 + int(generator.random() * 3))
        sheet.marks.append(Mark((x, y0, x + breadth, y1), sheet.body.color))
        x += breadth + unit * (1 + int(generator.random() * 3))


def _add_dashes(sheet: Sheet, generator: np.random.Generator, room: Room) -> None:
    left, y, right = room
    unit = sheet.body.size_px * 0.5 if generator.random() < 0.7 else right - left
    x = left
    while x + unit * 0.6 <= right:
        sheet.marks.append(Mark((x, y, x + unit * 0.6, y + 1), sheet.body.color))
        x += unit
