"""The worker's side of a job: taking it, following its process, closing it."""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage import jobs
from storage.jobs import JobRecord, Outcome
from textrec_app.services.context import App
from textrec_app.services.snapshots import get_run_dir
from textrec_app.training.manifest import BEAT_FILE, LOG_FILE, OUTCOME_FILE, PROGRESS_FILE

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3
STORE_ERRORS = jobs.STORE_ERRORS


@dataclass(frozen=True)
class ProcessOutcome:
    """How the training process says that it ended: finished, cancelled, paused or failed."""

    state: str
    message: str


def claim(app: App, owner: str, now: datetime) -> JobRecord | None:
    """Take or keep the unfinished job, None where there is none for this owner."""
    return jobs.claim_job(app.store, owner, now, LEASE)


def begin_attempt(app: App, job_id: int) -> JobRecord:
    """Count one more attempt."""
    return jobs.start_attempt(app.store, job_id, datetime.now(UTC))


def take_back_attempt(app: App, job_id: int, message: str) -> JobRecord:
    """A pause is no failed attempt: put the job back in the queue as if it had not been counted."""
    return jobs.pause_job(app.store, job_id, message)


def set_process(app: App, job_id: int, pid: int, started: str) -> JobRecord:
    """Write down which process works on the job."""
    return jobs.set_process(app.store, job_id, pid, started)


def set_process_ended(app: App, job_id: int) -> None:
    """Write down that its process has ended."""
    jobs.clear_process(app.store, job_id)


class ProgressTail:
    """Brings new whole lines of a job's progress file into the store, each once however often it is begun anew."""

    def __init__(self, app: App, job_id: int) -> None:
        self._app, self._job_id = app, job_id
        self._path = get_run_dir(app, job_id) / PROGRESS_FILE
        self._offset = self._line = 0

    def follow(self) -> None:
        """Read what was added since the last call; a line that is not ended yet waits for the next."""
        if not self._path.is_file():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            added = stream.read()
        whole = added[: added.rfind(b"\n") + 1]
        if not whole:
            return
        lines = [describe_line(line) for line in whole.decode("utf-8", errors="replace").split("\n")[:-1]]
        jobs.add_progress(self._app.store, self._job_id, self._line, lines, datetime.now(UTC))
        self._offset += len(whole)
        self._line += len(lines)


def follow_progress(app: App, job_id: int) -> None:
    """Bring all of a job's progress file into the store."""
    ProgressTail(app, job_id).follow()


def find_heartbeat(app: App, job_id: int) -> datetime | None:
    """When the training process last gave a sign of life."""
    path = get_run_dir(app, job_id) / BEAT_FILE
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else None


def note_heartbeat(app: App, job_id: int, beat: datetime) -> None:
    """Show the sign of life in the job's row."""
    jobs.set_heartbeat(app.store, job_id, beat)


def find_process_outcome(app: App, job_id: int) -> ProcessOutcome | None:
    """What the process wrote when it ended; None where it is running or was killed."""
    path = get_run_dir(app, job_id) / OUTCOME_FILE
    if not path.is_file():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return ProcessOutcome(data["state"], data["message"])


def clear_process_outcome(app: App, job_id: int) -> None:
    """Forget how the last process ended, before the next begins."""
    (get_run_dir(app, job_id) / OUTCOME_FILE).unlink(missing_ok=True)


def close_cancelled(app: App, job: JobRecord) -> None:
    """Close a job that a person cancelled."""
    _close(app, job, Outcome("cancelled", f"cancelled by {job.cancelled_by or 'somebody'}"))


def close_overtaken(app: App, job: JobRecord, message: str) -> None:
    """Close a job whose beginning a person took away by putting another model in use."""
    _close(app, job, Outcome("cancelled", message))


def close_failed(app: App, job: JobRecord, message: str) -> None:
    """Close a job that cannot succeed, with the sentence that says why."""
    _close(app, job, Outcome("failed", message, reasons=(message,)))


def close_lost(app: App, job: JobRecord) -> None:
    """Close a job whose process was killed too often."""
    tail = read_log_tail(get_run_dir(app, job.id))
    message = (
        f"The training process died {job.attempt} times without saying why (killed, or out of memory). "
        f"Free some memory or choose a smaller recipe, then retrain.{tail}"
    )
    _close(app, job, Outcome("lost", message, reasons=(message,)))


def read_log_tail(run_dir: Path) -> str:
    """The last line of the run's log as a clause, empty where there is none."""
    path = run_dir / LOG_FILE
    if not path.is_file():
        return ""
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return f" Last line of its log: {lines[-1][:300]}" if lines else ""


def describe_line(line: str) -> dict[str, Any]:
    """A line of the progress file with what people read: phase, message, expected steps."""
    try:
        data = json.loads(line)
    except ValueError:
        return {"event": "note"}
    if not isinstance(data, dict):
        return {"event": "note"}
    data["step"] = int(data.get("step") or 0)
    done = float(data.get("progress") or 0.0)
    if not data.get("total_steps"):
        data["total_steps"] = round(data["step"] / done) if done > 0 else 0
    if data.get("event") in ("start", "step", "evaluation", "end"):
        data["phase"] = "training"
        data["message"] = _describe_training(data)
    if data.get("event") == "phase":
        # A phase has no step of its own: it must not set the row's numbers back.
        data = {key: value for key, value in data.items() if key not in ("step", "total_steps")}
    return data


def _describe_training(data: dict[str, Any]) -> str:
    parts = [f"step {data['step']}" + (f" of about {data['total_steps']}" if data["total_steps"] else "")]
    if data.get("loss") is not None:
        parts.append(f"loss {data['loss']:.3f}")
    if data.get("word_accuracy_exact") is not None:
        parts.append(f"word accuracy {100 * data['word_accuracy_exact']:.1f} %")
    return ", ".join(parts)


def _close(app: App, job: JobRecord, outcome: Outcome) -> None:
    follow_progress(app, job.id)
    jobs.finish_job(app.store, job.id, outcome, datetime.now(UTC))
    logger.info("job %d %s: %s", job.id, outcome.state, outcome.message)
