"""Edits between readings."""

import numpy as np
import pytest

from textrec_app.evaluation.gate_edits import align, compute_divergence, find_edits


def slow_distance(old: str, new: str) -> int:
    """Levenshtein's distance, by its recursive definition over a table."""
    width = len(new) + 1
    table = [[row + column if not row * column else 0 for column in range(width)] for row in range(len(old) + 1)]
    for row in range(1, len(old) + 1):
        for column in range(1, len(new) + 1):
            table[row][column] = min(
                table[row - 1][column] + 1,
                table[row][column - 1] + 1,
                table[row - 1][column - 1] + (old[row - 1] != new[column - 1]),
            )
    return table[-1][-1]


def test_an_alignment_says_both_texts_and_has_as_few_edits_as_there_can_be() -> None:
    generator = np.random.default_rng(3)
    for _ in range(200):
        old, new = ("".join(generator.choice(list("abcA1"), generator.integers(0, 9))) for _ in range(2))
        pairs = align(old, new)
        assert "".join(left for left, _ in pairs) == old
        assert "".join(right for _, right in pairs) == new
        assert sum(left != right for left, right in pairs) == slow_distance(old, new)


def test_edits_are_counted_by_what_became_of_each_character() -> None:
    edits = find_edits([("1O5", "105"), ("Total", "Totals"), ("same", "same"), ("RM 5", "RM5")])
    assert dict(edits.exchanged) == {("O", "0"): 1}
    assert (edits.inserted, edits.deleted) == (1, 1)
    assert edits.old_characters["O"] == 1
    assert edits.old_characters["a"] == 2
    assert edits.old_characters[" "] == 0


def test_divergence_is_nothing_for_the_same_characters_and_one_for_wholly_other_ones() -> None:
    assert compute_divergence(["abc", "cab"], ["cba", "abc"]) == pytest.approx(0.0)
    assert compute_divergence(["aaa"], ["bbb"]) == pytest.approx(1.0)
    assert 0.0 < compute_divergence(["aab"], ["abb"]) < 1.0
    assert compute_divergence([""], ["abc"]) == 0.0
