"""Which words continue each other: candidates, their features, and the chains of words that are lines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrec_app.pipeline.grouping_geometry import Boxes, Floats, Ints, Pairs, across_of, pair_boxes
from textrec_app.pipeline.grouping_model import LinkModel

WORD_FEATURES = (
    "across", "edges_near", "edges_far", "gap", "gap_log", "overlap", "height_ratio", "turn", "flipped", "rank",
    "gap_to_other", "gap_to_usual", "gap_over_usual", "gap_in_spreads",
    "spread", "covered", "open", "shorter", "squarish",
)  # fmt: skip
MOST_RANK = 2
_REACH_HEIGHTS = 4.0
_MOST_ACROSS = 1.1
_MOST_TURN = 0.6
_MOST_RATIO = 5.0
_ROWS_NEAR = (0.6, 2.6)
_SAME_PLACE = 0.6
_LEAST_LINK = 0.0


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of boxes that may belong together, each once.

    Attributes:
        first, second: (M,) indices.
        features: (M, F), without unit: lengths are measured in heights of the text.
        ports: (M, 2) the end of either box that the other lies at, 2·index or 2·index + 1.
        same: (S, 2) other pairs, of which one lies in the other's place: doubles, and parts of a word.
    """

    first: Ints
    second: Ints
    features: Floats
    ports: Ints
    same: Ints


def find_near(boxes: Boxes, reach: float = _REACH_HEIGHTS) -> tuple[Ints, Ints]:
    """Both directions of all pairs of boxes at most so many text heights apart, sorted by the first."""
    centres = boxes.centres.astype(np.float32)
    away = np.abs(centres[:, None, 0] - centres[None, :, 0])
    np.hypot(away, centres[:, None, 1] - centres[None, :, 1], out=away)
    half = (np.maximum(boxes.lengths, boxes.heights) / 2).astype(np.float32)
    away -= half[:, None]
    away -= half[None]
    heights = boxes.heights.astype(np.float32)
    near = away < reach * np.maximum(heights[:, None], heights[None])
    np.fill_diagonal(near, False)
    first, second = np.nonzero(near)
    return first, second


def find_word_links(words: Boxes) -> Candidates:
    """Pairs of words that may follow each other on a line, with features."""
    pairs = pair_boxes(words, *find_near(words))
    first, second = pairs.first, pairs.second
    low, high = _heights_of(words, pairs)
    mean = np.sqrt(low * high)
    gap, across = pairs.gap / mean, np.abs(pairs.across) / low
    fits = (across < _MOST_ACROSS) & (pairs.turn < _MOST_TURN) & (high < _MOST_RATIO * low)
    fits &= (pairs.overlap < 0.9) & (gap < _REACH_HEIGHTS)
    port = 2 * first + (pairs.ahead > 0)
    cost = np.where(fits, np.maximum(gap, 0) + 2 * np.abs(pairs.across) / mean, np.inf)
    rank = rank_within(port, cost)
    nearest = np.full(2 * len(words), np.inf)
    is_first = fits & (rank == 0)
    nearest[port[is_first]] = gap[is_first]
    back = _find_reverse(first, second, len(words))
    kept = np.flatnonzero(fits & (first < second) & (np.maximum(rank, rank[back]) <= MOST_RANK))
    both = back[kept]
    other = np.minimum(nearest[port[kept] ^ 1], nearest[port[both] ^ 1])
    context = _look_around(words, pairs, kept, gap)
    features = _describe_words(words, pairs, kept)
    features["rank"] = (rank[kept] + rank[both]).astype(np.float64)
    features["gap_to_other"] = np.where(np.isfinite(other), np.clip(gap[kept] - np.minimum(other, 9), -2, 3), 0.0)
    usual, spread = _find_usual(nearest)
    features["gap_to_usual"] = np.clip(gap[kept] - usual, -2, 3)
    features["spread"] = np.full(len(kept), min(spread, 1.0))
    features["gap_in_spreads"] = np.clip((gap[kept] - usual) / (spread + 0.05), -5, 15)
    features["gap_over_usual"] = np.log(np.clip(gap[kept], 0.05, None) / max(usual, 0.1))
    features["covered"], features["open"] = context
    table = np.stack([features[name] for name in WORD_FEATURES], axis=1)
    ports = np.stack([port[kept], port[both]], axis=1)
    return Candidates(first[kept], second[kept], table, ports, _find_same_place(words, pairs))


def join_words(n_words: int, candidates: Candidates, judge: LinkModel) -> tuple[Ints, Ints]:
    """Links (L, 2) between words that follow each other or are in one place, and the line (N,) of each word."""
    links = chain(n_words, candidates, judge.score(WORD_FEATURES, candidates.features))
    links = np.concatenate([links, candidates.same])
    return links, label_groups(n_words, links)


def _find_same_place(words: Boxes, pairs: Pairs) -> Ints:
    """Pairs (S, 2) of words of which one lies mostly in the other's row and place: doubles, and parts of a word."""
    low, high = _heights_of(words, pairs)
    beside = np.clip((low + high) / 2 - np.abs(pairs.across), 0, low) / low
    is_same = (pairs.overlap > _SAME_PLACE) & (beside > _SAME_PLACE) & (pairs.first < pairs.second)
    is_same &= (pairs.turn < _MOST_TURN) & (high < _MOST_RATIO * low)
    return np.stack([pairs.first[is_same], pairs.second[is_same]], axis=1)


def rank_within(groups: Ints, cost: Floats) -> Ints:
    """Place of each item in its group when sorted by cost; (M,) from 0."""
    order = np.lexsort((cost, groups))
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_groups[1:] != sorted_groups[:-1]]))
    sizes = np.diff(np.append(starts, len(groups)))
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return ranks


def chain(n_boxes: int, candidates: Candidates, scores: Floats, least: float = _LEAST_LINK) -> Ints:
    """Join boxes by their best links, each end of a box at most once.

    Args:
        scores: (M,) log-odds of each candidate.
        least: what a link must score.

    Returns:
        (L, 2) indices of the joined pairs.
    """
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > least]
    is_used = [False] * (2 * n_boxes)
    roots = list(range(n_boxes))
    joined = []
    for index in order.tolist():
        ports = candidates.ports[index]
        one, other = int(ports[0]), int(ports[1])
        if is_used[one] or is_used[other]:
            continue
        root, second = find_root(roots, one // 2), find_root(roots, other // 2)
        if root == second:
            continue
        is_used[one] = is_used[other] = True
        roots[second] = root
        joined.append((one // 2, other // 2))
    return np.array(joined, np.int64).reshape(-1, 2)


def find_root(roots: list[int], index: int) -> int:
    """Root of an item in a union–find forest; shortens the way on the go."""
    while roots[index] != index:
        roots[index] = roots[roots[index]]
        index = roots[index]
    return index


def label_groups(n_items: int, links: Ints) -> Ints:
    """Number the connected groups (N,) that links (L, 2) make, in the order of their first items."""
    roots = list(range(n_items))
    for one, other in links.tolist():
        low, high = sorted((find_root(roots, one), find_root(roots, other)))
        roots[high] = low
    return np.unique([find_root(roots, index) for index in range(n_items)], return_inverse=True)[1].astype(np.int64)


def _heights_of(words: Boxes, pairs: Pairs) -> tuple[Floats, Floats]:
    one, other = words.heights[pairs.first], words.heights[pairs.second]
    return np.minimum(one, other), np.maximum(one, other)


def _describe_words(words: Boxes, pairs: Pairs, kept: Ints) -> dict[str, Floats]:
    """Features of the pairs by themselves."""
    one, other = words.heights[pairs.first[kept]], words.heights[pairs.second[kept]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    mean = np.sqrt(low * high)
    gap, across = pairs.gap[kept] / mean, pairs.across[kept]
    tops = np.abs(across + (one - other) / 2) / mean
    bottoms = np.abs(across - (one - other) / 2) / mean
    aspect = words.lengths / words.heights
    shorter = np.minimum(aspect[pairs.first[kept]], aspect[pairs.second[kept]])
    return {
        "across": np.abs(across) / mean,
        "edges_near": np.minimum(tops, bottoms),
        "edges_far": np.maximum(tops, bottoms),
        "gap": np.clip(gap, 0, None),
        "gap_log": np.log(np.clip(gap, 0.05, None)),
        "overlap": np.clip(-gap, 0, 1.5),
        "height_ratio": np.log(high / low),
        "turn": pairs.turn[kept],
        "flipped": pairs.is_flipped[kept].astype(np.float64),
        "shorter": np.clip(shorter, 0, 4),
        "squarish": (shorter < 1).astype(np.float64),
    }


def _look_around(words: Boxes, pairs: Pairs, kept: Ints, gap: Floats) -> tuple[Floats, Floats]:
    """In how many of the two rows beside it a gap is covered by a word, and in how many it goes on between words."""
    covered, goes_on = np.zeros(len(kept)), np.zeros(len(kept))
    wide = np.flatnonzero(gap[kept] > 0.15)
    if not len(wide):
        return covered, goes_on
    first, second = pairs.first[kept[wide]], pairs.second[kept[wide]]
    starts = np.searchsorted(pairs.first, first)
    counts = np.searchsorted(pairs.first, first, side="right") - starts
    owner = np.repeat(np.arange(len(wide)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
    third = pairs.second[place]
    along = words.along[np.where(words.lengths[first] > words.lengths[second], first, second)]
    sign = np.sign((along * (words.centres[second] - words.centres[first])).sum(axis=1))
    along = along * np.where(sign == 0, 1.0, sign)[:, None]
    begin = words.centres[first] + along * (words.lengths[first] / 2)[:, None]
    middle = begin + along * (pairs.gap[kept[wide]] / 2)[:, None]
    height = np.sqrt(words.heights[first] * words.heights[second])[owner]
    away = words.centres[third] - middle[owner]
    ahead = (away * along[owner]).sum(axis=1)
    aside = (away * across_of(along)[owner]).sum(axis=1) / height
    half = words.lengths[third] / 2
    ratio = words.heights[third] / height
    is_row = (np.abs(aside) > _ROWS_NEAR[0]) & (np.abs(aside) < _ROWS_NEAR[1]) & (ratio > 0.5) & (ratio < 2)
    covers, is_before = is_row & (np.abs(ahead) < half), is_row & (ahead < -half) & (ahead > -half - 6 * height)
    is_after = is_row & (ahead > half) & (ahead < half + 6 * height)
    for side in (aside < 0, aside > 0):
        here = [_any_of(owner, test & side, len(wide)) for test in (covers, is_before, is_after)]
        covered[wide] += here[0]
        goes_on[wide] += ~here[0] & here[1] & here[2]
    return covered, goes_on


def _find_usual(nearest: Floats) -> tuple[float, float]:
    """Median, in heights, of the gap at whose nearer end each box has a neighbour; and how much gaps differ from it."""
    closest = nearest.reshape(-1, 2).min(axis=1)
    closest = np.clip(closest[np.isfinite(closest)], 0, None)
    if not len(closest):
        return 0.4, 0.0
    usual = float(np.median(closest))
    return usual, float(np.median(np.abs(closest - usual)))


def _any_of(owner: Ints, test: NDArray[np.bool_], n_owners: int) -> NDArray[np.bool_]:
    return np.bincount(owner[test], minlength=n_owners) > 0


def _find_reverse(first: Ints, second: Ints, n_boxes: int) -> Ints:
    """For each pair of a symmetric list that is sorted by (first, second), where its reverse stands."""
    return np.searchsorted(first * n_boxes + second, second * n_boxes + first)
