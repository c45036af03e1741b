"""What is said of what is kept: firm on like pictures, wider on others, refused on strangers."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration import WordCalibration
from textrec_app.evaluation.calibration_fit import EvidenceWord, compare_evidence, fit_evidence_calibration
from textrec_app.evaluation.calibration_update import update_calibration
from textrec_app.evaluation.promising import Judged, draw_curve, make_promise
from textrec_app.evaluation.shift import measure_distances

LOOKS = ("brightness", "contrast", "colour", "detail", "height", "aspect")


def _draw(n: int, seed: int, light: float = 100.0, luck: float = 0.0) -> list[EvidenceWord]:
    """Readings whose evidence says how likely they are right; `luck` moves that without showing."""
    generator = np.random.default_rng(seed)
    score = generator.normal(2.5, 2.0, n)
    right = generator.random(n) < 1.0 / (1.0 + np.exp(-2.0 * (score + luck)))
    return [
        EvidenceWord(
            {
                "log_prob": float(one),
                "weakest": float(one + generator.normal()),
                "language": float(generator.normal(-2.0)),
                "length": float(generator.integers(2, 12)),
                **{f"picture_{name}": float(generator.normal(light, 20.0)) for name in LOOKS},
            },
            {"exact": bool(hit), "alnum36": bool(hit)},
        )
        for one, hit in zip(score, right, strict=True)
    ]


@pytest.fixture(scope="module")
def calibration() -> WordCalibration:
    return fit_evidence_calibration(_draw(800, 1), WordCalibration())


def _judge(calibration: WordCalibration, words: list[EvidenceWord]) -> list[Judged]:
    return [Judged(calibration.judge(word.evidence, 0.0), word.evidence) for word in words]


def _precision(judged: list[Judged], words: list[EvidenceWord], threshold: float) -> float:
    return float(np.mean([w.correct["exact"] for j, w in zip(judged, words, strict=True) if j.confidence >= threshold]))


def test_a_promise_holds_on_new_words_of_the_same_kind(calibration: WordCalibration) -> None:
    words = _draw(3000, 2)
    judged = _judge(calibration, words)
    promise = make_promise(calibration, judged, 0.97)
    assert promise.promised == 0.97
    assert promise.shift < 0.05
    assert _precision(judged, words, promise.threshold) >= 0.97
    assert sum(one.confidence >= promise.threshold for one in judged) > 1500
    assert promise.expected is not None
    assert promise.expected >= 0.97
    assert "97 %" in promise.sentence


def test_other_light_widens_the_margin_and_quite_other_pictures_are_refused(calibration: WordCalibration) -> None:
    like = make_promise(calibration, _judge(calibration, _draw(500, 3)), 0.95)
    darker = make_promise(calibration, _judge(calibration, _draw(500, 3, light=75.0)), 0.95)
    strange = make_promise(calibration, _judge(calibration, _draw(500, 3, light=900.0)), 0.95)
    assert like.margin < darker.margin < 0.05
    assert darker.threshold >= like.threshold
    assert like.shift < darker.shift < strange.shift
    assert strange.promised is None
    assert "Cannot promise" in strange.sentence
    assert "Review" in strange.sentence
    assert "brightness" in strange.sentence


def test_a_few_words_are_promised_nothing(calibration: WordCalibration) -> None:
    few = make_promise(calibration, _judge(calibration, _draw(5, 4)), 0.95)
    assert few.promised is None
    assert "too few" in few.sentence
    assert make_promise(calibration, [], 0.95).promised == 0.95


def test_readings_whose_views_nobody_looked_at_have_thresholds_of_their_own(calibration: WordCalibration) -> None:
    assert calibration.measured is not None
    as_read = calibration.measured.grids["exact as read"]
    words = [Judged(0.9999, {"length": 3.0})] * 30
    assert make_promise(calibration, words, 0.9).threshold in [point.threshold for point in as_read]


def test_an_old_card_promises_nothing() -> None:
    old = make_promise(WordCalibration(curve=((0.9, 0.5),)), [Judged(0.7), Judged(0.3)], 0.9)
    assert (old.threshold, old.promised, old.expected) == (0.5, None, 0.7)


def test_evidence_that_helps_shows_in_the_ablation() -> None:
    rows = {row.evidence: row for row in compare_evidence(_draw(400, 5), seeds=1)}
    assert rows["+ language"].aurc <= rows["scores"].aurc + 0.01
    assert "+ views" not in rows


def test_few_words_leave_the_calibration_as_it_was() -> None:
    base = WordCalibration(bias=0.3)
    assert fit_evidence_calibration(_draw(60, 6), base) is base


def test_decisions_correct_confidences_more_the_more_there_are(calibration: WordCalibration) -> None:
    words = _draw(400, 7, luck=-1.0)
    few, many = update_calibration(calibration, words[:25]), update_calibration(calibration, words)
    truth = np.mean([word.correct["exact"] for word in words])
    gaps = [abs(np.mean([one.judge(word.evidence, 0.0) for word in words]) - truth) for one in (calibration, few, many)]
    assert gaps[2] < 0.03 < gaps[0]
    assert gaps[2] <= gaps[1] <= gaps[0] + 0.02
    assert many.reviewed is not None
    assert many.reviewed.n == 400


def test_decisions_make_a_promise_where_the_card_cannot(calibration: WordCalibration) -> None:
    strange = _draw(700, 8, light=900.0)
    updated = update_calibration(calibration, strange[:400])
    promise = make_promise(updated, _judge(updated, strange[400:]), 0.95)
    assert promise.source == "decisions"
    assert promise.promised is not None
    assert "your own decisions" in promise.sentence


def test_decisions_that_contradict_the_card_end_its_promise(calibration: WordCalibration) -> None:
    words = _draw(300, 14)
    wrong = [EvidenceWord(word.evidence, {"exact": index % 2 == 0}) for index, word in enumerate(words)]
    before, after = calibration, update_calibration(calibration, wrong)
    assert make_promise(before, _judge(before, words), 0.95).promised == 0.95
    assert (make_promise(after, _judge(after, words), 0.95).promised or 0.0) < 0.9


def test_a_calibration_that_was_carried_to_other_weights_promises_nothing_until_a_person_decided(
    calibration: WordCalibration,
) -> None:
    words = _draw(500, 15)
    carried = replace(calibration, measured=None)
    judged = _judge(carried, words)
    promise = make_promise(carried, judged, 0.95)
    assert promise.promised is None
    assert promise.expected is not None
    assert promise.expected >= 0.95
    assert "never tested" in promise.sentence
    updated = update_calibration(carried, words)
    assert make_promise(updated, _judge(updated, words), 0.95).source == "decisions"


def test_a_small_audit_of_a_large_store_does_not_pass_for_many_decisions(calibration: WordCalibration) -> None:
    words = _draw(60, 9)
    heavy = [
        EvidenceWord(word.evidence, word.correct, 500.0 if index < 20 else 1.0) for index, word in enumerate(words)
    ]
    reviewed = update_calibration(calibration, heavy).reviewed
    assert reviewed is not None
    assert reviewed.grids["exact"][-1].kept < 25


def test_the_curve_falls_in_expected_precision_as_more_is_kept(calibration: WordCalibration) -> None:
    judged = _judge(calibration, _draw(500, 10))
    curve = draw_curve(calibration, judged, make_promise(calibration, judged, 0.95))
    assert [point.coverage for point in curve] == sorted(point.coverage for point in curve)
    expected = [point.precision for point in curve if point.precision is not None]
    assert expected == sorted(expected, reverse=True)
    assert all(point.lower is not None and point.lower <= 1.0 for point in curve)


def test_chance_alone_is_no_distance(calibration: WordCalibration) -> None:
    assert calibration.measured is not None
    distances = measure_distances(calibration.measured.reference, [w.evidence for w in _draw(200, 11)], 800)
    assert max(distances.values()) < 0.05
    assert measure_distances(calibration.measured.reference, [w.evidence for w in _draw(10, 12)], 800) == {}
