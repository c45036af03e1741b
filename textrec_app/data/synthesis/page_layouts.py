"""Drawn page layouts without pixels: words' quads as a detector would give them, and how they belong together."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textrec_app.data.synthesis.page_writing import (
    Sheet,
    Type,
    draw_length,
    draw_type,
    write_count,
    write_line,
    write_words,
)
from textrec_app.domain import DetectedRegion

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DrawnLayout:
    """Words of one page or scene and the truth about them.

    Attributes:
        regions: words in random order, pixels.
        lines, blocks: (N,) which line and block each word is of. Cells of a table's row are lines of their own, and
            so are the pieces of a line that a missing word parts.
        ranks: (N,) place in the order of reading, among words of one section.
        sections: (N,) parts between which there is no right order, such as the signs of a street.
    """

    regions: tuple[DetectedRegion, ...]
    lines: Ints
    blocks: Ints
    ranks: Ints
    sections: Ints


def draw_prose(generator: np.random.Generator) -> Sheet:
    """Draw a page of one to three columns with a title and headings."""
    sheet, body = Sheet(), draw_type(generator)
    size = body.size
    columns = int(generator.choice([1, 2, 2, 3]))
    width = size * generator.uniform(15, 26 if columns > 1 else 40)
    gutter = size * generator.uniform(1.3, 4.0)
    full = columns * width + (columns - 1) * gutter
    top = 0.0
    if generator.random() < 0.7:
        title = draw_type(generator, size * generator.uniform(1.5, 3.2))
        for _ in range(1 + int(generator.random() < 0.3)):
            top = write_line(sheet, title, generator, (0, full), top, generator.choice(["left", "center"]))
        top += size * generator.uniform(0.8, 2.5)
        if generator.random() < 0.4:
            sheet.start_block()
            top = write_line(sheet, body, generator, (0, full), top, "center", fill=0.3)
            top += size * generator.uniform(0.8, 2)
    depth = body.pitch * generator.uniform(5, 15)
    align = generator.choice(["justify", "left", "left", "center"], p=[0.4, 0.25, 0.25, 0.1])
    parted = size * generator.uniform(0.45, 1.6)
    for column in range(columns):
        left, y = column * (width + gutter), top
        stop = top + depth * (1.0 if generator.random() < 0.7 else generator.uniform(0.4, 1.0))
        while y < stop:
            sheet.start_block()
            y = _write_paragraph(sheet, body, generator, (left, width, y, stop), align) + parted
            if generator.random() < 0.15 and y < stop:
                sheet.start_block()
                heading = draw_type(generator, size * generator.uniform(1.0, 1.4))
                y = write_line(sheet, heading, generator, (left, width), y + 0.4 * size, "left", fill=0.4)
                y += size * generator.uniform(0.5, 1.0)
    return sheet


def _write_paragraph(
    sheet: Sheet, body: Type, generator: np.random.Generator, room: tuple[float, float, float, float], align: str
) -> float:
    left, width, y, stop = room
    lines = 1 + int(generator.integers(1, 9))
    for number in range(lines):
        is_last = number == lines - 1
        fill = generator.uniform(0.2, 0.95) if is_last else 1.0
        how = "left" if is_last and align == "justify" else align
        y = write_line(sheet, body, generator, (left, width), y, how, fill=fill)
        if y >= stop:
            break
    return y


def draw_receipt(generator: np.random.Generator) -> Sheet:
    """Draw a receipt: a head, items with their prices at the right edge, sums, a foot."""
    sheet, body = Sheet(), draw_type(generator)
    size, width = body.size, body.size * generator.uniform(13, 26)
    y = 0.0
    if generator.random() < 0.5:
        big = draw_type(generator, size * generator.uniform(1.3, 2.2))
        y = write_line(sheet, big, generator, (0, width), y, "center", fill=0.6)
        y += size * generator.uniform(0.3, 1.5)
        sheet.start_block()
    for _ in range(int(generator.integers(2, 7))):
        y = write_line(sheet, body, generator, (0, width), y, "center", fill=generator.uniform(0.3, 0.95))
    for _ in range(int(generator.integers(1, 4))):
        y += body.pitch * generator.uniform(0.5, 1.8)
        sheet.start_block()
        y = _write_priced(sheet, body, generator, width, y)
    if generator.random() < 0.6:
        y += body.pitch * generator.uniform(0.5, 2)
        sheet.start_block()
        for _ in range(int(generator.integers(1, 4))):
            y = write_line(sheet, body, generator, (0, width), y, "center", fill=generator.uniform(0.3, 0.95))
    return sheet


def _write_priced(sheet: Sheet, body: Type, generator: np.random.Generator, width: float, y: float) -> float:
    """Rows of a name, perhaps a count and a unit price in their columns, and a price at the right edge."""
    size = body.size
    stops = [1.0] if generator.random() < 0.6 else [generator.uniform(0.6, 0.72), 1.0]
    digits = int(generator.integers(3, 6))
    indent = width * generator.uniform(0.2, 0.5) if generator.random() < 0.2 else 0.0
    has_names = generator.random() < 0.35
    for _ in range(int(generator.integers(1, 10))):
        if has_names and generator.random() < 0.6:
            y = write_line(sheet, body, generator, (0, width), y, "left", fill=generator.uniform(0.3, 1.0))
        gap = _draw_cell_gap(body, generator)
        free = width * stops[0] - digits * 0.5 * size - gap - indent
        room, align = ((indent, free), "left") if generator.random() < 0.7 else ((indent, free), "right")
        write_line(sheet, body, generator, room, y, align, fill=generator.uniform(0.2, 1.0))
        for stop in stops:
            if generator.random() < 0.9:
                count = max(1, digits + int(generator.integers(-1, 2)))
                sheet.start_line()
                write_words(sheet, body, generator, width * stop - count * 0.5 * size, y, [count])
        y += body.pitch
    return y


def _draw_cell_gap(body: Type, generator: np.random.Generator) -> float:
    """Least space between two cells of a row: at times hardly more than between words."""
    return max(body.size * (0.6 + 3.0 * generator.random() ** 1.6), 2 * body.space)


def draw_table(generator: np.random.Generator) -> Sheet:
    """Draw a table with a head; each cell is a line, rows are read one after another."""
    sheet, body = Sheet(), draw_type(generator)
    size = body.size
    if generator.random() < 0.4:
        title = draw_type(generator, size * generator.uniform(1.2, 2.0))
        write_line(sheet, title, generator, (0, size * 20), -size * generator.uniform(2.5, 4), "left", fill=0.6)
        sheet.start_block()
    columns = int(generator.integers(2, 7))
    words = [1 if generator.random() < 0.6 else int(generator.integers(2, 5)) for _ in range(columns)]
    widths = [size * (2.0 + 3.0 * count) * generator.uniform(0.8, 1.2) for count in words]
    gap = _draw_cell_gap(body, generator)
    aligns = [str(generator.choice(["left", "right", "center"])) for _ in range(columns)]
    pitch = body.pitch * generator.uniform(1.0, 1.8)
    for row in range(int(generator.integers(3, 14))):
        left = 0.0
        for width, count, align in zip(widths, words, aligns, strict=True):
            if generator.random() < 0.93:
                fill = 0.05 if count == 1 else generator.uniform(0.2, 1.0)
                write_line(sheet, body, generator, (left, width), row * pitch, align, fill=fill)
            left += width + gap
    return sheet


def draw_form(generator: np.random.Generator) -> Sheet:
    """Draw groups of labels and what is filled in beside them."""
    sheet, body = Sheet(), draw_type(generator)
    size, y = body.size, 0.0
    labels = size * generator.uniform(5, 11)
    values = labels + _draw_cell_gap(body, generator)
    for _ in range(int(generator.integers(1, 5))):
        for _ in range(int(generator.integers(2, 7))):
            write_line(sheet, body, generator, (0, labels), y, "left", fill=generator.uniform(0.1, 0.9))
            if generator.random() < 0.9:
                room = (values, size * 14)
                write_line(sheet, body, generator, room, y, "left", fill=generator.uniform(0.1, 1.0))
            y += body.pitch
        y += body.pitch * generator.uniform(0.6, 2)
        sheet.start_block()
    return sheet


def draw_sign(generator: np.random.Generator) -> Sheet:
    """Draw a few lines of one sign; a title and what is much smaller are blocks of their own."""
    sheet = Sheet()
    body = _space_out(draw_type(generator, generator.uniform(14, 90)), generator)
    align = generator.choice(["left", "center", "center"])
    y, room = 0.0, body.size * generator.uniform(3, 12)
    for number in range(int(generator.integers(1, 6))):
        if number and generator.random() < 0.4:
            ratio = generator.choice(
                [generator.uniform(0.3, 0.55), generator.uniform(1.8, 3), generator.uniform(0.8, 1.25)]
            )
            changed = draw_type(generator, float(np.clip(body.size * ratio, 10, 140)))
            extent = max(changed.size, body.size) / min(changed.size, body.size)
            y += 0.15 * max(changed.size, body.size)
            if extent > 1.6:
                sheet.start_block()
            body = changed
        count = int(generator.choice([1, 1, 2, 2, 3, 5]))
        y = write_count(sheet, body, generator, (0, room), y, align, count)
    return sheet


def _space_out(kind: Type, generator: np.random.Generator) -> Type:
    """Signs are set with wider spaces than pages at times."""
    return replace(kind, space=kind.space * generator.uniform(1, 2)) if generator.random() < 0.3 else kind


def draw_banner(generator: np.random.Generator) -> Sheet:
    """Draw one line of a few words, bent like an arch at times."""
    sheet, body = Sheet(), _space_out(draw_type(generator, generator.uniform(12, 90)), generator)
    count = int(generator.integers(1, 7))
    write_words(sheet, body, generator, 0, 0, [draw_length(generator) for _ in range(count)])
    if generator.random() < 0.5:
        sheet.bend(generator.uniform(0.2, 1.6) * generator.choice([-1, 1]))
    return sheet


def draw_pillar(generator: np.random.Generator) -> Sheet:
    """Draw columns of characters, each one region, read downwards and from right to left."""
    sheet = Sheet()
    size = generator.uniform(14, 60)
    for column in range(int(generator.choice([1, 2, 3]))):
        left = -column * size * 1.6
        sheet.start_line()
        top = 0.0
        for _ in range(1 + int(generator.random() < 0.3)):
            height = size * generator.integers(3, 11)
            sheet.add(np.array([[left, top], [left + size, top], [left + size, top + height], [left, top + height]]))
            top += height + size * generator.uniform(0.3, 0.8)
    return sheet


_PAGES: dict[str, Callable[[np.random.Generator], Sheet]] = {
    "columns": draw_prose,
    "receipts": draw_receipt,
    "tables": draw_table,
    "forms": draw_form,
}
_PLANES: tuple[Callable[[np.random.Generator], Sheet], ...] = (
    draw_sign,
    draw_sign,
    draw_sign,
    draw_banner,
    draw_pillar,
)
KINDS = (*_PAGES, "scenes", "rotated")


def draw_layout(kind: str, generator: np.random.Generator) -> DrawnLayout:
    """Draw one page or scene of a kind of `KINDS`, with the faults of a detector.

    Pages lean by a few degrees and are seen in slight perspective; "rotated" ones are pages turned by any angle,
    "scenes" a few signs in any direction.
    """
    if kind == "scenes":
        planes = _place_planes(generator)
    else:
        name = str(generator.choice(list(_PAGES))) if kind == "rotated" else kind
        turn = _draw_turn(generator) if kind == "rotated" else float(generator.normal(0, 1.5))
        planes = [_view(_PAGES[name](generator), turn, 0.08, generator)]
    return _detect(planes, generator)


@dataclass(slots=True)
class _Plane:
    quads: Floats
    lines: Ints
    blocks: Ints


def _draw_turn(generator: np.random.Generator) -> float:
    if generator.random() < 0.4:
        return float(generator.choice([90, 180, 270]) + generator.normal(0, 2))
    return float(generator.uniform(-180, 180))


def _view(sheet: Sheet, turn_deg: float, tilt: float, generator: np.random.Generator) -> _Plane:
    """A sheet seen turned and in perspective; its quads are shifted to begin at (0, 0)."""
    quads = np.array(sheet.quads).reshape(-1, 4, 2)
    points = quads - quads.reshape(-1, 2).mean(axis=0)
    reach = max(float(np.abs(points).max()), 1.0)
    tilts = generator.normal(0, tilt, 2) / reach
    points = points / np.maximum(1 + points @ np.clip(tilts, -0.35 / reach, 0.35 / reach), 0.2)[..., None]
    angle = np.deg2rad(turn_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    points = points @ np.array([[cosine, -sine], [sine, cosine]])
    points = points - points.reshape(-1, 2).min(axis=0)
    return _Plane(points, np.array(sheet.lines), np.array(sheet.blocks))


def _place_planes(generator: np.random.Generator) -> list[_Plane]:
    """Signs in free places of a picture that grows until they have room."""
    placed: list[_Plane] = []
    taken: list[Floats] = []
    extent = generator.uniform(500, 1200)
    common = float(generator.normal(0, 8)) if generator.random() < 0.8 else _draw_turn(generator)
    for _ in range(int(generator.integers(1, 9))):
        draw = _PLANES[int(generator.integers(len(_PLANES)))]
        turn = common if generator.random() < 0.7 else float(generator.normal(0, 30))
        turn = _draw_turn(generator) if generator.random() < 0.1 else turn
        plane = _view(draw(generator), turn, 0.15, generator)
        size = plane.quads.reshape(-1, 2).max(axis=0)
        heights = np.linalg.norm(plane.quads[:, 3] - plane.quads[:, 0], axis=1)
        height = float(np.median(heights))
        room = height * generator.uniform(1.2, 3.0)
        for attempt in range(30):
            start = generator.random(2) * extent * (1 + attempt / 20)
            if taken and attempt == 0 and generator.random() < 0.35:
                start, room = _start_beside(taken[-1], height, generator), 0.1 * height
            box = np.concatenate([start - room, start + size + room])
            if all((box[:2] >= other[2:]).any() or (other[:2] >= box[2:]).any() for other in taken):
                placed.append(_Plane(plane.quads + start, plane.lines, plane.blocks))
                taken.append(np.concatenate([start, start + size]))
                break
    return placed


def _start_beside(other: Floats, height: float, generator: np.random.Generator) -> Floats:
    """A place close to the right of another sign, higher or lower than it by some of the height."""
    shift = generator.choice([-1, 1]) * generator.uniform(0.3, 1.2) * height
    return np.array([other[2] + generator.uniform(0.4, 2.0) * height, other[1] + shift])


def _detect(planes: list[_Plane], generator: np.random.Generator) -> DrawnLayout:
    """Regions as a detector gives them: shaken, some missing, joined, upside down; in random order."""
    quads: list[Floats] = []
    lines: list[int] = []
    blocks: list[int] = []
    ranks: list[int] = []
    sections: list[int] = []
    missing, shake = generator.choice([0.0, 0.03, 0.08]), generator.uniform(0.01, 0.07)
    joined = generator.choice([0.0, 0.0, 0.05])
    n_lines = n_blocks = 0
    for section, plane in enumerate(planes):
        own_lines = plane.lines.copy()
        for index, quad in enumerate(plane.quads):
            if generator.random() < missing and len(plane.quads) > 3:
                own_lines[index:] += 1
                continue
            line = n_lines + int(own_lines[index])
            if lines and lines[-1] == line and generator.random() < joined:
                quads[-1] = np.array([quads[-1][0], quad[1], quad[2], quads[-1][3]])
                continue
            quads.append(quad)
            lines.append(line)
            blocks.append(n_blocks + int(plane.blocks[index]))
            ranks.append(index)
            sections.append(section)
        n_lines += int(own_lines.max()) + 1
        n_blocks += int(plane.blocks.max()) + 1
    order = generator.permutation(len(quads))
    regions = tuple(_shake(quads[index], shake, generator) for index in order)
    return DrawnLayout(regions, *(np.array(values)[order] for values in (lines, blocks, ranks, sections)))


def _shake(quad: Floats, shake: float, generator: np.random.Generator) -> DetectedRegion:
    height = min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[1] - quad[0]))
    quad = quad + generator.normal(0, shake * height, (4, 2))
    if generator.random() < 0.004:
        quad = np.roll(quad, 2, axis=0)
    side = quad[1] + quad[2] - quad[0] - quad[3]
    angle = float(np.rad2deg(np.arctan2(-side[1], side[0])))
    return DetectedRegion(tuple((float(x), float(y)) for x, y in quad), 0.9, angle)
