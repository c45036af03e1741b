"""How the minutes of a retraining are shared out: preparing, training and judging together take no longer. No store."""

import json
from pathlib import Path

from textrec_app.training.manifest import write_whole

BUDGET_FILE = "budget.json"
READING_S = 0.008
"""Seconds to read a crop for the gate, loading and bootstrap included; 5.4 ms on one core (docs/LOG.md)."""
JUDGING_BASE_S = 6.0
STARTING_S = 4.0
"""From the start of the process to its first line."""
MIN_SHARE = 0.5


def plan_training(run_dir: Path, minutes: float, prepared_s: float, n_readings: int) -> float:
    """Minutes that are left for training, decided once for a run: a resumed one goes on with the same schedule.

    Args:
        run_dir: the run's folder, which keeps the answer.
        minutes: for the whole job.
        prepared_s: seconds that preparing took.
        n_readings: crops that the two models will read for the gate, views included.

    Returns:
        At least half of the minutes, so that a short job trains at all.
    """
    path = run_dir / BUDGET_FILE
    if not path.is_file():
        reserved_s = STARTING_S + prepared_s + estimate_judging(n_readings)
        planned = max(MIN_SHARE * minutes, minutes - reserved_s / 60.0)
        write_whole(path, json.dumps({"minutes": minutes, "training_minutes": planned}) + "\n")
    return float(json.loads(path.read_text(encoding="utf-8"))["training_minutes"])


def estimate_judging(n_readings: int) -> float:
    """Seconds that the gate will take to read so many crops."""
    return JUDGING_BASE_S + READING_S * n_readings
