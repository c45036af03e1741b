"""The honest audit: a uniform sample of what is kept, judged without a gap, with an interval that holds."""

from collections import Counter

import pytest

from storage import audits, readings, selections
from storage.audits import NewAudit
from storage.records import NewReading, NewSelection
from tests.support.rows import SECOND, make_items
from textrec_app.errors import InputError
from textrec_app.evaluation.intervals import compute_exact_interval
from textrec_app.services.auditing import audit_view, start_audit
from textrec_app.services.context import App
from textrec_app.services.reviewing import Decision, ReviewItem, decide, list_queue, undo


def _keep(app: App, amount: int) -> list[int]:
    made = make_items(app.store, [(f"word{index}", 0.95) for index in range(amount)] + [("waits", 0.5)])
    return [item.item_id for item in made[:-1]]


def _decide(app: App, item: ReviewItem, action: str = "accept", text: str | None = None) -> None:
    decide(app, Decision(item.item_id, item.version, action, text, f"u{item.item_id}.{item.version}", "ana"))


def test_without_a_sample_nothing_is_claimed(app: App) -> None:
    with pytest.raises(InputError, match="Harvest"):
        start_audit(app, "ana")
    _keep(app, 5)
    view = audit_view(app)
    assert (view.audit_id, view.precision, view.kept_now) == (None, None, 5)
    assert "Draw a sample of the 5 words" in view.sentence


def test_every_kept_word_is_as_likely_to_be_drawn_and_none_that_waits(app: App) -> None:
    kept = _keep(app, 10)
    drawn: Counter[int] = Counter()
    for seed in range(60):
        start_audit(app, "ana", size=5, seed=seed)
        drawn.update(item.item_id for item in list_queue(app, "audit"))
    assert set(drawn) == set(kept)
    assert sum(drawn.values()) == 300
    assert all(15 <= drawn[item_id] <= 45 for item_id in kept)


def test_right_wrong_and_skipped_words_make_the_estimate(app: App) -> None:
    _keep(app, 40)
    start_audit(app, "ana", size=20, seed=1)
    queue = list_queue(app, "audit")
    for item in queue[:10]:
        _decide(app, item)
    _decide(app, queue[10], "correct", "other")
    _decide(app, queue[11], "reject")
    _decide(app, queue[12], "skip")
    view = audit_view(app)
    assert (view.decided, view.right, view.skipped, view.early, view.population) == (13, 10, 1, 0, 40)
    assert view.precision == pytest.approx(10 / 12)
    assert view.ci_low == compute_exact_interval(10, 13)[0]
    assert view.ci_high == compute_exact_interval(11, 13)[1]
    assert "10 of 12 checked words are right" in view.sentence
    assert [item.item_id for item in list_queue(app, "audit")] == [item.item_id for item in queue[13:]]


def test_words_judged_out_of_turn_wait_until_those_before_them_are_judged(app: App) -> None:
    _keep(app, 40)
    start_audit(app, "ana", size=10, seed=1)
    queue = list_queue(app, "audit")
    for item in queue[3:6]:
        _decide(app, item, "correct", "found because it looked wrong")
    view = audit_view(app)
    assert (view.decided, view.early, view.precision) == (0, 3, None)
    for item in queue[:3]:
        _decide(app, item)
    view = audit_view(app)
    assert (view.decided, view.early, view.right) == (6, 0, 3)
    undo(app, "ana", "undo-1")
    assert (audit_view(app).decided, audit_view(app).early) == (2, 3)


def test_a_word_read_anew_is_judged_as_it_was_read_when_it_was_drawn(app: App) -> None:
    kept = _keep(app, 4)
    start_audit(app, "ana", size=4, seed=1)
    selection = selections.add_selection(app.store, NewSelection("rescore", "ana", 0.99, 0.9, SECOND))
    news = [(item_id, NewReading("other", 0.97, -0.1, (), SECOND, True)) for item_id in kept[:2]]
    readings.add_readings(app.store, news, selection.selection_id)
    for item in list_queue(app, "audit"):
        _decide(app, item)
    view = audit_view(app)
    assert (view.decided, view.right, view.reread) == (4, 2, 2)
    assert "read anew since" in view.sentence


def test_a_census_has_no_error_of_sampling(app: App) -> None:
    _keep(app, 3)
    start_audit(app, "ana", size=60)
    for item in list_queue(app, "audit"):
        _decide(app, item)
    view = audit_view(app)
    assert (view.size, view.ci_low, view.ci_high) == (3, 1.0, 1.0)


def test_what_another_model_kept_is_not_taken_for_what_this_one_keeps(app: App) -> None:
    kept = _keep(app, 4)
    assert start_audit(app, "ana", size=2).is_current
    audits.add_audit(app.store, NewAudit("ana", "e" * 64, 4, tuple(kept)))
    for item in list_queue(app, "audit"):
        _decide(app, item)
    view = audit_view(app)
    assert not view.is_current
    assert "holds for the model before; draw a new sample" in view.sentence


@pytest.mark.parametrize("size", [0, -3, 10_000])
def test_a_size_that_makes_no_sense_is_refused(app: App, size: int) -> None:
    _keep(app, 2)
    with pytest.raises(InputError, match="1 to 2000"):
        start_audit(app, "ana", size=size)
