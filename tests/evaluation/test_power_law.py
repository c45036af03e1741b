"""Learning curves: a known law is found again, and chance is not taken for learning."""

import pytest

from textrec_app.evaluation.power_law import HEAD_START, CurveMeasurement, fit_power_law, foretell_gain


def _measure(scale: float, power: float, labels: tuple[int, ...], n_words: int) -> list[CurveMeasurement]:
    return [CurveMeasurement(n, 1 - scale * (n + HEAD_START) ** -power, n_words) for n in labels]


def test_a_known_law_is_found_again() -> None:
    scale, power = fit_power_law(_measure(1.2, 0.4, (0, 50, 200, 800), 100_000))
    assert (scale, power) == pytest.approx((1.2, 0.4), rel=0.01)


def test_the_next_labels_are_worth_what_the_law_says() -> None:
    points = _measure(1.2, 0.4, (0, 50, 200), 5000)
    found = foretell_gain(points, 200)
    assert found is not None
    assert found.gain == pytest.approx(1.2 * (225**-0.4 - 275**-0.4), rel=0.1)
    assert 0 < found.low < found.gain < found.high


def test_too_few_trainings_or_words_cannot_tell() -> None:
    assert foretell_gain(_measure(1.2, 0.4, (0, 50), 5000), 50) is None
    assert foretell_gain(_measure(1.2, 0.4, (0, 50, 200), 10), 200) is None
    assert foretell_gain([], 0) is None


def test_a_flat_or_falling_curve_promises_nothing() -> None:
    assert foretell_gain([CurveMeasurement(n, 0.8, 200) for n in (0, 50, 100)], 100) is None
    assert foretell_gain([CurveMeasurement(n, 0.8 - n / 1000, 200) for n in (0, 50, 100)], 100) is None


def test_one_number_of_labels_is_no_curve() -> None:
    with pytest.raises(ValueError, match="two different"):
        fit_power_law(_measure(1.0, 0.3, (50, 50), 100))
