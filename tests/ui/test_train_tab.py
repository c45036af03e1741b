"""Looking at a job: what is sent, what is not sent twice, what the page says when there is nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import gradio as gr
import pytest

from tests.support.retraining import add_labels
from textrec_app.errors import ForbiddenError, InputError
from textrec_app.services.context import App
from textrec_app.services.retraining import JobView, ProgressPoint, list_jobs
from textrec_app.ui.access import Visitor
from textrec_app.ui.train_status import (
    N_CURVE_POINTS,
    build_accuracy_curve,
    build_loss_curve,
    describe_duration,
    describe_job,
)
from textrec_app.ui.train_tab import look, press_cancel, press_retrain, to_json

ANA = Visitor("ana", True)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
JOB = JobView(
    job_id=7,
    state="succeeded",
    recipe="adapt",
    minutes=5.0,
    requested_by="ana",
    created_utc=NOW,
    started_utc=NOW,
    finished_utc=NOW + timedelta(seconds=75),
    heartbeat_utc=None,
    attempt=1,
    step=10,
    total_steps=10,
    phase="finished",
    message="done",
    verdict="rejected",
    reasons=("Worse on your words.",),
    before={"labels": 0.8},
    after={"labels": 0.7},
    checkpoint="recognizer-job-7",
    snapshot={"train_human": 12, "train_pseudo": 0},
)


def make_point(step: int, loss: float | None = None, **metrics: float) -> ProgressPoint:
    return ProgressPoint(step + 1, "step", NOW, step, 1000, "training", f"step {step}", loss, 0.001, metrics)


def status_of(answer: tuple[Any, ...]) -> dict[str, Any]:
    return answer[0]


def test_with_nothing_to_learn_from_the_tab_says_what_to_do(app: App) -> None:
    answer = look(app, None)
    assert status_of(answer)["state"] == "none"
    assert "Harvest" in status_of(answer)["message"]
    with pytest.raises(InputError):
        press_retrain(app, ANA, "adapt", 1)
    assert list_jobs(app, limit=5) == []


def test_two_presses_are_one_job_and_an_unchanged_row_is_not_sent_again(app: App) -> None:
    add_labels(app, 12, "Hotel")
    first = press_retrain(app, ANA, "adapt", 1)
    second = press_retrain(app, ANA, "adapt", 1)
    assert status_of(first)["job_id"] == status_of(second)["job_id"]
    assert len(list_jobs(app, limit=5)) == 1
    again = look(app, second[-1])
    assert again[1] == again[2] == gr.skip()
    cancelled = press_cancel(app, ANA)
    assert status_of(cancelled)["state"] in ("cancelled", "cancelling")


def test_who_may_only_look_starts_and_cancels_nothing(app: App) -> None:
    add_labels(app, 12, "Hotel")
    with pytest.raises(ForbiddenError):
        press_retrain(app, Visitor("guest", False), "adapt", 1)
    with pytest.raises(ForbiddenError):
        press_cancel(app, Visitor("guest", False))
    assert list_jobs(app, limit=5) == []


def test_a_finished_job_is_told_in_words() -> None:
    value = describe_job(JOB, [make_point(1, 2.0)])
    assert value["title"] == "Finished · job 7"
    assert value["verdict_text"] == "Not better: the old model stays in use"
    assert value["reasons"] == ["Worse on your words."]
    assert value["compared"] == [{"name": "your reviewed words", "before": 0.8, "after": 0.7}]
    assert "1 min 15 s" in value["facts"]
    assert "12 reviewed words to learn from" in value["facts"]
    assert describe_job(replace(JOB, verdict=None), [])["reasons"] == []
    assert to_json(JOB)["created_utc"] == "2026-01-02T03:04:05+00:00"


def test_curves_are_thinned_and_keep_their_ends() -> None:
    points = [make_point(step, 1.0 / (step + 1)) for step in range(5000)]
    curve = build_loss_curve(points)
    assert len(curve) <= N_CURVE_POINTS + 1
    assert (curve["step"].iloc[0], curve["step"].iloc[-1]) == (0, 4999)
    assert build_accuracy_curve([make_point(3, word_accuracy_exact=0.5)])["accuracy"].tolist() == [50.0]
    assert build_loss_curve([]).empty


def test_durations_are_readable() -> None:
    assert describe_duration(59.4) == "59 s"
    assert describe_duration(125) == "2 min 05 s"
