"""Signs of a spoiled candidate in readings that nobody labeled."""

import keyword
from collections.abc import Callable

import pytest

from textrec_app.evaluation.gate import AGREEMENT, PairedScores, judge
from textrec_app.evaluation.gate_changes import PairScores, Reread, compute_belief, tell_likelier
from textrec_app.evaluation.gate_checks import run_checks

WORDS = [word.capitalize() for word in keyword.kwlist]
NUMBERS = [f"{17 * index % 89}.{index % 7}{index % 9}" for index in range(20)]
TEXTS = (*WORDS, *NUMBERS)
SURE = PairScores((-0.02, -9.0), (-0.5, -0.4))
UNSURE = PairScores((-2.0, -2.3), (-4.0, -0.3), (-20.0, -16.0))


def reread(
    change: Callable[[str], str], agrees: bool = True, scores: PairScores | None = SURE, every: int = 1
) -> list[Reread]:
    """All texts, read anew as `change` says; one in `every` is changed."""
    crops = []
    for index, text in enumerate(TEXTS):
        new = change(text) if index % every == 0 else text
        views = (text,) * 3 if agrees else (new, new, text + "x")
        crops.append(Reread((text, *views), (new,) * 4, scores))
    return crops


def failed(crops: list[Reread]) -> set[str]:
    return {check.name for check in run_checks(crops) if not check.passed}


def test_equal_readings_pass_every_check_and_are_no_gain() -> None:
    crops = reread(lambda text: text)
    assert failed(crops) == set()
    found = judge([], crops=crops)
    assert not found.promoted
    assert "No measurable gain" in found.reasons[0]
    assert f"All {len(TEXTS)} held-back words are read as before" in found.reasons[0]


@pytest.mark.parametrize(
    ("change", "name", "sentence"),
    [
        (lambda text: "", "empty readings", "forgotten how to read"),
        (lambda text: "TOTAL", "all read alike", "collapse to few texts"),
        (lambda text: text[:2], "length", "only a part of each word"),
        (lambda text: text + "lll", "length", "characters that are not there"),
        (lambda text: text.swapcase(), "case", "wrong case"),
        (lambda text: text.translate(str.maketrans("0123456789", "1234567890")), "digits", "confuses digits"),
        (lambda text: text.translate(str.maketrans("0123456789", "OIZEASGTBP")), "digits and letters", "mixes up"),
        (lambda text: text.replace("e", "c"), "one character for another", "learned to confuse"),
        (lambda text: "".join(chr(33 + ord(c) % 14) for c in text), "characters used", "no text of the same kind"),
    ],
)
def test_each_sign_of_a_spoiled_run_is_seen_and_said(change: Callable[[str], str], name: str, sentence: str) -> None:
    crops = reread(change)
    assert {name, "sure readings"} <= failed(crops)
    found = judge([PairedScores(AGREEMENT, (0.5,) * 40, (1.0,) * 40)], crops=crops)
    assert not found.promoted
    assert any(sentence in reason for reason in found.reasons)


def test_readings_that_were_doubtful_may_change_and_what_more_witnesses_say_is_likelier() -> None:
    crops = reread(lambda text: text + "s", agrees=False, scores=UNSURE, every=5)
    assert failed(crops) == set()
    assert tell_likelier(compute_belief(crops[0])) == "after"
    assert compute_belief(crops[1]) == 0.5
    found = judge([], crops=crops)
    assert found.promoted
    assert found.gains[0].startswith("Better on your unlabelled words: 11 of 55 held-back words are read differently")
    assert all(check.passed for check in found.checks)


def test_reviewed_words_that_surely_became_better_outweigh_guesses() -> None:
    crops = reread(lambda text: text.upper())
    labels = PairedScores("labels", (0.0,) * 12, (1.0,) * 12)
    assert not judge([], crops=crops).promoted
    found = judge([labels], crops=crops)
    assert found.promoted
    assert any(not check.passed for check in found.checks)


def test_nothing_is_never_likelier_than_something() -> None:
    crop = Reread(("Hotel", "", "", ""), ("", "", "", ""), PairScores((-9.0, -0.1), (-9.0, -0.1)))
    assert compute_belief(crop) == 0.0


def test_readings_of_an_earlier_version_are_judged_by_their_views_alone() -> None:
    crop = Reread(("Hote1", "Hotel", "Hotel", "Hotel"), ("Hotel",) * 4)
    assert tell_likelier(compute_belief(crop)) == "after"
    assert tell_likelier(compute_belief(Reread(crop.after, crop.before))) == "before"
