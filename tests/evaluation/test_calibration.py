"""Calibrated confidence says how often a reading is right, and the curve keeps what it promises."""

import logging
import math

import numpy as np
import pytest

from models.calibration import GlyphEvidence, WordCalibration
from textrec_app.evaluation.calibration import (
    CalibrationWord,
    compute_precision_curve,
    compute_reliability,
    fit_word_calibration,
    judge_in_halves,
    without_evidence,
)
from textrec_app.evaluation.metrics import compute_ece


def _over_confident_words(n: int, seed: int) -> list[CalibrationWord]:
    """Words whose raw probability is far above their chance to be right, the more so the shorter they are."""
    generator = np.random.default_rng(seed)
    words = []
    for _ in range(n):
        length = int(generator.integers(1, 12))
        log_prob = -float(generator.exponential(0.4)) * math.sqrt(length)
        chance = 1 / (1 + math.exp(-(3.0 + 5.0 * log_prob / math.sqrt(length))))
        min_char = math.exp(log_prob) ** 0.7
        words.append(CalibrationWord(log_prob, length, min_char, bool(generator.random() < chance)))
    return words


def _confidences(calibration: WordCalibration, words: list[CalibrationWord]) -> list[float]:
    return [calibration.probability(word.log_prob, word.length, word.min_char) for word in words]


def test_fit_lowers_the_error_on_unseen_words() -> None:
    fitted = fit_word_calibration(_over_confident_words(800, 1))
    unseen = _over_confident_words(2000, 2)
    correct = [word.correct for word in unseen]
    before = compute_ece(_confidences(WordCalibration(), unseen), correct)
    after = compute_ece(_confidences(fitted, unseen), correct)
    assert before > 0.15
    assert after < 0.05


def test_threshold_keeps_its_promise_on_unseen_words() -> None:
    fitted = fit_word_calibration(_over_confident_words(4000, 3))
    unseen = _over_confident_words(4000, 4)
    threshold = fitted.threshold_for(0.9)
    kept = [
        word.correct
        for word, confidence in zip(unseen, _confidences(fitted, unseen), strict=True)
        if confidence >= threshold
    ]
    assert len(kept) > 400
    assert np.mean(kept) > 0.88


def test_surer_raw_scores_never_lower_the_confidence() -> None:
    generator = np.random.default_rng(0)
    contrary = [
        CalibrationWord(-score, 4, 0.5, bool(generator.random() < 0.2 + 0.6 * score)) for score in generator.random(200)
    ]
    fitted = fit_word_calibration(contrary)
    assert fitted.weight_log_prob >= 0.0
    assert fitted.weight_min_char >= 0.0
    assert 0.3 < fitted.probability(-0.5, 4, 0.5) < 0.7


def test_fitting_is_deterministic() -> None:
    assert fit_word_calibration(_over_confident_words(300, 5)) == fit_word_calibration(_over_confident_words(300, 5))


@pytest.mark.parametrize("correct", [True, False])
def test_one_outcome_only_stays_raw_and_warns(correct: bool, caplog: pytest.LogCaptureFixture) -> None:
    words = [CalibrationWord(-0.1, 3, 0.9, correct)] * 100
    with caplog.at_level(logging.WARNING):
        assert fit_word_calibration(words) == WordCalibration()
    assert "too few to calibrate" in caplog.text
    assert fit_word_calibration([]) == WordCalibration()


def test_curve_rises_and_survives_the_card() -> None:
    fitted = fit_word_calibration(_over_confident_words(600, 6))
    precisions, thresholds = zip(*fitted.curve, strict=True)
    assert list(precisions) == sorted(set(precisions))
    assert list(thresholds) == sorted(thresholds)
    assert WordCalibration.from_dict(fitted.to_dict()) == fitted


def test_a_handful_of_right_words_promises_no_perfection() -> None:
    curve = dict(compute_precision_curve([0.9] * 5, [True] * 5))
    assert max(curve) < 0.92
    many = dict(compute_precision_curve([0.9] * 1000, [True] * 1000))
    assert max(many) >= 0.999
    assert compute_precision_curve([], []) == ()


def test_reliability_bins() -> None:
    bins = compute_reliability([0.05, 0.95, 0.95, 1.0], [False, True, False, True], n_bins=10)
    assert [(item.n, item.accuracy) for item in bins] == [(1, 0.0), (3, pytest.approx(2 / 3))]
    assert bins[1].lower == 0.9
    assert bins[1].upper == 1.0
    assert compute_reliability([], []) == ()


def _words_with_evidence(n: int, seed: int) -> list[CalibrationWord]:
    """Words of which raw scores tell little and the glyph head much."""
    generator = np.random.default_rng(seed)
    words = []
    for _ in range(n):
        correct = bool(generator.random() < 0.7)
        agreement = bool(generator.random() < (0.95 if correct else 0.3))
        sharpness = float(np.clip(generator.normal(0.8 if correct else 0.6, 0.1), 0.0, 1.0))
        log_prob = -float(generator.exponential(0.3 if correct else 0.5))
        evidence = GlyphEvidence(agreement, sharpness)
        words.append(CalibrationWord(log_prob, 5, math.exp(log_prob), correct, evidence))
    return words


def test_what_the_glyph_head_adds_is_measured_on_other_words() -> None:
    words = _words_with_evidence(800, 11)
    added, plain = judge_in_halves(words, 3), judge_in_halves(without_evidence(words), 3)
    assert added.aurc < plain.aurc
    assert added.coverage > plain.coverage
    assert added.ece < 0.1


def test_words_of_which_one_head_spoke_keep_their_own_map() -> None:
    words = _words_with_evidence(600, 12)
    fitted = fit_word_calibration(words)
    alone = fit_word_calibration(without_evidence(words))
    assert fitted.glyphs is not None
    assert fitted.glyphs.weight_agreement > 0
    assert fitted.glyphs.weight_sharpness > 0
    assert alone.glyphs is None
    assert fitted.probability(-0.2, 5, 0.9) == alone.probability(-0.2, 5, 0.9)


def test_too_few_words_with_evidence_get_no_map() -> None:
    words = [*_words_with_evidence(20, 13), *without_evidence(_words_with_evidence(300, 14))]
    assert fit_word_calibration(words).glyphs is None
