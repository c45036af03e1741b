"""From words to lines, rows and blocks, in the order of reading (METHODS section 19)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrec_app.domain import DetectedRegion, Polygon
from textrec_app.pipeline.grouping_blocks import (
    ROW_FEATURES,
    find_row_links,
    hear_neighbours,
    join_stacks,
    level_stacks,
    stack_lines,
)
from textrec_app.pipeline.grouping_geometry import (
    Boxes,
    Ints,
    box_corners,
    box_lines,
    box_regions,
    corner_regions,
    four_corners,
    settle_axes,
)
from textrec_app.pipeline.grouping_links import find_word_links, join_words
from textrec_app.pipeline.grouping_model import load_models
from textrec_app.pipeline.grouping_order import find_rows, order_turned_blocks, order_words


@dataclass(frozen=True, slots=True)
class Layout:
    """How words belong together; every number is an index into the regions that were given.

    Attributes:
        order: all words as a person would read them.
        lines: words of each line in order, lines in order. Cells of a table's row are lines of their own.
        blocks: words of each block (paragraph, table, sign) in order, blocks in order.
        rows: like `lines`, but lines that stand side by side in one block are one: what copied text should show.
    """

    order: tuple[int, ...]
    lines: tuple[tuple[int, ...], ...]
    blocks: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, ...], ...]


def group_regions(regions: Sequence[DetectedRegion]) -> Layout:
    """Group words to lines and blocks and find the order of reading.

    Words are linked to lines, and lines to blocks, where a judge that was fitted on drawn layouts says so; it looks at
    distances in heights of the text, along and across its own direction, so that size and rotation do not matter.

    Args:
        regions: in any order; polygons clockwise from the text's top-left, pixels.
    """
    if not regions:
        return Layout((), (), (), ())
    corners = corner_regions(regions)
    words = settle_axes(box_regions(regions, corners))
    chains, labels = join_words(len(words), find_word_links(words), load_models()["words"])
    lines, quads = box_lines(corners, words, labels)
    blocks, row_links = _link_lines(lines, np.bincount(labels))
    spoken = _order_lines(words, chains, labels, lines)
    ordered_rows = [
        (block, row)
        for block in order_turned_blocks(lines, quads, blocks)
        for row in find_rows(lines, np.flatnonzero(blocks == block), row_links[blocks[row_links[:, 0]] == block])
    ]
    rows = [tuple(word for line in row for word in spoken[line]) for _, row in ordered_rows]
    by_block: dict[int, list[int]] = {}
    for (block, _), row_words in zip(ordered_rows, rows, strict=True):
        by_block.setdefault(block, []).extend(row_words)
    return Layout(
        tuple(word for row in rows for word in row),
        tuple(tuple(spoken[line]) for _, row in ordered_rows for line in row),
        tuple(tuple(block_words) for block_words in by_block.values()),
        tuple(rows),
    )


def line_polygon(polygons: Sequence[Polygon]) -> Polygon:
    """One rectangle round the words of a line, clockwise from the line's top-left as it is read.

    Args:
        polygons: of its words, clockwise from the text's top-left, pixels; at least one. That of a single word comes
            back as it is.
    """
    if len(polygons) == 1 and len(polygons[0]) == 4:
        return polygons[0]
    corners = np.array([four_corners(polygon, 0.0) for polygon in polygons])
    quad = box_lines(corners, settle_axes(box_corners(corners)), np.zeros(len(corners), np.int64))[1][0]
    return tuple((float(x), float(y)) for x, y in quad)


def _link_lines(lines: Boxes, n_words: Ints) -> tuple[Ints, Ints]:
    """Block (L,) of each line, and pairs (M, 2) of lines of one block that stand side by side."""
    models = load_models()
    stacks = stack_lines(lines, models["stacks"])
    lines = level_stacks(lines, stacks)
    beside = find_row_links(lines, stacks, n_words)
    scores = hear_neighbours(lines, beside, models["rows"].score(ROW_FEATURES, beside.features))
    blocks = join_stacks(beside, scores, stacks)
    is_inside = blocks[beside.first] == blocks[beside.second]
    return blocks, np.stack([beside.first[is_inside], beside.second[is_inside]], axis=1)


def _order_lines(words: Boxes, links: Ints, labels: Ints, lines: Boxes) -> list[list[int]]:
    """Words of each line, in order."""
    return [
        order_words(words, links[labels[links[:, 0]] == line], np.flatnonzero(labels == line), lines.along[line])
        for line in range(len(lines))
    ]
