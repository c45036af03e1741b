"""The gate's arithmetic and its words."""

import numpy as np
import pytest

from textrec_app.evaluation.gate import PairedScores, build_slices, compute_difference, judge


def make_scores(name: str, before: list[int], after: list[int], **groups: tuple[int, ...]) -> PairedScores:
    return PairedScores(name, tuple(map(float, before)), tuple(map(float, after)), dict(groups))


def test_the_bootstrap_is_paired_seeded_and_brackets_the_mean() -> None:
    before = [1.0] * 60 + [0.0] * 40
    after = [1.0] * 58 + [0.0] * 2 + [1.0] * 10 + [0.0] * 30
    first = compute_difference("labels", before, after, 0.01, seed=3)

    assert first == compute_difference("labels", before, after, 0.01, seed=3)
    assert (first.n, first.before, first.after) == (100, pytest.approx(0.6), pytest.approx(0.68))
    assert first.delta == pytest.approx(0.08)
    assert first.ci_low < 0.08 < first.ci_high
    assert first.ci_low > 0.0  # 10 fixed against 2 broken of the same crops is hardly chance
    deltas = np.array(after) - np.array(before)
    spread = deltas.std() / 10  # of the mean of 100
    assert first.ci_high - first.ci_low == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_equal_scores_have_no_interval_and_no_risk() -> None:
    same = compute_difference("anchor", [1.0, 0.0] * 10, [1.0, 0.0] * 10, 0.02)
    assert (same.delta, same.ci_low, same.ci_high, same.risk, same.chance_not_worse) == (0.0, 0.0, 0.0, 0.0, 1.0)
    empty = compute_difference("anchor", [], [], 0.02)
    assert (empty.n, empty.delta) == (0, 0.0)
    with pytest.raises(ValueError, match="2 scores before, 1 after"):
        compute_difference("anchor", [1.0, 0.0], [1.0], 0.02)


def test_better_on_the_labels_and_equal_on_the_anchor_is_promoted() -> None:
    found = judge([make_scores("labels", [0] * 20 + [1] * 30, [1] * 50), make_scores("anchor", [1] * 90, [1] * 90)])
    assert found.promoted
    assert found.reasons == ()
    assert found.gains[0].startswith("Better on your reviewed words: 60.0 % before, 100.0 % after (+40.0 points")
    assert found.before == {"labels": 0.6, "anchor": 1.0}


def test_forgetting_the_anchor_rejects_whatever_was_gained() -> None:
    found = judge([make_scores("labels", [0] * 50, [1] * 50), make_scores("anchor", [1] * 200, [1] * 180 + [0] * 20)])
    assert not found.promoted
    assert len(found.reasons) == 1
    assert "the anchor words that must not be forgotten: 100.0 % before, 90.0 % after" in found.reasons[0]
    assert len(found.gains) == 1


def test_of_the_anchor_no_more_than_three_words_in_a_thousand_may_be_lost() -> None:
    labels = make_scores("labels", [0] * 50, [1] * 50)
    assert judge([labels, make_scores("anchor", [1] * 1200, [1] * 1197 + [0] * 3)]).promoted
    found = judge([labels, make_scores("anchor", [1] * 1200, [1] * 1194 + [0] * 6)])
    assert not found.promoted
    assert "A fall of 0.3 is tolerated" in found.reasons[0]


def test_no_gain_anywhere_is_rejected_as_such() -> None:
    found = judge([make_scores("labels", [1] * 30, [1] * 30), make_scores("agreement", [1] * 30, [1] * 30)])
    assert not found.promoted
    assert found.reasons[0].startswith("No measurable gain")
    assert "retrain" in found.reasons[0]


def test_with_nothing_to_compare_on_nothing_is_promoted() -> None:
    found = judge([make_scores("labels", [], [])])
    assert not found.promoted
    assert "nothing to compare" in found.reasons[0]


def test_agreement_must_not_fall_and_alone_promotes_nothing() -> None:
    anchor = make_scores("anchor", [1] * 100, [1] * 100)
    better = PairedScores("agreement", (0.3,) * 60, (0.6,) * 60)
    worse = PairedScores("agreement", (0.6,) * 60, (0.3,) * 60)
    found = judge([anchor, better])
    assert not found.promoted
    assert "Nothing of your own pictures" in found.reasons[0]
    labels = make_scores("labels", [0] * 12, [1] * 12)
    assert judge([labels, anchor, better]).promoted
    assert not judge([labels, anchor, worse]).promoted


def test_better_anchor_words_alone_promote_nothing() -> None:
    assert not judge([make_scores("anchor", [0] * 50 + [1] * 50, [1] * 100)]).promoted


def test_the_chance_of_a_gain_counts_no_ties() -> None:
    lucky = compute_difference("labels", [0.0] + [1.0] * 19, [1.0] * 20, 0.01)
    assert lucky.chance_not_worse == 1.0
    assert 0.5 < lucky.chance_better < 0.75  # the one crop is missing from every third resample
    assert compute_difference("labels", [1.0] * 20, [1.0] * 20, 0.01).chance_better == 0.0


def test_one_kind_of_word_falling_sharply_rejects_a_better_average() -> None:
    texts = [f"word{'x' * index}" for index in range(100)] + ["12345"] * 30
    before = [0] * 60 + [1] * 40 + [1] * 30
    after = [1] * 100 + [0] * 10 + [1] * 20
    slices = build_slices(texts)
    assert slices["digits only"] == tuple(range(100, 130))

    found = judge([make_scores("labels", before, after, **slices)])

    assert found.sets[0].delta > 0.3
    assert not found.promoted
    assert found.reasons == (
        "Sharply worse on one kind of your reviewed words, digits only: 100.0 % before, 66.7 % after (30 crops).",
    )


def test_slices_tell_case_digits_length_and_leave_out_small_groups() -> None:
    texts = ["cafe"] * 20 + ["BAR"] * 20 + ["Hotel"] * 20 + ["48"] * 20 + ["A1"] * 19 + ["$9.50"] * 20 + [""] * 30
    assert {name: len(members) for name, members in build_slices(texts).items()} == {
        "lower case": 20,
        "upper case": 20,
        "mixed case": 20,
        "digits only": 20,
        "with punctuation": 20,
        "1 to 3 characters": 59,
        "4 to 8 characters": 60,
    }
