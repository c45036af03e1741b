"""Count a character model from weighted texts.

Source:
    Interpolated Witten-Bell smoothing (Witten and Bell, IEEE Transactions on Information Theory 37, 1991).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.language.character_model import (
    BOUNDARY,
    CASE_CONTEXT,
    KEY_BITS,
    ORDER,
    OTHER,
    UPPER,
    UPPER_PART,
    LanguageTables,
    encode_symbols,
    kind_of,
    next_case,
)
from textrec_app.errors import InputError

MASK = (1 << KEY_BITS) - 1
CASE_PRIOR = 2.0
MIN_SHARE = 1e-6


@dataclass(frozen=True)
class LanguageOptions:
    """How much is kept.

    Attributes:
        min_count: continuations of contexts of 2 or more symbols with a smaller weight are dropped.
        backoff_strength: multiplies the number of continuations in Witten-Bell's back-off weight.
    """

    min_count: float = 4.0
    backoff_strength: float = 2.0
    known_share: float = 0.8


def count_language(
    texts: Sequence[str], weights: Sequence[float], cased: Iterable[str], options: LanguageOptions | None = None
) -> LanguageTables:
    """Make the tables of a model.

    Args:
        texts: whole texts; their case does not matter.
        weights: how often each was met, above 0.
        cased: texts in the case in which they are written on things.
        options: what is kept; None for the defaults.

    Raises:
        InputError: there are no texts.
    """
    if not texts:
        raise InputError("There are no texts to learn a language from. Name a folder with word lists.")
    options = options or LanguageOptions()
    symbols, weight = _flatten(texts, weights)
    parts = [_count_order(symbols, weight, length, options) for length in range(ORDER)]
    keys = np.concatenate([part.keys for part in parts])
    order = np.argsort(keys)
    counts = np.concatenate([part.counts for part in parts])
    backoff = np.concatenate([part.backoff for part in parts])[order].astype(np.float16)
    firsts = np.cumsum(counts) - counts
    picked = np.concatenate([np.arange(firsts[row], firsts[row] + counts[row]) for row in order])
    shares = np.concatenate([part.shares for part in parts])[picked]
    costs = np.rint(-np.log(np.maximum(shares, MIN_SHARE)) * UPPER_PART).clip(0, 255).astype(np.uint8)
    return LanguageTables(
        keys=keys[order],
        starts=np.concatenate([[0], np.cumsum(counts[order])]).astype(np.int32),
        backoff=backoff,
        symbols=np.concatenate([part.symbols for part in parts])[picked].astype(np.uint8),
        costs=costs,
        case=count_cases(cased),
        known_share=options.known_share,
    )


def count_cases(texts: Iterable[str]) -> NDArray[np.float32]:
    """Probability that a letter is upper case after each triple of kinds."""
    counts = np.full((4**CASE_CONTEXT, 2), CASE_PRIOR / 2)
    for text in texts:
        case = 0
        for character in text:
            kind = kind_of(character)
            if kind != OTHER:
                counts[case, int(kind == UPPER)] += 1
            case = next_case(case, kind)
    return (counts[:, 1] / counts.sum(axis=1)).clip(1e-3, 1 - 1e-3).astype(np.float32)


@dataclass(frozen=True)
class _Order:
    """Contexts of one length: their keys, numbers of continuations, and the continuations behind each other."""

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    backoff: NDArray[np.float64]
    symbols: NDArray[np.int64]
    shares: NDArray[np.float64]


def _flatten(texts: Sequence[str], weights: Sequence[float]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All texts behind each other, each between boundaries with ORDER - 1 fillers (-1) before, and their weights."""
    filler = [-1] * (ORDER - 2) + [BOUNDARY]
    symbols: list[int] = []
    lengths = []
    for text in texts:
        encoded = [*filler, *encode_symbols(text), BOUNDARY]
        symbols += encoded
        lengths.append(len(encoded))
    return np.array(symbols, np.int64), np.repeat(np.asarray(weights, np.float64), lengths)


def _count_order(
    symbols: NDArray[np.int64], weight: NDArray[np.float64], length: int, options: LanguageOptions
) -> _Order:
    ends = np.arange(ORDER - 1, len(symbols))
    keys = np.zeros(len(ends), np.int64)
    valid = np.ones(len(ends), bool)
    for back in range(length, 0, -1):
        column = symbols[ends - back]
        valid &= column >= 0
        keys = (keys << KEY_BITS) | (column + 1)
    # A text's first boundary and the fillers before it are context only; through the fillers no context reaches back.
    valid &= symbols[ends] >= 0
    valid &= ~((symbols[ends] == BOUNDARY) & (symbols[ends - 1] < 0))
    grams = (keys[valid] << KEY_BITS) | symbols[ends[valid]]
    unique, inverse = np.unique(grams, return_inverse=True)
    totals = np.bincount(inverse, weight[ends[valid]])
    if length >= 2:
        kept = totals >= options.min_count
        unique, totals = unique[kept], totals[kept]
    context, first, counts = np.unique(unique >> KEY_BITS, return_index=True, return_counts=True)
    sums = np.add.reduceat(totals, first) if len(first) else np.zeros(0)
    escape = counts * options.backoff_strength
    share = totals / np.repeat(sums + escape, counts)
    return _Order(context, counts, escape / (sums + escape), unique & MASK, share)
