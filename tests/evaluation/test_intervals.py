"""The exact binomial interval against published values, its definition and its coverage."""

import math

import numpy as np
import pytest

from textrec_app.evaluation.intervals import compute_exact_interval


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (4, 20, 0.0573, 0.4366), (59, 60, 0.9106, 0.9996), (0, 0, 0.0, 1.0)],
)
def test_known_intervals(right: int, n: int, low: float, high: float) -> None:
    assert compute_exact_interval(right, n) == pytest.approx((low, high), abs=5e-5)


def test_at_each_bound_the_outcome_is_just_that_unlikely() -> None:
    low, high = compute_exact_interval(37, 50, 0.9)
    at_least = sum(math.comb(50, k) * low**k * (1 - low) ** (50 - k) for k in range(37, 51))
    at_most = sum(math.comb(50, k) * high**k * (1 - high) ** (50 - k) for k in range(38))
    assert (at_least, at_most) == pytest.approx((0.05, 0.05), abs=1e-9)


@pytest.mark.parametrize("share", [0.9, 0.97, 0.995])
def test_it_holds_the_truth_at_least_as_often_as_promised(share: float) -> None:
    drawn = np.random.default_rng(3).binomial(60, share, size=400)
    bounds = {int(right): compute_exact_interval(int(right), 60) for right in set(drawn)}
    assert np.mean([bounds[int(right)][0] <= share <= bounds[int(right)][1] for right in drawn]) >= 0.95


def test_an_impossible_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="3 right of 2"):
        compute_exact_interval(3, 2)
