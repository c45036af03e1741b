"""Charsets and the map from raw scores to confidence."""

import math

import pytest

from models.calibration import WordCalibration
from models.charset import PRINTABLE_ASCII, Charset


def test_a_charset_round_trips_every_printable_character() -> None:
    charset = Charset(PRINTABLE_ASCII)
    assert charset.decode(charset.encode(PRINTABLE_ASCII)) == PRINTABLE_ASCII
    assert len(charset) == 95
    assert charset.covers("Total: $ 5.00")
    assert not charset.covers("straße")


def test_a_repeated_character_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        Charset("ABA")


def test_without_calibration_confidence_is_the_text_probability() -> None:
    assert WordCalibration().probability(math.log(0.7), 3, 0.8) == pytest.approx(0.7)
    assert WordCalibration().threshold_for(0.99) == 0.99


def test_calibration_survives_the_card() -> None:
    calibration = WordCalibration(0.5, 1.2, 0.3, -0.7, ((0.9, 0.4), (0.99, 0.8)))
    again = WordCalibration.from_dict(calibration.to_dict())
    assert again == calibration
    assert again.probability(-0.1, 5, 0.95) == calibration.probability(-0.1, 5, 0.95)


def test_confidence_rises_with_both_scores_and_stays_a_probability() -> None:
    calibration = WordCalibration(0.5, 2.0, 0.5, 1.0)
    worse, better = calibration.probability(-5.0, 4, 0.3), calibration.probability(-0.1, 4, 0.97)
    assert 0.0 <= worse < better <= 1.0
    assert 0.0 <= calibration.probability(-1e9, 0, 0.0) <= 1.0


def test_threshold_is_the_first_that_reaches_the_precision() -> None:
    calibration = WordCalibration(curve=((0.9, 0.4), (0.99, 0.8)))
    assert calibration.threshold_for(0.5) == 0.4
    assert calibration.threshold_for(0.95) == 0.8
    assert calibration.threshold_for(0.999) == 1.0
    assert calibration.best_precision == 0.99
    assert WordCalibration().best_precision is None
