"""The minutes of a retraining hold for all of it, and a resumed run keeps its schedule."""

from pathlib import Path

import pytest

from textrec_app.services.time_budget import estimate_judging, plan_training


def test_preparing_and_judging_are_taken_from_the_training(tmp_path: Path) -> None:
    minutes = plan_training(tmp_path, 10.0, prepared_s=40.0, n_readings=2800)
    assert 60.0 * minutes + 40.0 + estimate_judging(2800) <= 600.0
    assert minutes > 8.5


def test_a_short_job_trains_for_half_of_its_time(tmp_path: Path) -> None:
    assert plan_training(tmp_path, 0.5, prepared_s=40.0, n_readings=2800) == 0.25


def test_a_resumed_run_keeps_its_schedule(tmp_path: Path) -> None:
    first = plan_training(tmp_path, 10.0, prepared_s=40.0, n_readings=2800)
    assert plan_training(tmp_path, 10.0, prepared_s=1.0, n_readings=2800) == pytest.approx(first)
