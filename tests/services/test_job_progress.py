"""How far a job is: never done before its end, told by its own pace, whatever happened on the way."""

from typing import Any

import pytest

from textrec_app.services.job_progress import estimate_progress

PREPARING = {"event": "phase", "phase": "preparing", "time_s": 1000.0}
TRAINING = {"event": "phase", "phase": "training", "time_s": 1030.0}


def step(time_s: float, progress: float, event: str = "step") -> dict[str, Any]:
    return {"event": event, "phase": "training", "time_s": time_s, "progress": progress}


def test_a_job_that_waits_takes_the_minutes_it_was_given() -> None:
    found = estimate_progress([], 10.0, 1000.0)
    assert found.percent == 0.0
    assert found.seconds_left == pytest.approx(600.0)


def test_the_steps_so_far_tell_the_pace() -> None:
    lines = [PREPARING, TRAINING, step(1030.0, 0.0, "start"), step(1130.0, 0.25)]
    found = estimate_progress(lines, None, 1130.0)
    assert found.seconds_left == pytest.approx(300.0 + 25.0)
    assert found.percent == pytest.approx(100.0 * 130.0 / 455.0)
    assert estimate_progress([*lines, step(1230.0, 0.5)], None, 1230.0).percent == pytest.approx(100.0 * 230.0 / 455.0)


def test_before_the_first_steps_nothing_is_said_where_nothing_is_known() -> None:
    found = estimate_progress([PREPARING, TRAINING, step(1030.0, 0.0, "start")], None, 1031.0)
    assert (found.percent, found.seconds_left) == (None, None)


def test_a_pause_counts_for_nothing() -> None:
    lines = [PREPARING, TRAINING, step(1030.0, 0.0, "start"), step(1130.0, 0.5)]
    later = [
        {**PREPARING, "time_s": 90_000.0},
        {**TRAINING, "time_s": 90_005.0},
        step(90_005.0, 0.5, "start"),
        step(90_055.0, 0.75),
    ]
    found = estimate_progress([*lines, *later], 4.0, 90_055.0)
    assert found.seconds_left == pytest.approx(50.0 + 25.0)


def test_judging_is_nearly_the_end_but_not_the_end() -> None:
    lines = [PREPARING, TRAINING, step(1030.0, 0.0, "start"), step(1230.0, 1.0, "end")]
    judging = {"event": "phase", "phase": "judging", "time_s": 1231.0}
    found = estimate_progress([*lines, judging], 4.0, 1231.0 + 500.0)
    assert found.percent is not None
    assert 95.0 < found.percent <= 99.0
    assert found.seconds_left == 1.0
