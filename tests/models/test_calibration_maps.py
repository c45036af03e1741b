"""One probability from named evidence: ranks, monotone weights, cards old and new."""

import json

import numpy as np
import pytest

from models.calibration import WordCalibration, read_evidence
from models.calibration_maps import EvidenceMap, GridPoint, Measured, compute_quantiles, normal_score

RANKS = tuple(round(value, 6) for value in compute_quantiles(np.linspace(0.0, 1.0, 201).tolist()))
MAP = EvidenceMap(("log_prob", "heads_agree"), (RANKS, (0.0,) * 10 + (1.0,) * 11), (1.0, 0.5), 0.25)
MEASURED = Measured(753, {"exact": (GridPoint(0.9, 400.0, 1.0),)}, {"length": RANKS})


def test_ranks_become_normal_scores_that_end_where_nothing_was_seen() -> None:
    assert normal_score(0.5, RANKS) == pytest.approx(0.0, abs=1e-9)
    assert normal_score(0.9, RANKS) == pytest.approx(1.2816, abs=1e-3)
    assert normal_score(99.0, RANKS) == normal_score(1.0, RANKS) == pytest.approx(2.0537, abs=1e-3)


def test_evidence_that_most_words_share_counts_as_their_middle_rank() -> None:
    mostly_one = (0.0,) * 5 + (1.0,) * 16
    assert 0.0 < normal_score(1.0, mostly_one) < 1.0
    assert normal_score(0.0, mostly_one) < -1.0


def test_more_of_any_evidence_never_makes_a_reading_less_sure() -> None:
    calibration = WordCalibration(maps=(MAP,))
    sure = [calibration.judge({"log_prob": value, "heads_agree": 1.0}, 0.0) for value in np.linspace(-1, 2, 31)]
    assert sure == sorted(sure)
    assert calibration.judge({"log_prob": 0.5, "heads_agree": 0.0}, 0.0) < sure[15]


def test_a_reading_that_lacks_evidence_is_judged_by_the_next_map_or_as_before() -> None:
    poorer = EvidenceMap(("log_prob",), (RANKS,), (1.0,), 0.0)
    both = WordCalibration(maps=(MAP, poorer))
    assert both.judge({"log_prob": 0.5}, 0.1) == pytest.approx(0.5)
    assert both.judge({"length": 3.0}, 0.1) == 0.1


def test_a_card_keeps_maps_and_measures_and_older_cards_still_load() -> None:
    calibration = WordCalibration(maps=(MAP,), measured=MEASURED, slope=0.8, offset=-0.5, reviewed=MEASURED)
    again = WordCalibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    evidence = {"log_prob": 0.7, "heads_agree": 1.0}
    assert again.judge(evidence, 0.0) == pytest.approx(calibration.judge(evidence, 0.0), abs=1e-6)
    assert (again.measured, again.reviewed) == (MEASURED, MEASURED)
    old = WordCalibration.from_dict({"gamma": 0.5, "weight_log_prob": 2.0, "weight_min_char": 0.1, "bias": 1.0})
    assert (old.maps, old.measured) == ((), None)
    assert old.judge(evidence, 0.42) == 0.42


def test_a_correction_moves_the_thresholds_with_the_confidences() -> None:
    corrected = WordCalibration(maps=(MAP,), measured=MEASURED, slope=1.0, offset=-1.0)
    (point,) = corrected.corrected_grid("exact")
    assert point.threshold < 0.9
    assert WordCalibration(maps=(MAP,), measured=MEASURED).corrected_grid("exact")[0].threshold == 0.9


def test_what_reading_leaves_behind_has_names_and_says_nothing_of_what_was_not_there() -> None:
    evidence = read_evidence(-2.0, [0.9, 0.5, 0.8, 0.99], True, 0.7, -10.0)
    assert evidence["log_prob"] == pytest.approx(-1.0)
    assert evidence["weakest"] == pytest.approx(0.0)
    assert (evidence["length"], evidence["heads_agree"], evidence["language"]) == (4.0, 1.0, -2.0)
    assert read_evidence(-2.0, [0.9], None, None, None).keys() == {"log_prob", "weakest", "length"}
