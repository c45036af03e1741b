"""Looking at a job: what is sent, what is not sent twice, what the page says when there is nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import gradio as gr
import pytest

from tests.support.finished_rounds import Round, Word, add_series, write_readings
from tests.support.retraining import add_labels
from textrec_app.errors import ForbiddenError, InputError
from textrec_app.services.checkpoints import get_active
from textrec_app.services.context import App
from textrec_app.services.retraining import JobView, ProgressPoint, list_jobs
from textrec_app.services.rounds import list_series
from textrec_app.ui.access import Visitor
from textrec_app.ui.train_progress import compute_progress, describe_left, find_phase
from textrec_app.ui.train_status import (
    N_CURVE_POINTS,
    build_accuracy_curve,
    build_loss_curve,
    describe_duration,
    describe_job,
    describe_settle,
)
from textrec_app.ui.train_tab import (
    cancel_rounds,
    get_changes,
    list_rounds,
    look,
    press_cancel,
    press_retrain,
    press_settle,
    retrain_by_api,
    retrain_rounds,
    to_json,
)

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
        press_retrain(app, ANA, "adapt", 1, 1)
    assert list_jobs(app, limit=5) == []


def test_two_presses_are_one_job_and_an_unchanged_row_is_not_sent_again(app: App) -> None:
    add_labels(app, 12, "Hotel")
    first = press_retrain(app, ANA, "adapt", 1, 1)
    second = press_retrain(app, ANA, "adapt", 1, 1)
    assert status_of(first)["job_id"] == status_of(second)["job_id"]
    assert len(list_jobs(app, limit=5)) == 1
    again = look(app, second[-1])
    assert again[1] == again[2] == again[3] == gr.skip()
    cancelled = press_cancel(app, ANA)
    assert status_of(cancelled)["state"] in ("cancelled", "cancelling")


def test_who_may_only_look_starts_and_cancels_nothing(app: App) -> None:
    add_labels(app, 12, "Hotel")
    with pytest.raises(ForbiddenError):
        press_retrain(app, Visitor("guest", False), "adapt", 1, 1)
    with pytest.raises(ForbiddenError):
        press_cancel(app, Visitor("guest", False))
    assert list_jobs(app, limit=5) == []


def test_a_finished_job_is_told_in_words() -> None:
    value = describe_job(JOB, [make_point(1, 2.0)], NOW)
    assert value["title"] == "Finished · job 7"
    assert value["verdict_text"] == "Not better: the old model stays in use"
    assert value["reasons"] == ["Worse on your words."]
    assert value["compared"] == [{"name": "your reviewed words", "before": 0.8, "after": 0.7}]
    assert "1 min 15 s" in value["facts"]
    assert "12 reviewed words to learn from" in value["facts"]
    assert describe_job(replace(JOB, verdict=None), [], NOW)["reasons"] == []
    assert to_json(JOB)["created_utc"] == "2026-01-02T03:04:05+00:00"


def test_curves_are_thinned_and_keep_their_ends() -> None:
    points = [make_point(step, 1.0 / (step + 1)) for step in range(5000)]
    curve = build_loss_curve(points)
    assert len(curve) <= N_CURVE_POINTS + 1
    assert (curve[0][0], curve[-1][0]) == (0, 4999)
    assert build_accuracy_curve([make_point(3, word_accuracy_exact=0.5)]) == [(3, 0.5)]
    assert build_loss_curve([]) == []


def test_durations_are_readable() -> None:
    assert describe_duration(59.4) == "59 s"
    assert describe_duration(125) == "2 min 05 s"


def test_one_press_asks_for_several_rounds_and_cancel_ends_them(app: App) -> None:
    add_labels(app, 12, "Hotel")
    value = status_of(press_retrain(app, ANA, "adapt", 10, 3))
    assert value["phase"] == "waiting"
    assert "up to 2 more rounds of 10 min" in value["time_left"]
    (series,) = list_series(app)
    assert (series.max_rounds, series.minutes) == (3, 10.0)
    press_cancel(app, ANA)
    assert list_series(app)[0].state == "cancelled"


def test_phase_part_and_time_left_are_told_in_words() -> None:
    running = replace(JOB, state="running", phase="training", verdict=None, percent=43.0, seconds_left=361.0)
    assert (find_phase(running), compute_progress(running)) == ("training", 0.43)
    assert describe_left(running) == "about 6 min left"
    assert describe_left(replace(running, seconds_left=20.0)) == "about a minute left"
    assert describe_left(replace(running, seconds_left=None), "then more") == "time left: not known yet; then more"
    assert find_phase(replace(running, state="queued")) == "waiting"
    assert (find_phase(JOB), compute_progress(JOB), describe_left(JOB)) == ("done", 1.0, "")


@pytest.mark.parametrize(
    ("verdict", "state", "offered"),
    [
        ("rejected", "rejected", "overrule"),
        ("promoted", "active", "rollback"),
        ("overruled", "active", "rollback"),
        ("promoted", "retired", None),
        ("rejected", None, None),
    ],
)
def test_a_verdict_offers_what_can_still_be_done(verdict: str, state: str | None, offered: str | None) -> None:
    settle = describe_settle(replace(JOB, verdict=verdict), state)
    assert (None if settle is None else settle["action"]) == offered


def test_the_gate_is_overruled_and_the_model_rolled_back_from_the_verdict(app: App) -> None:
    (job_id,) = add_series(app, [Round("rejected", 0.7, 0.6)], "Round 1 was rejected: stopped.")
    seen = look(app, None)[-1]
    before = get_active(app).name
    answer = press_settle(app, ANA, seen, gr.EventData(None, {"action": "overrule"}))
    assert get_active(app).name == f"recognizer-job-{job_id}"
    assert (status_of(answer)["verdict"], status_of(answer)["settle"]["action"]) == ("overruled", "rollback")
    press_settle(app, ANA, answer[-1], gr.EventData(None, {"action": "rollback"}))
    assert get_active(app).name == before
    with pytest.raises(InputError, match="changed meanwhile"):
        press_settle(app, ANA, answer[-1], gr.EventData(None, {"action": "overrule"}))
    with pytest.raises(ForbiddenError):
        press_settle(app, Visitor("guest", False), answer[-1], gr.EventData(None, {"action": "rollback"}))


def test_the_api_asks_lists_cancels_and_shows_what_changed(app: App) -> None:
    add_labels(app, 12, "Hotel")
    asked = retrain_rounds(app, ANA, "adapt", 5, 2)
    (series,) = list_rounds(app)
    assert (asked["series_id"], series["max_rounds"]) == (series["series_id"], 2)
    assert retrain_by_api(app, ANA, "adapt", 5)["series_id"] == series["series_id"]
    assert cancel_rounds(app, ANA, series["series_id"])["state"] == "cancelled"
    (job_id,) = add_series(app, [Round("promoted", 0.5, 0.7)], "done")
    assert get_changes(app, job_id)["fixed"] == []  # a run whose folder is gone
    write_readings(app, job_id, [Word("Cash", "Gash", "Cash"), Word("Bar", "Bar", "Ban"), Word("", "17.42", "17:42")])
    found = get_changes(app, job_id)
    assert (found["n_fixed"], found["n_broken"], found["n_changed"]) == (1, 1, 1)
    assert (found["fixed"][0]["before"], found["fixed"][0]["after"]) == ("Gash", "Cash")
    assert found["changed"][0]["text"] == ""
    assert all(found[kind][0]["crop"].startswith("data:image/") for kind in ("fixed", "broken", "changed"))
