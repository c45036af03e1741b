"""How one reading became another: characters put in, taken out and exchanged. Pure arithmetic on texts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

Pair = tuple[str, str]


@dataclass(frozen=True)
class Edits:
    """All edits that lead from some readings to others.

    Attributes:
        kept: characters that stayed, with how often.
        inserted, deleted: number of characters put in and taken out.
        exchanged: (old character, new character) with how often.
    """

    kept: Counter[str] = field(default_factory=Counter)
    inserted: int = 0
    deleted: int = 0
    exchanged: Counter[Pair] = field(default_factory=Counter)

    @property
    def old_characters(self) -> Counter[str]:
        """Characters of the old readings that have a partner in the new ones: kept or exchanged."""
        return self.kept + Counter[str](dict(_sum_by_old(self.exchanged)))


def find_edits(pairs: Iterable[Pair]) -> Edits:
    """Fewest edits for each pair of an old and a new reading, summed up."""
    kept: Counter[str] = Counter()
    exchanged: Counter[Pair] = Counter()
    inserted = deleted = 0
    for old, new in pairs:
        for left, right in align(old, new):
            if left and right:
                if left == right:
                    kept[left] += 1
                else:
                    exchanged[(left, right)] += 1
            inserted += not left
            deleted += not right
    return Edits(kept, inserted, deleted, exchanged)


def align(old: str, new: str) -> list[Pair]:
    """Partners of an alignment with the fewest edits; "" where a character has none."""
    if old == new:
        return list(zip(old, new, strict=True))
    costs = _edit_costs(old, new)
    row, column = len(old), len(new)
    pairs: list[Pair] = []
    while row or column:
        here = costs[row, column]
        if row and column and here == costs[row - 1, column - 1] + (old[row - 1] != new[column - 1]):
            row, column = row - 1, column - 1
            pairs.append((old[row], new[column]))
        elif row and here == costs[row - 1, column] + 1:
            row -= 1
            pairs.append((old[row], ""))
        else:
            column -= 1
            pairs.append(("", new[column]))
    return pairs[::-1]


def compute_divergence(old: Iterable[str], new: Iterable[str]) -> float:
    """How differently two groups of readings use the characters: Jensen-Shannon divergence in bits, 0 to 1.

    Groups without any character have 0.
    """
    left, right = Counter("".join(old)), Counter("".join(new))
    if not left or not right:
        return 0.0
    characters = sorted(left | right)
    shares = [np.array([counts[c] for c in characters]) / counts.total() for counts in (left, right)]
    middle = (shares[0] + shares[1]) / 2
    return float(sum(_relative_entropy(share, middle) for share in shares) / 2)


def _edit_costs(old: str, new: str) -> np.ndarray:
    """(len(old) + 1, len(new) + 1) Levenshtein distances of all beginnings."""
    costs = np.zeros((len(old) + 1, len(new) + 1), np.int32)
    costs[:, 0], costs[0] = np.arange(len(old) + 1), np.arange(len(new) + 1)
    letters = np.array(list(new)) if new else np.empty(0, "<U1")
    steps = np.arange(len(new) + 1)
    for row, character in enumerate(old, start=1):
        best = np.minimum(costs[row - 1, 1:] + 1, costs[row - 1, :-1] + (letters != character))
        line = np.concatenate([[row], best]) - steps
        costs[row] = np.minimum.accumulate(line) + steps
    return costs


def _relative_entropy(shares: np.ndarray, reference: np.ndarray) -> float:
    present = shares > 0
    return float((shares[present] * np.log2(shares[present] / reference[present])).sum())


def _sum_by_old(exchanged: Counter[Pair]) -> Iterable[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for (old, _), count in exchanged.items():
        totals[old] += count
    return totals.items()
