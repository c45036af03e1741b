"""The report of `evaluate recognition` has exactly the promised keys and hand-checked numbers."""

import json

import pytest

from textrec_app.domain import CropCharacter, CropReading
from textrec_app.errors import InputError
from textrec_app.evaluation.evaluate import RecognitionRun, list_calibration_words, score_recognition


def _reading(text: str, confidence: float) -> CropReading:
    return CropReading(text, confidence, -0.5, tuple(CropCharacter(c, confidence, 0.0, 1.0) for c in text))


@pytest.fixture
def run() -> RecognitionRun:
    readings = [_reading("exit!", 0.9), _reading("5OO", 0.4), _reading("x", 0.2)]
    return RecognitionRun("signs", "tiny@1", ["EXIT", "500", "---"], readings, 1.23456)


def test_report_has_exactly_the_keys_of_the_contract(run: RecognitionRun) -> None:
    report = score_recognition(run, "alnum36").to_dict()
    assert list(report) == [
        *("data", "protocol", "n", "word_accuracy", "one_minus_ned", "cer", "ece"),
        *("coverage_at_precision", "ms_per_crop", "model"),
    ]
    assert set(report["coverage_at_precision"]) == {"0.99", "0.995"}
    assert json.loads(json.dumps(report)) == report


def test_numbers_under_alnum36(run: RecognitionRun) -> None:
    report = score_recognition(run, "alnum36")
    assert (report.n, report.n_excluded) == (2, 1)
    assert report.word_accuracy == 0.5
    assert report.one_minus_ned == pytest.approx((1 + 1 / 3) / 2)
    assert report.cer == pytest.approx(2 / 7)
    assert report.ece == pytest.approx((0.1 + 0.4) / 2)
    assert report.coverage_at_precision == {"0.99": 0.5, "0.995": 0.5}


def test_exact_counts_case_and_punctuation(run: RecognitionRun) -> None:
    report = score_recognition(run, "exact")
    assert (report.n, report.word_accuracy) == (3, 0.0)


def test_nothing_to_score_is_said(run: RecognitionRun) -> None:
    with pytest.raises(InputError, match="no label that can be scored"):
        score_recognition(RecognitionRun("signs", "m", ["!"], run.readings[:1], 1.0), "alnum36")


def test_calibration_words_skip_empty_labels_and_take_the_weakest_character() -> None:
    reading = CropReading("ab", 0.5, -1.0, (CropCharacter("a", 0.9, 0, 0.5), CropCharacter("b", 0.3, 0.5, 1)))
    words = list_calibration_words(["ab", "", "c"], [reading, reading, CropReading("", 0.1, -2.0)])
    assert [(word.correct, word.min_char, word.length) for word in words] == [(True, 0.3, 2), (False, 0.0, 0)]
