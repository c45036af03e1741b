"""Lines, blocks and copyable text of what was read."""

from collections.abc import Sequence
from dataclasses import replace

from textrec_app.domain import DetectedRegion, Reading, RegionReading
from textrec_app.pipeline.grouping import Layout, group_regions

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # Chinese and Japanese
    (0xF900, 0xFAFF),
    (0xFF00, 0xFF9F),
    (0x20000, 0x3FFFF),
)
"""Blocks of Unicode whose words are written without spaces between them."""


def arrange(sure: Sequence[RegionReading], others: Sequence[RegionReading] = ()) -> Layout:
    """Order words that were read, by where they lie and how they run, and group them.

    Args:
        sure: words that make lines.
        others: candidates, in no line; they come last.

    Returns:
        The order as indices into sure and others together; lines, blocks and rows as positions in that order.
    """
    layout = _group(sure)
    order = (*layout.order, *(len(sure) + index for index in _group(others).order))
    place = {index: position for position, index in enumerate(layout.order)}
    lines, blocks, rows = (
        tuple(tuple(place[index] for index in group) for group in groups)
        for groups in (layout.lines, layout.blocks, layout.rows)
    )
    return Layout(order, lines, blocks, rows)


def filter_reading(reading: Reading, threshold: float) -> Reading:
    """The reading as it is where the detector's threshold is another.

    Args:
        reading: made with candidates (`ReadOptions.floor`).
        threshold: least score of a region that stays, in [0, 1].

    Returns:
        The regions that stay, themselves, ordered and grouped anew; nothing is read again.
    """
    kept = [region for region in reading.regions if region.score >= threshold]
    layout = arrange(kept)
    regions = tuple(kept[index] for index in layout.order)
    return replace(reading, regions=regions, lines=layout.lines, blocks=layout.blocks, rows=layout.rows)


def list_rows(reading: Reading) -> list[list[tuple[int, ...]]]:
    """For each block of a reading its rows of text, each the indices of its regions; candidates are in none."""
    rows = reading.rows or reading.lines
    by_block: list[list[tuple[int, ...]]] = [[] for _ in reading.blocks]
    block_of = {index: number for number, block in enumerate(reading.blocks) for index in block}
    for row in rows:
        by_block[block_of[row[0]]].append(row)
    return by_block


def reading_text(reading: Reading) -> str:
    """Copyable text in reading order: a line for each row of text, a blank line between blocks.

    Words are a space apart, but for those of scripts that are written without.
    """
    texts = [region.text for region in reading.regions]
    blocks = ("\n".join(join_words([texts[index] for index in row]) for row in rows) for rows in list_rows(reading))
    return "\n\n".join(blocks)


def join_words(words: Sequence[str]) -> str:
    """Words of one row as they are written."""
    line = ""
    for word in words:
        is_joined = bool(line and word) and _is_unspaced(line[-1]) and _is_unspaced(word[0])
        line += word if is_joined or not line else f" {word}"
    return line


def _is_unspaced(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _UNSPACED)


def _group(regions: Sequence[RegionReading]) -> Layout:
    return group_regions([DetectedRegion(one.polygon, one.score, one.angle_deg) for one in regions])
