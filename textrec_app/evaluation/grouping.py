"""How well words are grouped and ordered: pairwise F1 and Kendall's τ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs of words that are together in the truth, in the result, and in both; counts add up."""

    n_both: int = 0
    n_true: int = 0
    n_found: int = 0

    def __add__(self, other: "PairCounts") -> "PairCounts":
        return PairCounts(self.n_both + other.n_both, self.n_true + other.n_true, self.n_found + other.n_found)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 1 where there is no pair at all."""
        total = self.n_true + self.n_found
        return 2 * self.n_both / total if total else 1.0


def count_pairs(true: Ints, found: Ints) -> PairCounts:
    """Compare two groupings (N,) of the same words; each number names a group."""
    both = np.unique(np.stack([true, found], axis=1), axis=0, return_counts=True)[1]
    return PairCounts(*(_count_within(sizes) for sizes in (both, _sizes(true), _sizes(found))))


def count_exact(true: Ints, found: Ints) -> tuple[int, int]:
    """How many of the true groups were found with exactly their words, and how many there are."""
    pairs, counts = np.unique(np.stack([true, found], axis=1), axis=0, return_counts=True)
    true_sizes, found_sizes = dict(_items(true)), dict(_items(found))
    found_whole = [
        true_sizes[one] == count == found_sizes[other]
        for (one, other), count in zip(pairs.tolist(), counts.tolist(), strict=True)
    ]
    return sum(found_whole), len(true_sizes)


def compute_kendall_tau(true: Ints, found: Ints, sections: Ints | None = None) -> float:
    """Kendall's τ of two orders without ties.

    Args:
        true: (N,) place of each word in the order of reading.
        found: (N,) likewise.
        sections: (N,) only pairs of words of one section are counted.

    Returns:
        -1 (reversed) to 1 (the same); 1 where nothing is to be ordered.
    """
    sections = np.zeros(len(true), np.int64) if sections is None else sections
    same = np.triu(sections[:, None] == sections[None], 1)
    agrees = np.sign(true[:, None] - true[None]) == np.sign(found[:, None] - found[None])
    total = int(same.sum())
    return 2 * int((agrees & same).sum()) / total - 1 if total else 1.0


def label_words(groups: Sequence[Sequence[int]], n_words: int) -> Ints:
    """Number of the group (N,) that each word is in.

    Args:
        groups: indices of words; each of the N is in one.
    """
    labels = np.full(n_words, -1, np.int64)
    for number, members in enumerate(groups):
        labels[list(members)] = number
    return labels


def place_words(order: Sequence[int]) -> Ints:
    """Place (N,) of each word in an order."""
    places = np.empty(len(order), np.int64)
    places[list(order)] = np.arange(len(order))
    return places


def _sizes(labels: Ints) -> Ints:
    return np.unique(labels, return_counts=True)[1].astype(np.int64)


def _items(labels: Ints) -> list[tuple[int, int]]:
    names, counts = np.unique(labels, return_counts=True)
    return list(zip(names.tolist(), counts.tolist(), strict=True))


def _count_within(sizes: Ints) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
