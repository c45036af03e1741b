import numpy as np
import pytest

from textrec_app.evaluation.grouping import (
    PairCounts,
    compute_kendall_tau,
    count_exact,
    count_pairs,
    label_words,
    place_words,
)


def test_pairs_against_counting_each():
    generator = np.random.default_rng(0)
    true, found = generator.integers(0, 5, 40), generator.integers(0, 6, 40)
    pairs = [(a, b) for a in range(40) for b in range(a)]
    expected = PairCounts(
        sum(true[a] == true[b] and found[a] == found[b] for a, b in pairs),
        sum(true[a] == true[b] for a, b in pairs),
        sum(found[a] == found[b] for a, b in pairs),
    )
    assert count_pairs(true, found) == expected


def test_f1_is_one_for_the_same_groups_under_other_numbers():
    assert count_pairs(np.array([0, 0, 1, 2]), np.array([7, 7, 3, 1])).f1 == 1.0
    assert PairCounts().f1 == 1.0
    assert (PairCounts(1, 2, 2) + PairCounts(1, 2, 2)).f1 == 0.5


def test_exact_groups():
    assert count_exact(np.array([0, 0, 1, 1, 2]), np.array([5, 5, 6, 7, 8])) == (2, 3)


@pytest.mark.parametrize(("found", "tau"), [([0, 1, 2, 3], 1.0), ([3, 2, 1, 0], -1.0), ([1, 0, 2, 3], 2 / 3)])
def test_tau(found, tau):
    assert compute_kendall_tau(np.arange(4), np.array(found)) == pytest.approx(tau)


def test_tau_counts_pairs_of_one_section_only():
    sections = np.array([0, 0, 1, 1])
    assert compute_kendall_tau(np.array([0, 1, 0, 1]), np.array([2, 3, 0, 1]), sections) == 1.0
    assert compute_kendall_tau(np.array([0]), np.array([0])) == 1.0


def test_labels_and_places():
    assert label_words([[2, 0], [1]], 3).tolist() == [0, 1, 0]
    assert place_words([2, 0, 1]).tolist() == [1, 2, 0]
