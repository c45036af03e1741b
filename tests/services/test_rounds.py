"""Series of retrainings: one at a time, on to the next round only where it pays, and an end that is told in words."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import items, jobs, series
from storage.jobs import Outcome
from storage.schema_jobs import Job, Series
from tests.support.retraining import add_labels, add_readings
from tests.support.rounds import (
    BETTER,
    LUCK,
    SAME,
    STEADIER,
    WORSE,
    advance_and_die,
    begin_round,
    end_round,
    run_in_process,
)
from textrec_app.errors import InputError, NotFoundError
from textrec_app.services.checkpoints import promote, rollback
from textrec_app.services.context import App, open_app
from textrec_app.services.retraining import RetrainRequest, cancel_job, get_job, request_retrain
from textrec_app.services.rounds import (
    SeriesView,
    active_series,
    cancel_series,
    get_series,
    list_series,
    request_rounds,
)
from textrec_app.services.series_runs import advance, close_if_overtaken
from textrec_app.settings import Settings

TINY = RetrainRequest(recipe="tiny", minutes=2.0, who="ana")


def begin(app: App, max_rounds: int = 3) -> SeriesView:
    add_labels(app, 12, "A")
    add_readings(app, 6, kept=False)
    asked = request_rounds(app, TINY, max_rounds)
    begin_round(app, asked.rounds[-1].job_id)
    return asked


def test_a_second_click_gives_the_same_series_also_between_two_rounds(app: App) -> None:
    asked = begin(app)
    assert (asked.state, asked.max_rounds, asked.minutes, asked.requested_by) == ("running", 3, 2.0, "ana")
    assert [(item.number, item.state) for item in asked.rounds] == [(1, "queued")]
    assert request_rounds(app, RetrainRequest(recipe="adapt", who="ben"), 9).series_id == asked.series_id

    end_round(app, asked.rounds[0].job_id, "promoted", BETTER)
    between = request_rounds(app, RetrainRequest(recipe="adapt", who="ben"), 9)

    assert (between.series_id, between.is_active) == (asked.series_id, True)
    assert "6 of 6 words to go" in between.message  # no worker read them again yet
    assert request_retrain(app, TINY).job_id == asked.rounds[0].job_id
    assert [view.series_id for view in list_series(app)] == [asked.series_id]


def test_the_next_round_begins_from_the_promoted_model_when_all_that_waits_was_read_again(app: App) -> None:
    asked = begin(app)
    name = end_round(app, asked.rounds[0].job_id, "promoted", BETTER)

    assert advance(app)

    now = get_series(app, asked.series_id)
    first, second = now.rounds
    assert now.state == "running"
    assert {item.checkpoint.name for item in items.list_items(app.store, ("waiting", "kept")) if item.checkpoint} == {
        name
    }
    assert (first.kept, first.waiting) == (0, 6)
    assert (first.kept_after or 0) + (first.waiting_after or 0) == 6
    assert (first.before, first.after) == ({"labels": 0.4}, {"labels": 0.9})
    assert (second.number, second.state, second.kept) == (2, "queued", None)
    queued = jobs.get_job(app.store, second.job_id)
    assert (queued.base_checkpoint, queued.recipe, queued.minutes, queued.seed) == (name, "tiny", 2.0, TINY.seed + 1)
    assert get_job(app, second.job_id).round_number == 2
    assert not advance(app)  # its job is not finished


@pytest.mark.parametrize(
    ("verdict", "found", "told"),
    [
        (
            "promoted",
            LUCK,
            "Round 1 gained too little to be sure of, so no further one follows: "
            "Compared in job 1. Its model is in use.",
        ),
        ("promoted", STEADIER, "Round 1 gained too little to be sure of"),
        ("rejected", SAME, "Round 1 brought nothing measurable: No measurable gain in the test. The model from before"),
        ("rejected", WORSE, "Round 1 was rejected: Compared in job 1. The model from before it stays in use."),
    ],
)
def test_a_series_ends_when_a_round_brings_nothing(app: App, verdict: str, found: dict[str, object], told: str) -> None:
    asked = begin(app)
    end_round(app, asked.rounds[0].job_id, verdict, found)

    assert not advance(app)

    now = get_series(app, asked.series_id)
    assert (now.state, len(now.rounds), now.is_active) == ("finished", 1, False)
    assert told in now.message
    assert now.finished_utc is not None
    assert active_series(app) is None
    assert request_rounds(app, TINY, 2).series_id != asked.series_id


def test_a_series_ends_after_its_last_round(app: App) -> None:
    asked = begin(app, max_rounds=2)
    end_round(app, asked.rounds[0].job_id, "promoted", BETTER)
    assert advance(app)
    end_round(app, get_series(app, asked.series_id).rounds[1].job_id, "promoted", BETTER)
    assert not advance(app)

    now = get_series(app, asked.series_id)
    assert (now.state, len(now.promoted)) == ("finished", 2)
    assert "All 2 rounds are done" in now.message


@pytest.mark.parametrize("state", ["failed", "lost"])
def test_a_series_ends_with_the_reason_of_a_round_that_broke_down(app: App, state: str) -> None:
    asked = begin(app)
    jobs.finish_job(app.store, asked.rounds[0].job_id, Outcome(state, "no memory left"), datetime.now(UTC))
    advance(app)
    assert "Round 1 did not come to its end: no memory left" in get_series(app, asked.series_id).message


def test_a_person_who_rolls_back_between_rounds_is_respected(app: App) -> None:
    asked = begin(app)
    end_round(app, asked.rounds[0].job_id, "promoted", BETTER)
    earlier = rollback(app, "ben").name

    assert not advance(app)

    now = get_series(app, asked.series_id)
    assert now.state == "finished"
    assert f"ben went back to {earlier} since round 1 began, so the series ended" in now.message


def test_a_person_who_overrules_the_gate_is_respected(app: App) -> None:
    asked = begin(app)
    name = end_round(app, asked.rounds[0].job_id, "rejected", WORSE)
    promote(app, name, "ben", overrule=True)
    advance(app)
    assert f"ben put {name} in use against the gate" in get_series(app, asked.series_id).message
    assert get_series(app, asked.series_id).rounds[0].verdict == "overruled"


def test_a_round_that_did_not_begin_yet_makes_way_for_what_a_person_put_in_use(app: App) -> None:
    asked = begin(app)
    end_round(app, asked.rounds[0].job_id, "promoted", BETTER)
    assert advance(app)
    rollback(app, "ben")
    queued = jobs.get_job(app.store, get_series(app, asked.series_id).rounds[1].job_id)

    assert close_if_overtaken(app, queued)
    advance(app)

    now = get_series(app, asked.series_id)
    assert (now.state, now.rounds[1].state) == ("finished", "cancelled")
    assert "ben went back to" in now.message
    assert "was put in use before it began" in now.rounds[1].message


def test_the_model_of_a_round_put_back_by_hand_is_gone_on_from(app: App) -> None:
    asked = begin(app)
    name = end_round(app, asked.rounds[0].job_id, "promoted", BETTER)
    rollback(app, "ben")
    promote(app, name, "ben")
    assert advance(app)


@pytest.mark.parametrize(
    "cancel",
    [
        lambda app, view: cancel_series(app, view.series_id, "ben"),
        lambda app, view: cancel_job(app, view.rounds[-1].job_id, "ben"),
    ],
    ids=["series", "job"],
)
def test_cancelling_ends_the_round_and_the_series(app: App, cancel: Callable[[App, SeriesView], object]) -> None:
    asked = begin(app)
    cancel(app, asked)
    stopping = get_series(app, asked.series_id)
    assert (stopping.state, stopping.rounds[0].state, stopping.is_active) == ("cancelled", "cancelling", True)
    assert request_rounds(app, TINY, 2).series_id == asked.series_id  # it still stops
    jobs.finish_job(app.store, asked.rounds[0].job_id, Outcome("cancelled", "cancelled by ben"), datetime.now(UTC))

    assert not advance(app)

    assert get_series(app, asked.series_id).message == "Cancelled by ben in round 1."
    assert active_series(app) is None
    assert cancel_series(app, asked.series_id, "eve").message == "Cancelled by ben in round 1."


def test_a_series_is_cancelled_between_two_rounds(app: App) -> None:
    asked = begin(app)
    end_round(app, asked.rounds[0].job_id, "promoted", BETTER)
    assert cancel_series(app, asked.series_id, "ben").message == "Cancelled by ben after round 1."
    assert not advance(app)
    assert len(get_series(app, asked.series_id).rounds) == 1


def test_what_makes_no_sense_is_refused(app: App) -> None:
    add_labels(app, 12, "A")
    for rounds in (0, -1, 21):
        with pytest.raises(InputError, match=f"rounds is {rounds}; give 1 to 20"):
            request_rounds(app, TINY, rounds)
    for look in (get_series, lambda opened, number: cancel_series(opened, number, "ana")):
        with pytest.raises(NotFoundError, match="no series 77; `jobs rounds`"):
            look(app, 77)
    assert active_series(app) is None


def test_a_job_of_an_older_program_becomes_a_series_of_one(app: App) -> None:
    asked = begin(app)
    with app.store.write() as session:  # as the migration leaves a job that was asked for before it
        row = session.get_one(Job, asked.rounds[0].job_id)
        row.series_id = row.round_number = None
        session.flush()
        session.delete(session.get_one(Series, asked.series_id))

    adopted = request_rounds(app, TINY, 5)

    assert (adopted.rounds[0].job_id, adopted.max_rounds, adopted.minutes) == (asked.rounds[0].job_id, 1, 2.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verdict", "found", "state"), [("promoted", BETTER, "running"), ("rejected", SAME, "finished")]
)
def test_a_kill_at_any_step_between_two_rounds_loses_and_doubles_nothing(
    app_settings: Settings,
    app: App,
    tiny_weights: Path,
    tmp_path: Path,
    verdict: str,
    found: dict[str, object],
    state: str,
) -> None:
    asked = begin(app)
    end_round(app, asked.rounds[0].job_id, verdict, found)
    app.close()
    at_commit, code = 0, -9
    while code == -9:
        at_commit += 1
        settings = app_settings.model_copy(update={"data_dir": tmp_path / f"killed-{at_commit}"})
        shutil.copytree(app_settings.data_dir, settings.data_dir)
        code = run_in_process(advance_and_die, (settings, tiny_weights, at_commit))
        assert code in (-9, 0)
        again = open_app(settings, tiny_weights)
        advance(again)
        check_went_on(again, asked.series_id, state)
        again.close()
    assert at_commit > (3 if state == "running" else 2)


def check_went_on(app: App, series_id: int, state: str) -> None:
    now = get_series(app, series_id)
    assert (now.state, len(now.rounds)) == (state, 2 if state == "running" else 1)
    first = now.rounds[0]
    assert (first.kept_after or 0) + (first.waiting_after or 0) == 6
    assert len(series.list_notes(app.store, [first.job_id], "stock")[first.job_id]) == 2
    in_use = app.models.get_active().checkpoint
    read_by = {item.checkpoint for item in items.list_items(app.store, ("waiting", "kept"))}
    assert (read_by == {in_use}) is (state == "running")
