"""In which order words, lines and blocks are read."""

import numpy as np
from numpy.typing import NDArray

from textrec_app.pipeline.grouping_geometry import Boxes, Floats, Ints, across_of
from textrec_app.pipeline.grouping_links import label_groups

_SAME_DIRECTION = 0.866
_LEAST_BESIDE = 0.1
_LEAST_SHARED = 0.3
_LEVEL_HEIGHTS = 0.35
_UNIT_HEIGHTS = 3.0


def order_words(words: Boxes, links: Ints, members: Ints, along: Floats) -> list[int]:
    """Words of one line from its beginning to its end.

    A line that its links make a chain is walked, so that bent ones are followed; else the words' places along the
    line decide.

    Args:
        links: (L, 2) the links inside the line.
        members: (K,) indices of its words.
        along: (2,) direction in which the line is read.
    """
    places = words.centres[members] @ along
    by_place = members[np.argsort(places, kind="stable")].tolist()
    if len(links) != len(members) - 1 or len(members) < 3:
        return by_place
    following: dict[int, list[int]] = {index: [] for index in by_place}
    for one, other in links.tolist():
        following[one].append(other)
        following[other].append(one)
    ends = [index for index in by_place if len(following[index]) == 1]
    if len(ends) != 2 or any(len(near) > 2 for near in following.values()):
        return by_place
    walk, before = [ends[0]], -1
    while len(walk) < len(by_place):
        before, here = walk[-1], next(index for index in following[walk[-1]] if index != before)
        walk.append(here)
    steps = np.diff(words.centres[walk], axis=0)
    forward = sum(float(step @ words.along[index]) for step, index in zip(steps, walk, strict=False))
    forward += sum(float(step @ words.along[index]) for step, index in zip(steps, walk[1:], strict=False))
    return walk if forward >= 0 else walk[::-1]


def find_direction(boxes: Boxes, vectors: Floats | None = None) -> Floats:
    """Direction (2,) in which most of the text is read; vectors along it, (M, 2), count as text of their length."""
    heavy = boxes.along * boxes.lengths[:, None]
    if vectors is not None and len(vectors):
        heavy = np.concatenate([heavy, vectors])
    sizes = np.linalg.norm(heavy, axis=1)
    units = heavy / np.maximum(sizes, 1e-9)[:, None]
    turns = np.deg2rad(np.arange(0, 360, 10))
    rays = np.stack([np.cos(turns), -np.sin(turns)], axis=1)
    votes = ((rays @ units.T > _SAME_DIRECTION) * sizes).sum(axis=1)
    best = rays[int(np.argmax(votes))]
    mean = heavy[units @ best > _SAME_DIRECTION].sum(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0 else best


def find_rows(lines: Boxes, members: Ints, row_links: Ints) -> list[list[int]]:
    """Rows of one block from top to bottom, each with its lines from left to right.

    Args:
        members: (K,) indices of the block's lines.
        row_links: (L, 2) pairs of the block's lines that stand side by side.
    """
    own = lines.take(members)
    place = {int(index): number for number, index in enumerate(members)}
    inside = np.array([[place[int(a)], place[int(b)]] for a, b in row_links], np.int64).reshape(-1, 2)
    rough = find_direction(own)
    vectors = own.centres[inside[:, 1]] - own.centres[inside[:, 0]]
    along = find_direction(own, vectors * np.where(vectors @ rough < 0, -1.0, 1.0)[:, None])
    ahead, aside = own.centres @ along, own.centres @ across_of(along)
    rows = label_groups(len(members), np.concatenate([inside, _find_level(own, ahead, aside)]))
    middles = np.bincount(rows, weights=aside) / np.bincount(rows)
    order = np.lexsort((ahead, middles[rows]))
    names, starts = np.unique(rows[order], return_index=True)
    cuts = np.sort(starts)[1:]
    return [members[part].tolist() for part in np.split(order, cuts)]


def _find_level(own: Boxes, ahead: Floats, aside: Floats) -> Ints:
    """Pairs (M, 2) of lines that stand side by side at very nearly one height, linked or not."""
    low = np.minimum(own.heights[:, None], own.heights[None])
    apart = np.abs(ahead[:, None] - ahead[None]) - (own.lengths[:, None] + own.lengths[None]) / 2
    is_level = (np.abs(aside[:, None] - aside[None]) < _LEVEL_HEIGHTS * low) & (apart > -0.2 * low)
    return np.argwhere(np.triu(is_level, 1))


def order_turned_blocks(lines: Boxes, quads: Floats, blocks: Ints) -> list[int]:
    """Order blocks of which some may be turned: neighbours of one direction are read in their own frame.

    Args:
        quads: (L, 4, 2) corners of the lines.
        blocks: (L,) which of the blocks 0 … B - 1 each line is in.
    """
    count = int(blocks.max()) + 1
    members = [np.flatnonzero(blocks == block) for block in range(count)]
    page = find_direction(lines)
    directions = np.array([find_direction(lines.take(own)) for own in members])
    low = np.array([quads[own].reshape(-1, 2).min(axis=0) for own in members])
    high = np.array([quads[own].reshape(-1, 2).max(axis=0) for own in members])
    heights = np.array([np.median(lines.heights[own]) for own in members])
    apart = np.maximum(np.maximum(low[:, None] - high[None], low[None] - high[:, None]), 0).max(axis=2)
    is_near = apart < _UNIT_HEIGHTS * np.maximum(heights[:, None], heights[None])
    is_turned = directions @ page < _SAME_DIRECTION
    joins = is_near & (directions @ directions.T > _SAME_DIRECTION) & is_turned[:, None] & is_turned[None]
    units = label_groups(count, np.argwhere(np.triu(joins, 1)))
    inside = [np.flatnonzero(units == unit) for unit in range(int(units.max()) + 1)]
    extents = [_bound(quads[np.isin(blocks, unit)], page) for unit in inside]
    order: list[int] = []
    for unit in order_blocks(np.array(extents)):
        own = inside[unit]
        along = directions[own[np.argmax(np.bincount(blocks, minlength=count)[own])]]
        order += own[order_blocks(np.array([_bound(quads[members[block]], along) for block in own]))].tolist()
    return order


def _bound(quads: Floats, along: Floats) -> Floats:
    """Left, top, right, bottom (4,) of corners seen along a direction."""
    points = quads.reshape(-1, 2) @ np.stack([along, across_of(along)]).T
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def order_blocks(extents: Floats) -> list[int]:
    """Order blocks: what is above first, and columns from left to right.

    A block comes before one below it that shares some of its width. Of two side by side the left one comes first,
    with all that stands in its column, unless something that is as wide as both parts them.

    Args:
        extents: (N, 4) left, top, right, bottom in the frame of the page.

    Source:
        After Breuel, High performance document layout analysis, SDIUT 2003, section on reading order; that columns
        must stand side by side is ours, so that signs of a scene are read from the top.
    """
    count = len(extents)
    if count == 1:
        return [0]
    order = np.argsort(extents[:, 1] + extents[:, 3], kind="stable")
    left, top, right, bottom = extents[order].T
    width, height = np.maximum(right - left, 1.0), np.maximum(bottom - top, 1.0)
    shared = np.minimum(right[:, None], right[None]) - np.maximum(left[:, None], left[None])
    beside = np.minimum(bottom[:, None], bottom[None]) - np.maximum(top[:, None], top[None])
    overlaps = shared > _LEAST_BESIDE * np.minimum(width[:, None], width[None])
    level = beside > _LEAST_SHARED * np.minimum(height[:, None], height[None])
    parted = _find_parted(overlaps)
    column = overlaps & ~parted
    np.fill_diagonal(column, True)
    reach = column.astype(np.float32) @ level.astype(np.float32) > 0
    flows = level | ((reach | reach.T) & ~parted)
    is_left = (left + right)[:, None] < (left + right)[None]
    before = np.triu(overlaps, 1) | (flows & ~overlaps & is_left)
    return [int(order[index]) for index in _sort_topologically(before, count)]


def _find_parted(overlaps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pairs, sorted from top to bottom, with a third between them that both lie over or under, while they do not."""
    under = np.tril(overlaps, -1).astype(np.float32)
    parted = np.tril(under @ under > 0, -1)
    parted &= ~overlaps
    return parted | parted.T


def _sort_topologically(before: NDArray[np.bool_], count: int) -> list[int]:
    """Items in an order that keeps to `before`; the first of those that are free; circles are cut at the first."""
    waits = before.sum(axis=0).astype(np.int64)
    is_left = np.ones(count, bool)
    result = []
    for _ in range(count):
        free = np.flatnonzero(is_left & (waits <= 0))
        index = int(free[0]) if len(free) else int(np.flatnonzero(is_left)[np.argmin(waits[is_left])])
        is_left[index] = False
        waits -= before[index]
        result.append(index)
    return result
