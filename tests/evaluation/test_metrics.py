"""Metrics on hand-made cases, empty and degenerate ones too, and against slow references."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrec_app.evaluation.metrics import (
    compute_aurc,
    compute_cer,
    compute_coverage_at_precision,
    compute_ece,
    compute_one_minus_ned,
    compute_word_accuracy,
)

CONFIDENT = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def test_word_accuracy_counts_exact_matches() -> None:
    assert compute_word_accuracy(["EXIT", "cafe", "5"], ["EXIT", "Cafe", "5"]) == pytest.approx(2 / 3)
    assert compute_word_accuracy([], []) == 0.0
    assert compute_word_accuracy(["", "a"], ["", ""]) == 0.5


@pytest.mark.parametrize(
    ("label", "prediction", "expected"),
    [
        ("", "", 1.0),
        ("abc", "", 0.0),
        ("", "abc", 0.0),
        ("abcd", "abcd", 1.0),
        ("abcd", "abxd", 0.75),
        ("ab", "abcd", 0.5),
    ],
)
def test_one_minus_ned(label: str, prediction: str, expected: float) -> None:
    assert compute_one_minus_ned([label], [prediction]) == pytest.approx(expected)


def test_cer_weighs_long_words_more() -> None:
    assert compute_cer(["abcdefgh", "ab"], ["abcdefgh", "xy"]) == pytest.approx(0.2)
    assert compute_cer([], []) == 0.0
    assert compute_cer([""], [""]) == 0.0
    assert compute_cer([""], ["abc"]) == 3.0


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="zip"):
        compute_word_accuracy(["a"], [])
    with pytest.raises(ValueError, match="one for each word"):
        compute_ece([0.5], [])


def test_ece_of_hand_made_cases() -> None:
    assert compute_ece([1.0, 1.0], [True, True]) == 0.0
    assert compute_ece([1.0, 1.0], [False, False]) == 1.0
    assert compute_ece([0.75] * 4, [True, True, True, False]) == pytest.approx(0.0)
    assert compute_ece([0.9, 0.1], [False, False]) == pytest.approx(0.5)
    assert compute_ece([], []) == 0.0


@given(CONFIDENT)
def test_ece_equals_a_slow_reference(words: list[tuple[float, bool]]) -> None:
    slow = 0.0
    for index in range(15):
        inside = [word for word in words if min(int(word[0] * 15), 14) == index]
        if inside:
            gap = sum(word[1] for word in inside) / len(inside) - sum(word[0] for word in inside) / len(inside)
            slow += abs(gap) * len(inside) / len(words)
    assert compute_ece([word[0] for word in words], [word[1] for word in words]) == pytest.approx(slow)


def test_coverage_at_precision() -> None:
    confidences, correct = [0.9, 0.8, 0.7, 0.6], [True, True, False, True]
    assert compute_coverage_at_precision(confidences, correct, 1.0) == 0.5
    assert compute_coverage_at_precision(confidences, correct, 0.75) == 1.0
    assert compute_coverage_at_precision([0.9], [False], 0.5) == 0.0
    assert compute_coverage_at_precision([], [], 0.99) == 0.0


def test_words_of_equal_confidence_are_kept_together() -> None:
    assert compute_coverage_at_precision([0.9, 0.9, 0.5], [True, False, True], 0.99) == 0.0


@given(CONFIDENT, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_coverage_equals_a_slow_reference(words: list[tuple[float, bool]], precision: float) -> None:
    best = 0.0
    for threshold, _ in words:
        kept = [right for sure, right in words if sure >= threshold]
        if sum(kept) / len(kept) >= precision - 1e-12:
            best = max(best, len(kept) / len(words))
    found = compute_coverage_at_precision([word[0] for word in words], [word[1] for word in words], precision)
    assert found == pytest.approx(best)


def test_aurc_is_lower_for_the_better_ranking() -> None:
    assert compute_aurc([0.9, 0.8, 0.1], [True, True, False]) == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert compute_aurc([0.1, 0.8, 0.9], [True, True, False]) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert compute_aurc([], []) == 0.0
    assert compute_aurc([0.5], [False]) == 1.0


@given(CONFIDENT)
def test_aurc_does_not_depend_on_the_order_of_ties(words: list[tuple[float, bool]]) -> None:
    rounded = [(round(sure, 1), right) for sure, right in words]
    order = np.random.default_rng(len(words)).permutation(len(words))
    shuffled = [rounded[index] for index in order]
    first = compute_aurc([word[0] for word in rounded], [word[1] for word in rounded])
    second = compute_aurc([word[0] for word in shuffled], [word[1] for word in shuffled])
    assert math.isclose(first, second, abs_tol=1e-9)
