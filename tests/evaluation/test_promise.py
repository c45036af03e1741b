"""Thresholds that promise a precision: the promise holds, and says when it cannot be made."""

import numpy as np
import pytest

from models.calibration_maps import GridPoint
from textrec_app.evaluation.promise import (
    Promised,
    bound_precision,
    build_grid,
    count_allowed_errors,
    find_best_promise,
    find_promise,
)


def _draw_words(n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated confidences, most of them high, as a recognizer's are."""
    confidences = generator.beta(4.0, 0.35, n)
    return confidences, generator.random(n) < confidences


def test_bounds_of_single_sets_are_those_of_clopper_and_pearson() -> None:
    assert bound_precision(299, 0) == pytest.approx(0.99, abs=2e-4)
    assert bound_precision(100, 100) == 0.0


def test_many_thresholds_need_stricter_limits_than_one_but_less_strict_ones_than_a_share_of_the_risk_each() -> None:
    alone = count_allowed_errors((400,), 0.98)[0]
    together = count_allowed_errors((200, 250, 300, 350, 400), 0.98)[-1]
    assert count_allowed_errors((400,), 0.98, 0.01)[0] <= together <= alone
    assert count_allowed_errors((100,), 0.99) == (-1,)


def test_a_promise_is_broken_no_more_often_than_it_says() -> None:
    generator = np.random.default_rng(0)
    population, outcomes = _draw_words(100_000, generator)
    broken = made = 0
    for _ in range(150):
        sure, right = _draw_words(600, generator)
        promise = find_promise(build_grid(sure.tolist(), right.tolist()), 0.97)
        if promise is not None:
            made += 1
            broken += outcomes[population >= promise.threshold].mean() < 0.97
    assert made >= 100
    assert broken / 150 <= 0.08  # 5 % and the error of 150 trials


def test_the_laxest_threshold_that_can_be_promised_is_taken() -> None:
    grid = (GridPoint(0.95, 300, 0), GridPoint(0.9, 450, 0), GridPoint(0.8, 600, 2), GridPoint(0.5, 700, 50))
    assert find_promise(grid, 0.98) == Promised(0.8, 0.98)
    assert find_promise(grid, 0.90) == Promised(0.5, 0.90)
    assert find_promise(grid, 0.999) is None


def test_where_the_wish_is_too_high_the_most_that_can_be_promised_is_told() -> None:
    grid = (GridPoint(0.95, 300, 0), GridPoint(0.9, 450, 3), GridPoint(0.8, 600, 20))
    best = find_best_promise(grid, 0.995)
    assert best is not None
    assert 0.97 <= best.precision < 0.995
    wider = find_best_promise(grid, 0.995, inflation=3.0)
    assert wider is not None
    assert wider.precision < best.precision
    assert find_best_promise((GridPoint(0.9, 10, 5),), 0.9) is None


def test_weighted_words_count_for_as_many_equal_ones() -> None:
    sure, right = [0.9] * 100, [True] * 99 + [False]
    (equal,) = build_grid(sure, right, [3.0] * 100)
    assert (equal.kept, equal.wrong) == (pytest.approx(100.0), pytest.approx(1.0))
    (uneven,) = build_grid(sure, right, [1.0] * 50 + [9.0] * 50)
    assert uneven.kept < 70
    assert uneven.wrong > 1.0
