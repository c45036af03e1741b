"""Charsets and the map from raw scores to confidence."""

import math

import pytest

from models.calibration import GlyphCalibration, GlyphEvidence, WordCalibration
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


GLYPHS = GlyphCalibration(
    weight_log_prob=2.0, weight_min_char=0.5, weight_agreement=1.5, weight_sharpness=2.0, bias=-1.0
)


def test_a_card_without_glyphs_is_written_and_read_as_ever() -> None:
    plain = WordCalibration(0.5, 2.0, 0.5, 1.0)
    assert set(plain.to_dict()) == {"gamma", "weight_log_prob", "weight_min_char", "bias", "curve"}
    evidence = GlyphEvidence(agreement=False, sharpness=0.1)
    assert plain.probability(-0.3, 4, 0.9, evidence) == plain.probability(-0.3, 4, 0.9)


def test_evidence_of_glyphs_raises_and_lowers_the_confidence() -> None:
    calibration = WordCalibration(0.5, 2.0, 0.5, 1.0, glyphs=GLYPHS)
    assert WordCalibration.from_dict(calibration.to_dict()) == calibration
    both, differ, blurred = (
        calibration.probability(-0.3, 4, 0.9, GlyphEvidence(*evidence))
        for evidence in ((True, 0.9), (False, 0.9), (True, 0.2))
    )
    assert max(differ, blurred) < both
    assert calibration.probability(-0.3, 4, 0.9) == WordCalibration(0.5, 2.0, 0.5, 1.0).probability(-0.3, 4, 0.9)


def test_evidence_needs_two_heads() -> None:
    assert GlyphEvidence.of(None, 0.5) is None
    assert GlyphEvidence.of(False, None) == GlyphEvidence(agreement=False, sharpness=0.0)
    assert GlyphEvidence.of(True, 0.5) == (True, 0.5)


def test_threshold_is_the_first_that_reaches_the_precision() -> None:
    calibration = WordCalibration(curve=((0.9, 0.4), (0.99, 0.8)))
    assert calibration.threshold_for(0.5) == 0.4
    assert calibration.threshold_for(0.95) == 0.8
    assert calibration.threshold_for(0.999) == 1.0
    assert calibration.best_precision == 0.99
    assert WordCalibration().best_precision is None
