"""What decisions brought and what more are worth: right arithmetic, and no number where there is too little."""

from datetime import UTC, datetime

import pytest

from storage import jobs, snapshots
from storage.jobs import NewJob, Outcome
from storage.snapshots import SnapshotRecord
from tests.support.review_items import add_look_alikes
from tests.support.rows import make_items
from textrec_app.services.context import App
from textrec_app.services.learning_curve import MIN_DECISIONS, STEP, learning_curve
from textrec_app.services.reviewing import Decision, decide, list_queue, undo


def _review(app: App, amount: int, wrong_every: int = 2) -> None:
    for number, item in enumerate(list_queue(app, limit=amount)):
        is_wrong = number % wrong_every == 0
        action, text = ("correct", f"{item.text}!") if is_wrong else ("accept", None)
        decide(app, Decision(item.item_id, item.version, action, text, f"u{item.item_id}", "ana"))


def _add_training(app: App, labels: int, words: int, before: float, after: float) -> None:
    with app.store.write() as session:
        job_id = jobs.add_row(session, NewJob("adapt", 1.0, 1, "base", "ana")).id
    counts = {"train_human": labels, "validation": words}
    snapshots.add_snapshot(app.store, SnapshotRecord(job_id, "a" * 64, "x", counts, datetime.now(UTC)))
    outcome = Outcome("succeeded", "", "promoted", (), {"labels": before}, {"labels": after}, f"model {job_id}")
    jobs.finish_job(app.store, job_id, outcome, datetime.now(UTC))


def test_an_empty_store_and_one_hardly_reviewed_promise_nothing(app: App) -> None:
    empty = learning_curve(app)
    assert (empty.points, empty.gain_per_50, empty.model_gain) == ((), None, None)
    make_items(app.store, [(f"w{index}", 0.5) for index in range(60)])
    _review(app, 5)
    few = learning_curve(app)
    assert few.gain_per_50 is None
    assert f"Cannot tell yet what more decisions are worth: 5 so far, it takes {MIN_DECISIONS}" in few.sentence


def test_the_next_decisions_are_worth_the_errors_that_they_settle(app: App) -> None:
    make_items(app.store, [(f"w{index}", 0.5) for index in range(200)])
    _review(app, 40)
    curve = learning_curve(app)
    assert curve.gain_per_50 == pytest.approx(STEP * 0.5 / 200, rel=0.05)
    assert curve.points[0].decisions == 0
    assert (curve.points[-1].decisions, curve.points[-1].accuracy) == (40, pytest.approx(1 - 80 / 200, abs=0.01))
    assert curve.points[0].accuracy == pytest.approx(1 - 100 / 200, abs=0.01)
    assert "Another 50 decisions are worth about +12.5 points" in curve.sentence


def test_confidences_that_promised_too_much_are_corrected_by_what_people_found(app: App) -> None:
    make_items(app.store, [(f"w{index}", 0.8) for index in range(200)])
    _review(app, 60)
    gain = learning_curve(app).gain_per_50
    assert gain is not None
    assert gain > 1.8 * STEP * 0.2 / 200


def test_twins_count_as_one_decision_and_undo_takes_the_point_back(app: App) -> None:
    alike = add_look_alikes(app, "TOTAL", [0.5, 0.5, 0.5])
    (first,) = list_queue(app, limit=1)
    decide(app, Decision(first.item_id, 1, "correct", "T", "u1", "ana"), with_twins=True)
    points = learning_curve(app).points
    assert [point.decisions for point in points] == [0, 1]
    assert points[1].accuracy - points[0].accuracy == pytest.approx(len(alike) / 3)
    undo(app, "ana", "u2")
    assert len(learning_curve(app).points) == 1


def test_trainings_on_growing_labels_foretell_what_the_model_learns(app: App) -> None:
    make_items(app.store, [(f"w{index}", 0.5) for index in range(10)])
    _add_training(app, 50, 400, 0.60, 0.75)
    assert learning_curve(app).model_gain is None
    _add_training(app, 200, 400, 0.75, 0.86)
    curve = learning_curve(app)
    assert [(point.labels, point.accuracy) for point in curve.trainings] == [(0, 0.60), (50, 0.75), (200, 0.86)]
    assert curve.model_gain is not None
    assert 0 < curve.model_gain.low < curve.model_gain.gain < curve.model_gain.high
    assert "What the model learns from 50 more reviewed words adds about +" in curve.sentence
