"""Choosing among several candidates."""

from textrec_app.evaluation.gate import PairedScores, judge
from textrec_app.evaluation.gate_changes import PairScores, Reread
from textrec_app.evaluation.gate_choice import choose, score_judgement

UNSURE = PairScores((-0.5, -7.0), (-1.0, -1.0))
BETTER = Reread(("Hote1", "Hotel", "Hotel", "Hotel"), ("Hotel",) * 4, PairScores((-2.0, -2.1), (-5.0, -0.1)))
WORSE = Reread(
    ("Hotel", "Hotel", "Hote1", "Hotel"), ("Hote1", "Hotel", "Hotel", "x"), PairScores((-0.5, -4.0), (-1, -1))
)
SAME = Reread(("Taxi",) * 4, ("Taxi",) * 4, PairScores((0.0, 0.0), (0.0, 0.0)))


def anchor(lost: int) -> PairedScores:
    return PairedScores("anchor", (1.0,) * 1000, (1.0,) * (1000 - lost) + (0.0,) * lost)


def test_the_candidate_with_the_greater_gain_that_forgets_nothing_is_chosen() -> None:
    small = judge([anchor(0)], crops=[BETTER] * 3 + [SAME] * 97)
    great = judge([anchor(1)], crops=[BETTER] * 9 + [SAME] * 91)
    forgetful = judge([anchor(40)], crops=[BETTER] * 9 + [SAME] * 91)
    worse = judge([anchor(0)], crops=[WORSE] * 20 + [SAME] * 80)

    assert [item.promoted for item in (small, great, forgetful, worse)] == [True, True, False, False]
    assert choose([worse, small, great, forgetful]) == 2
    assert choose([worse, forgetful]) is None
    assert score_judgement(great) > score_judgement(small) > 0.0 > score_judgement(worse)


def test_enough_reviewed_words_decide_alone() -> None:
    labels = PairedScores("labels", (0.0,) * 40, (1.0,) * 40)
    assert score_judgement(judge([labels], crops=[WORSE] * 3 + [SAME] * 97)) == 1.0
    assert score_judgement(judge([labels])) == 1.0


def test_of_equal_candidates_the_first_is_chosen() -> None:
    one = judge([anchor(0)], crops=[BETTER] * 3 + [SAME] * 97)
    assert choose([one, one]) == 0
