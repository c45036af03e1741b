"""Fit the judges of links on drawn layouts."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from textrec_app.data.synthesis.page_layouts import KINDS, DrawnLayout, draw_layout
from textrec_app.pipeline.grouping_blocks import (
    ROW_FEATURES,
    STACK_FEATURES,
    find_row_links,
    find_stack_links,
    level_stacks,
    stack_lines,
)
from textrec_app.pipeline.grouping_geometry import (
    Boxes,
    Floats,
    Ints,
    box_lines,
    box_regions,
    corner_regions,
    settle_axes,
)
from textrec_app.pipeline.grouping_links import WORD_FEATURES, Candidates, find_word_links, join_words
from textrec_app.pipeline.grouping_model import LinkModel

_SHOWN = (*KINDS, "columns", "rotated", "scenes", "scenes", "scenes", "scenes")

Drawn = tuple[Floats, NDArray[np.bool_]]


def fit_judges(seed: int, n_layouts: int, hidden: int = 24) -> dict[str, LinkModel]:
    """Fit the judges of words, stacks and rows, each on what the one before makes of drawn layouts."""
    kinds = [_SHOWN[index % len(_SHOWN)] for index in range(n_layouts)]
    drawn = [draw_layout(kind, np.random.default_rng([seed, index])) for index, kind in enumerate(kinds)]
    words = [settle_axes(box_regions(layout.regions, corner_regions(layout.regions))) for layout in drawn]
    links = [find_word_links(boxes) for boxes in words]
    shown = [(pair.features, _find_next(layout, pair)) for layout, pair in zip(drawn, links, strict=True)]
    judges = {"words": _fit(WORD_FEATURES, shown, hidden)}
    lines = [_make_lines(*each, judges["words"]) for each in zip(drawn, words, links, strict=True)]
    judges["stacks"] = _fit(STACK_FEATURES, [_show_stacks(boxes, blocks) for boxes, blocks, _ in lines], hidden)
    judges["rows"] = _fit(ROW_FEATURES, [_show_rows(*line, judges["stacks"]) for line in lines], hidden)
    return judges


def _fit(names: tuple[str, ...], shown: Sequence[Drawn], hidden: int) -> LinkModel:
    features = np.concatenate([features for features, _ in shown])
    return fit_links(names, features, np.concatenate([labels for _, labels in shown]), hidden)


def _find_next(layout: DrawnLayout, pair: Candidates) -> NDArray[np.bool_]:
    """Whether the words of each candidate (M,) are next to each other on one line."""
    order = np.lexsort((layout.ranks, layout.lines))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    is_next = np.abs(places[pair.first] - places[pair.second]) == 1
    return is_next & (layout.lines[pair.first] == layout.lines[pair.second])


def _show_stacks(lines: Boxes, blocks: Ints) -> Drawn:
    pairs = find_stack_links(lines)
    return pairs.features, blocks[pairs.first] == blocks[pairs.second]


def _show_rows(lines: Boxes, blocks: Ints, n_words: Ints, judge: LinkModel) -> Drawn:
    stacks = stack_lines(lines, judge)
    pairs = find_row_links(level_stacks(lines, stacks), stacks, n_words)
    return pairs.features, blocks[pairs.first] == blocks[pairs.second]


def _make_lines(layout: DrawnLayout, words: Boxes, links: Candidates, judge: LinkModel) -> tuple[Boxes, Ints, Ints]:
    """Lines as the judge of words makes them, the block of each one's first word, and how many words each has."""
    labels = join_words(len(words), links, judge)[1]
    lines = box_lines(corner_regions(layout.regions), words, labels)[0]
    return lines, layout.blocks[np.unique(labels, return_index=True)[1]], np.bincount(labels)


def fit_links(
    names: tuple[str, ...], features: Floats, labels: NDArray[np.bool_], hidden: int, seed: int = 0
) -> LinkModel:
    """Fit one judge.

    Args:
        names: of the columns.
        features: (M, F) of candidates.
        labels: (M,) 1 where both boxes belong together.
        hidden: rectified units; 0 fits a plain logistic regression.
    """
    shift, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    network = MLPClassifier(
        (hidden,) if hidden else (),
        alpha=1e-4,
        learning_rate_init=3e-3,
        batch_size=int(np.clip(len(labels) // 50, 16, 512)),
        max_iter=30,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit((features - shift) / scale, labels)
    layers = tuple(
        (np.asarray(weights, np.float64), np.asarray(biases, np.float64))
        for weights, biases in zip(network.coefs_, network.intercepts_, strict=True)
    )
    return LinkModel(names, shift, scale, layers)
