"""Which lines belong to one block: stacks of lines one under the other, and stacks that stand side by side as cells."""

from dataclasses import dataclass

import numpy as np

from textrec_app.pipeline.grouping_geometry import Boxes, Floats, Ints, Pairs, across_of, pair_boxes
from textrec_app.pipeline.grouping_links import label_groups, rank_within
from textrec_app.pipeline.grouping_model import LinkModel

STACK_FEATURES = (
    "gap", "gap_log", "overlap", "left", "right", "center", "best_edge", "begins_after", "ends_after", "height_ratio",
    "turn", "flipped", "rank", "gap_to_least", "gap_to_most", "n_other", "gap_to_usual", "shorter", "longer", "beside",
)  # fmt: skip
ROW_FEATURES = (
    "across", "gap", "gap_log", "height_ratio", "turn", "shorter", "longer", "narrow_stack", "wide_stack", "partners",
    "least_lines", "gap_to_width", "fullness", "spread",
    "least_words", "most_words",
)  # fmt: skip
_MOST_GAP = 4.0
_MOST_TURN = 0.45
_MOST_EDGE = 6.0
_ROW_REACH = 40.0
_MOST_OFFSET = 0.7
_HEARD_HEIGHTS = 6.0
_LEVELLED_HEIGHTS = 5.0
_LEAST_STACK = 2.0


@dataclass(frozen=True, slots=True)
class LinePairs:
    """Pairs of lines that may belong together, each once, with features (M, F) without unit."""

    first: Ints
    second: Ints
    features: Floats


def find_stack_links(lines: Boxes) -> LinePairs:
    """Pairs of lines of which one is under the other."""
    pairs, low, mean = _pair_lines(lines)
    gap = (np.abs(pairs.across) - (lines.heights[pairs.first] + lines.heights[pairs.second]) / 2) / mean
    fits = (pairs.overlap > 0.02) & (gap < _MOST_GAP) & (pairs.turn < _MOST_TURN) & (np.abs(pairs.across) > 0.5 * low)
    port = 2 * pairs.first + (pairs.across > 0)
    cost = np.where(fits, gap, np.inf)
    rank = rank_within(port, cost)
    nearest = np.full(2 * len(lines), np.inf)
    is_first = fits & (rank == 0)
    nearest[port[is_first]] = gap[is_first]
    neighbours = np.bincount(_side_by_side(pairs, low).first, minlength=len(lines))
    back = _reverse_of(pairs, len(lines))
    kept = np.flatnonzero(fits & (pairs.first < pairs.second) & (np.minimum(rank, rank[back]) == 0))
    features = _describe_stack(lines, pairs, kept, gap, mean)
    features["rank"] = np.minimum(rank[kept] + rank[back[kept]], 4).astype(np.float64)
    features |= _compare_gaps(gap[kept], nearest, port[kept], port[back[kept]])
    beside = np.minimum(neighbours[pairs.first[kept]], neighbours[pairs.second[kept]])
    features["beside"] = np.minimum(beside, 3).astype(np.float64)
    table = np.stack([features[name] for name in STACK_FEATURES], axis=1)
    return LinePairs(pairs.first[kept], pairs.second[kept], table)


def stack_lines(lines: Boxes, judge: LinkModel) -> Ints:
    """Number of the stack (N,) that each line is in."""
    pairs = find_stack_links(lines)
    joined = judge.score(STACK_FEATURES, pairs.features) > _LEAST_STACK
    return label_groups(len(lines), np.stack([pairs.first[joined], pairs.second[joined]], axis=1))


def level_stacks(lines: Boxes, stacks: Ints) -> Boxes:
    """Lines that lean as their stack does on the whole: a short line's own direction is worth little."""
    heavy = lines.along * lines.lengths[:, None]
    longest = np.lexsort((-lines.lengths, stacks))
    leading = longest[np.unique(stacks[longest], return_index=True)[1]][stacks]
    signs = np.where((lines.along * lines.along[leading]).sum(axis=1) < 0, -1.0, 1.0)
    near = (stacks[:, None] == stacks[None]) * np.exp(
        -np.linalg.norm(lines.centres[:, None] - lines.centres[None], axis=2)
        / (_LEVELLED_HEIGHTS * lines.heights)[:, None]
    )
    mean = (near @ (heavy * signs[:, None])) * signs[:, None]
    size = np.linalg.norm(mean, axis=1)
    along = np.where((size > 1e-6)[:, None], mean / np.maximum(size, 1e-9)[:, None], lines.along)
    return Boxes(lines.centres, along, lines.lengths, lines.heights)


def find_row_links(lines: Boxes, stacks: Ints, n_words: Ints) -> LinePairs:
    """Pairs of lines that stand side by side in one row, with nothing between.

    Args:
        stacks: (N,) which stack each line is in.
        n_words: (N,) words on each line.
    """
    pairs, low, mean = _pair_lines(lines)
    beside = _side_by_side(pairs, low)
    port = 2 * beside.first + (beside.ahead > 0)
    is_next = rank_within(port, beside.gap) == 0
    back = _reverse_of(beside, len(lines))
    kept = np.flatnonzero(is_next & is_next[back] & (beside.first < beside.second))
    first, second = beside.first[kept], beside.second[kept]
    one, other = lines.heights[first], lines.heights[second]
    scale = np.sqrt(one * other)
    gap = np.clip(beside.gap[kept] / scale, 0, None)
    sizes = np.log(np.stack([lines.lengths[first] / scale, lines.lengths[second] / scale]))
    widths, fullness = _measure_stacks(lines, stacks)
    full = np.stack([fullness[stacks[first]], fullness[stacks[second]]])
    wide = np.log(np.stack([widths[stacks[first]] / scale, widths[stacks[second]] / scale]))
    count = np.bincount(stacks)
    least = np.minimum(count[stacks[first]], count[stacks[second]])
    words = (np.bincount(stacks, weights=n_words) / count)[np.stack([stacks[first], stacks[second]])]
    low_stack = np.minimum(stacks[first], stacks[second])
    couples, couple = np.unique(
        low_stack * (stacks.max(initial=0) + 1) + np.maximum(stacks[first], stacks[second]), return_inverse=True
    )
    partners = np.bincount(couple, minlength=len(couples))[couple] / np.maximum(least, 1)
    features = {
        "across": np.abs(beside.across[kept]) / scale,
        "gap": np.minimum(gap, 15),
        "gap_log": np.log(np.clip(gap, 0.1, None)),
        "height_ratio": np.abs(np.log(one / other)),
        "turn": beside.turn[kept],
        "shorter": sizes.min(axis=0),
        "longer": sizes.max(axis=0),
        "narrow_stack": wide.min(axis=0),
        "wide_stack": wide.max(axis=0),
        "partners": np.minimum(partners, 1.5),
        "least_lines": np.log(least),
        "least_words": np.log(words.min(axis=0)),
        "most_words": np.log(words.max(axis=0)),
        "fullness": full.min(axis=0),
        "spread": full.max(axis=0),
        "gap_to_width": np.log(np.clip(gap, 0.1, None)) - wide.min(axis=0),
    }
    table = np.stack([features[name] for name in ROW_FEATURES], axis=1)
    return LinePairs(first, second, table.reshape(-1, len(ROW_FEATURES)))


def hear_neighbours(lines: Boxes, pairs: LinePairs, scores: Floats) -> Floats:
    """Scores of row links, each the mean of those above and below that bridge the same strip of paper."""
    begin, end = lines.centres[pairs.first], lines.centres[pairs.second]
    along = lines.along[pairs.first] * lines.lengths[pairs.first, None]
    along = along + lines.along[pairs.second] * lines.lengths[pairs.second, None]
    along /= np.maximum(np.linalg.norm(along, axis=1), 1e-9)[:, None]
    sign = np.where(((end - begin) * along).sum(axis=1) < 0, -1.0, 1.0)
    inner = begin + along * (sign * lines.lengths[pairs.first] / 2)[:, None]
    outer = end - along * (sign * lines.lengths[pairs.second] / 2)[:, None]
    middle, width = (inner + outer) / 2, np.linalg.norm(outer - inner, axis=1)
    away = middle[None] - middle[:, None]
    ahead = np.abs((away * along[:, None]).sum(axis=2))
    aside = np.abs((away * across_of(along)[:, None]).sum(axis=2))
    heights = np.sqrt(lines.heights[pairs.first] * lines.heights[pairs.second])
    weight = np.exp(-aside / (_HEARD_HEIGHTS * heights)[:, None]) * (ahead < (width[:, None] + width[None]) / 2)
    np.fill_diagonal(weight, 1.0)
    return weight @ np.clip(scores, -5, 5) / weight.sum(axis=1)


def join_stacks(pairs: LinePairs, scores: Floats, stacks: Ints) -> Ints:
    """Blocks (N,) of lines: stacks side by side are one where the links between them say so on the whole."""
    one, other = stacks[pairs.first], stacks[pairs.second]
    couples = np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1)
    names, which = np.unique(couples, axis=0, return_inverse=True)
    votes = np.bincount(which.reshape(-1), weights=scores, minlength=len(names))
    return label_groups(int(stacks.max(initial=-1)) + 1, names[votes > 0])[stacks]


def _pair_lines(lines: Boxes) -> tuple[Pairs, Floats, Floats]:
    """All pairs of lines that are close, or in one row; `across` is taken where they are beside each other."""
    centres, along = lines.centres.astype(np.float32), lines.along.astype(np.float32)
    heights, half = lines.heights.astype(np.float32), (lines.lengths / 2).astype(np.float32)
    between_x, between_y = (centres[None, :, axis] - centres[:, None, axis] for axis in (0, 1))
    ahead = np.abs(between_x * along[:, None, 0] + between_y * along[:, None, 1]) - half[:, None] - half[None]
    across = np.abs(between_y * along[:, None, 0] - between_x * along[:, None, 1])
    high = np.maximum(heights[:, None], heights[None])
    slack = 0.05 * (np.maximum(ahead, 0) + half[:, None] + half[None])
    is_near = (ahead < 0.5 * high) & (across < (_MOST_GAP + 1) * high + slack)
    is_near |= (across < high + slack) & (ahead < _ROW_REACH * high)
    is_near |= is_near.T
    np.fill_diagonal(is_near, False)
    first, second = np.nonzero(is_near)
    pairs = pair_boxes(lines, first, second)
    one, other = lines.heights[first], lines.heights[second]
    return pairs, np.minimum(one, other), np.sqrt(one * other)


def _side_by_side(pairs: Pairs, low: Floats) -> Pairs:
    kept = (pairs.overlap < 0.05) & (np.abs(pairs.across) < _MOST_OFFSET * low) & (pairs.turn < _MOST_TURN)
    return Pairs(*(getattr(pairs, name)[kept] for name in Pairs.__dataclass_fields__))


def _describe_stack(lines: Boxes, pairs: Pairs, kept: Ints, gap: Floats, mean: Floats) -> dict[str, Floats]:
    first, second, scale = pairs.first[kept], pairs.second[kept], mean[kept]
    halves = lines.lengths[first] / 2, lines.lengths[second] / 2
    ahead = pairs.ahead[kept]
    left = np.abs(ahead - halves[1] + halves[0]) / scale
    right = np.abs(ahead + halves[1] - halves[0]) / scale
    center = np.abs(ahead) / scale
    sizes = np.log(np.stack([2 * halves[0] / scale, 2 * halves[1] / scale]))
    near, down = gap[kept], np.sign(pairs.across[kept])
    return {
        "gap": np.clip(near, -1, None),
        "gap_log": np.log(np.clip(near + 1, 0.05, None)),
        "overlap": pairs.overlap[kept],
        "left": np.minimum(left, _MOST_EDGE),
        "right": np.minimum(right, _MOST_EDGE),
        "center": np.minimum(center, _MOST_EDGE),
        "begins_after": np.clip((ahead - halves[1] + halves[0]) / scale * down, -4, 4),
        "ends_after": np.clip((ahead + halves[1] - halves[0]) / scale * down, -4, 4),
        "best_edge": np.minimum(np.minimum(left, right), np.minimum(center, _MOST_EDGE)),
        "height_ratio": np.abs(np.log(lines.heights[first] / lines.heights[second])),
        "turn": pairs.turn[kept],
        "flipped": pairs.is_flipped[kept].astype(np.float64),
        "shorter": sizes.min(axis=0),
        "longer": sizes.max(axis=0),
    }


def _compare_gaps(gap: Floats, nearest: Floats, port: Ints, back: Ints) -> dict[str, Floats]:
    """A gap beside those on the other sides of both lines, and beside what is usual on the page."""
    others = np.stack([nearest[port ^ 1], nearest[back ^ 1]])
    known = np.isfinite(others)
    differences = np.where(known, np.clip(gap - np.where(known, others, 0.0), -2, 3), np.nan)
    least = np.fmax(differences[0], differences[1])
    most = np.fmin(differences[0], differences[1])
    closest = nearest.reshape(-1, 2).min(axis=1)
    closest = closest[np.isfinite(closest)]
    usual = float(np.median(closest)) if len(closest) else 0.0
    return {
        "gap_to_least": np.nan_to_num(least),
        "gap_to_most": np.nan_to_num(most),
        "n_other": known.sum(axis=0).astype(np.float64),
        "gap_to_usual": np.clip(gap - usual, -2, 3),
    }


def _measure_stacks(lines: Boxes, stacks: Ints) -> tuple[Floats, Floats]:
    """Median length of the lines of each stack, pixels, and its share of the longest's."""
    if not len(stacks):
        return np.zeros(0), np.zeros(0)
    lengths = lines.lengths[np.lexsort((lines.lengths, stacks))]
    counts = np.bincount(stacks)
    starts = np.cumsum(counts) - counts
    median = lengths[starts + counts // 2]
    return median, median / lengths[starts + counts - 1]


def _reverse_of(pairs: Pairs, n_lines: int) -> Ints:
    return np.searchsorted(pairs.first * n_lines + pairs.second, pairs.second * n_lines + pairs.first)
