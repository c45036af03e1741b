"""How far a retraining is and how long it still takes, told from the lines that it reported. Pure arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PREPARING_S = 25.0
JUDGING_S = 25.0
MEASURABLE = 0.01
NEARLY = 99.0


@dataclass(frozen=True)
class Estimate:
    """How far a job is; None where that cannot be said yet.

    Attributes:
        percent: of the whole job, 0 to 100.
        seconds_left: until its verdict.
    """

    percent: float | None
    seconds_left: float | None


def estimate_progress(lines: Sequence[Mapping[str, Any]], minutes: float | None, now_s: float) -> Estimate:
    """Tell from an unfinished job's progress how far it is.

    The pace is that of the present attempt, so the time during which the program did not run counts for nothing.

    Args:
        lines: of the progress file, in order, with `event`, `time_s`, `phase` and `progress` (of the training, 0 to 1).
        minutes: for the whole job; None where it follows steps.
        now_s: seconds since the epoch.
    """
    phase = next((str(line["phase"]) for line in reversed(lines) if line.get("phase")), "")
    training_s = _estimate_training(lines, minutes)
    if training_s is None:
        return Estimate(None, None)
    prepared_s, judged_s = _time_in(lines, "preparing", phase, now_s), _time_in(lines, "judging", phase, now_s)
    to_prepare_s = max(0.0, PREPARING_S - prepared_s) if phase in ("", "preparing") else 0.0
    done = 1.0 if phase == "judging" else _last_progress(lines)
    left_s = to_prepare_s + (1.0 - done) * training_s + max(1.0, JUDGING_S - judged_s)
    spent_s = prepared_s + done * training_s + judged_s
    return Estimate(min(NEARLY, 100.0 * spent_s / (spent_s + left_s)), left_s)


def _estimate_training(lines: Sequence[Mapping[str, Any]], minutes: float | None) -> float | None:
    """Seconds of the whole training: by the pace so far, else by the minutes that were asked for."""
    planned = None if minutes is None else max(30.0 * minutes, 60.0 * minutes - PREPARING_S - JUDGING_S)
    starts = [index for index, line in enumerate(lines) if line.get("event") == "start"]
    if not starts:
        return planned
    attempt = [line for line in lines[starts[-1] :] if "progress" in line and "time_s" in line]
    if not attempt:
        return planned
    gained = float(attempt[-1]["progress"]) - float(attempt[0]["progress"])
    spent_s = float(attempt[-1]["time_s"]) - float(attempt[0]["time_s"])
    return spent_s / gained if gained >= MEASURABLE else planned


def _last_progress(lines: Sequence[Mapping[str, Any]]) -> float:
    return next((float(line["progress"]) for line in reversed(lines) if "progress" in line), 0.0)


def _time_in(lines: Sequence[Mapping[str, Any]], phase: str, now_in: str, now_s: float) -> float:
    """Seconds in a phase that is announced by a line, as far as the last announcement tells."""
    announced = [line for line in lines if line.get("event") == "phase" and "time_s" in line]
    began = [index for index, line in enumerate(announced) if line.get("phase") == phase]
    if not began:
        return 0.0
    begin_s = float(announced[began[-1]]["time_s"])
    end_s = float(announced[began[-1] + 1]["time_s"]) if began[-1] + 1 < len(announced) else now_s
    return max(0.0, (now_s if now_in == phase else end_s) - begin_s)
