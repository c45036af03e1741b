"""Pages of dense print: columns of paragraphs, headings, lists, tables, buttons, charts and rules."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from textrec_app.data.synthesis.effects import LUMA, draw_color
from textrec_app.data.synthesis.planes import Mark, Plane, choose_covering
from textrec_app.data.synthesis.typesetting import Box, Sheet, Typesetter, cut_to_fit, pick_paper, pick_print, wrap

BODY_SIZES_PX = (10, 11, 12, 13, 14, 16, 18, 20, 23, 27)
Block = Callable[[Typesetter, Sheet, np.random.Generator, Box, float], float]


def compose_page(setter: Typesetter, generator: np.random.Generator, size_wh: tuple[int, int]) -> Plane:
    """Fill a page of this size; small print gives several hundred words.

    Args:
        setter: what to write with.
        generator: source of randomness.
        size_wh: width and height in pixels.
    """
    width, height = size_wh
    sheet = setter.open_sheet(generator, pick_paper(generator), _pick_body_size(generator, width))
    em = sheet.body.size_px
    margin = max(2.0 * em, width * generator.uniform(0.03, 0.1))
    top = margin * 0.7 + em
    if generator.random() < 0.6:
        top = setter.add_heading(sheet, generator, (margin, top, width - margin), 1.5 + 2.5 * generator.random())
    most = max(1, int((width - 2 * margin) / (13 * em)))
    n_columns = min(most, 1 + int(generator.random() ** 1.3 * 3.6))
    gutter = em * generator.uniform(1.2, 2.5)
    column_w = (width - 2 * margin - gutter * (n_columns - 1)) / n_columns
    leading = max(em * generator.uniform(1.12, 1.65), sheet.body.measure_height() + 2)
    for column in range(n_columns):
        left = margin + column * (column_w + gutter)
        _fill_column(setter, sheet, generator, (left, top, left + column_w, height - margin), leading)
    return Plane((width, height), tuple(sheet.lines), sheet.paper, True, tuple(sheet.marks), is_sheer=False)


def _pick_body_size(generator: np.random.Generator, width: int) -> int:
    """Draw the em size of running text, small ones more often; large ones only where the page is wide."""
    sizes = [size for size in BODY_SIZES_PX if size <= max(11, width / 18)]
    return sizes[int(generator.random() ** 1.2 * len(sizes))]


def _fill_column(setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, leading: float) -> None:
    """Fill from top to bottom with blocks; some columns end early."""
    left, y, right, bottom = box
    if generator.random() < 0.2:
        bottom = y + (bottom - y) * generator.uniform(0.4, 1.0)
    while y < bottom - sheet.body.size_px:
        chance = generator.random()
        block = next(block for block, limit in _BLOCKS if chance < limit)
        y = block(setter, sheet, generator, (left, y, right, bottom), leading)
        y += leading * generator.uniform(0.2, 1.0)


def _add_paragraph(setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, leading: float) -> float:
    left, y, right, bottom = box
    alignment = (0.0, 0.0, 0.0, 0.5, 1.0)[int(generator.random() * 5)]
    words = iter(setter.texts.draw_running(generator, 10 + int(generator.random() * 90)))
    for text in wrap(words, sheet.body, right - left):
        if y > bottom:
            break
        setter.add_text(sheet, generator, text, (left, y, right), alignment)
        y += leading
    return y


def _add_title(setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, _leading: float) -> float:
    return setter.add_heading(sheet, generator, (box[0], box[1], box[2]), generator.uniform(1.1, 1.6))


def _add_list(setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, leading: float) -> float:
    """Short lines behind bullets, which are no text."""
    left, y, right, bottom = box
    em = sheet.body.size_px
    side = max(2.0, 0.28 * em)
    for _ in range(2 + int(generator.random() * 6)):
        if y > bottom:
            break
        sheet.marks.append(Mark((left, y - 0.5 * em, left + side, y - 0.5 * em + side), sheet.body.color))
        text = " ".join(setter.texts.draw_running(generator, 2 + int(generator.random() * 6)))
        setter.add_text(sheet, generator, text, (left + 1.2 * em, y, right))
        y += leading
    return y


def _add_table(setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, leading: float) -> float:
    """Rows of short cells, with rules and a band at times."""
    left, y, right, bottom = box
    em = sheet.body.size_px
    n_columns = max(2, min(7, int((right - left) / (6 * em)), 2 + int(generator.random() * 5)))
    n_rows = min(3 + int(generator.random() * 10), int((bottom - y) / (1.5 * leading)) - 1)
    if n_rows < 2 or right - left < 10 * em:
        return y + leading
    step, row_h = (right - left) / n_columns, leading * generator.uniform(1.0, 1.5)
    _rule_table(sheet, generator, (left, y - 0.8 * em - (row_h - em) / 2, step, row_h), (n_columns, n_rows))
    for row in range(n_rows):
        for column in range(n_columns):
            if generator.random() < 0.12:
                continue
            is_word = column == 0 or row == 0 or generator.random() < 0.3
            text = setter.texts.draw_plain(generator) if is_word else setter.texts.draw_number(generator)
            x = left + column * step
            room = (x + 0.5 * em, y + row * row_h, x + step - 0.5 * em)
            setter.add_text(sheet, generator, text, room, 0.0 if is_word else 1.0)
    return y + n_rows * row_h


def _rule_table(sheet: Sheet, generator: np.random.Generator, grid: Box, counts: tuple[int, int]) -> None:
    """Paint the rules of a table; grid is left, top, width and height of a cell, counts its columns and rows."""
    left, top, step, row_h = grid
    n_columns, n_rows = counts
    right, bottom = left + n_columns * step, top + n_rows * row_h
    if generator.random() < 0.3:
        band = sheet.paper * 0.85 if float(sheet.paper @ LUMA) > 128 else sheet.paper * 1.3 + 25
        sheet.marks.append(Mark((left, top, right, top + row_h), band))
    rules: list[Box] = []
    if generator.random() < 0.6:
        rules += [(left, top + row * row_h, right, top + row * row_h + 1) for row in range(n_rows + 1)]
    if generator.random() < 0.5:
        rules += [(left + c * step, top, left + c * step + 1, bottom) for c in range(n_columns + 1)]
    sheet.marks += [Mark(rule, sheet.body.color) for rule in rules]


def _add_buttons(setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, leading: float) -> float:
    """Coloured boxes with a word or two in the middle, as programs show them."""
    left, y, right, _ = box
    em, x = sheet.body.size_px, left
    color = draw_color(generator)
    kind = replace(sheet.body, color=pick_print(generator, color))
    height = em * generator.uniform(1.6, 2.6)
    for _ in range(1 + int(generator.random() * 4)):
        text = " ".join(setter.texts.draw_running(generator, 1 + int(generator.random() * 2)))
        kind = replace(kind, face=choose_covering(setter.fonts, sheet.body.face, text, generator))
        text = cut_to_fit(text, kind, right - x - 2 * em)
        if not text:
            break
        width = kind.measure(text) + 2 * em
        top = y - em
        sheet.marks.append(Mark((x, top, x + width, top + height), color))
        sheet.write(text, kind, x + em, top + height / 2 + 0.35 * em)
        x += width + em
    return y + height + leading * 0.5


def _add_chart(_setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, _leading: float) -> float:
    """Paint a chart of bars or a plain box."""
    left, y, right, bottom = box
    em = sheet.body.size_px
    height = min(generator.uniform(3, 9) * em, bottom - y)
    if height < 2 * em:
        return y + em
    color = draw_color(generator)
    if generator.random() < 0.5:
        sheet.marks.append(Mark((left, y - em * 0.8, right, y + height - em), color))
        return y + height + em * 0.5
    x = left
    while x + em < right:
        top = y + (height - em) * generator.random()
        sheet.marks.append(Mark((x, top, x + 0.8 * em, y + height - em), color))
        x += 1.3 * em
    return y + height + em * 0.5


def _add_rule(_setter: Typesetter, sheet: Sheet, generator: np.random.Generator, box: Box, _leading: float) -> float:
    left, y, right, _ = box
    sheet.marks.append(Mark((left, y, right, y + 1 + int(generator.random() * 2)), sheet.body.color))
    return y + 2 * sheet.body.size_px


_BLOCKS: tuple[tuple[Block, float], ...] = (
    (_add_paragraph, 0.5), (_add_title, 0.6), (_add_table, 0.76), (_add_list, 0.84), (_add_buttons, 0.92),
    (_add_chart, 0.96), (_add_rule, 1.0),
)  # fmt: skip
