"""The thread that sees retrainings through: claims the job, starts its process, watches it, closes the job."""

import logging
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from filelock import FileLock, Timeout

from textrec_app.errors import USER_ERRORS
from textrec_app.services import concluding, job_runs, series_runs, snapshots
from textrec_app.services.context import App
from textrec_app.services.job_runs import JobRecord
from textrec_app.training.manifest import CANCEL_FILE
from textrec_app.worker.launching import TrainingProcess, adopt, launch

logger = logging.getLogger(__name__)

POLL_S = 0.25
CANCEL_GRACE_S = 0.5
PAUSE_GRACE_S = 10.0
GIVES_UP_S = 5.0
STALLED = timedelta(minutes=15)
LOCK_FILE = "supervisor.lock"
MAX_ERRORS = 20
REST_S = 2.0
# A mistake in one job must not end the thread that all later jobs depend on.
GOES_ON = (
    *job_runs.STORE_ERRORS,
    *USER_ERRORS,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass
class _Watched:
    """The process of the job in hand, and since when its cancellation is known."""

    job_id: int
    process: TrainingProcess
    tail: job_runs.ProgressTail
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    cancel_seen_s: float | None = None


class Supervisor:
    """Sees one job at a time through; at most one supervisor works on a data directory, the others wait for it to end.

    `run_once` is one look at the queue; `start` repeats it in a thread until `stop`.
    """

    def __init__(self, app: App, poll_s: float = POLL_S, rest_s: float = REST_S, max_errors: int = MAX_ERRORS) -> None:
        """Watch the queue every `poll_s`; rest after an error, and give up on a job after so many in a row."""
        self._app = app
        self._poll_s, self._rest_s, self._max_errors = poll_s, rest_s, max_errors
        self._owner = socket.gethostname()
        app.settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(app.settings.data_dir / LOCK_FILE, timeout=0, thread_local=False)
        self._watched: _Watched | None = None
        self._concluding: JobRecord | None = None
        self._advancing = False
        self._n_errors = 0
        self._caught_up_with = ""
        self._killed: list[TrainingProcess] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in a thread; a second call changes nothing."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._start_thread()

    def stop(self) -> None:
        """End the thread; a training in hand saves its state and goes on with the next supervisor."""
        self._stopping.set()
        while self._thread is not None and self._thread.is_alive():
            self._thread.join()
        self._thread = None
        if self._watched is not None:
            self._pause(self._watched)
        for process in self._killed:
            process.wait(PAUSE_GRACE_S)
        self._lock.release()

    def run_once(self, now: datetime) -> bool:
        """Look at the queue once and do what is next: for the job in hand, else for the series between two rounds.

        Returns:
            Whether there is a job in hand.
        """
        self._killed = [process for process in self._killed if process.is_alive()]
        if not self._has_lock():
            return False
        job = job_runs.claim(self._app, self._owner, now)
        if job is None:
            self._watched = None
            return self._advance()
        if self._watched is None or self._watched.job_id != job.id:
            self._watched = self._find_process(job)
        if self._watched is None:
            self._go_on(job)
        else:
            self._look_after(job, self._watched, now)
        return True

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._work, name="textrec-supervisor", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        """Look again and again; if an error that nobody foresaw ends the thread, another takes its place."""
        try:
            while not self._stopping.wait(self._poll_s):
                self._look()
        finally:
            if not self._stopping.wait(self._rest_s):
                logger.error("the worker ended by an error that it does not know and begins again")
                self._start_thread()

    def _look(self) -> None:
        try:
            if not self.run_once(datetime.now(UTC)) and self._lock.is_locked:
                self._catch_up()
            self._n_errors = 0
        except GOES_ON as error:
            logger.exception("the worker met an error and tries again")
            self._n_errors += 1
            if self._n_errors >= self._max_errors:
                self._give_up(error)
            self._stopping.wait(self._rest_s)

    def _give_up(self, error: BaseException) -> None:
        """Close the job or series whose end cannot be put on record, so that the next one gets its turn."""
        job, self._concluding, self._n_errors = self._concluding, None, 0
        if self._advancing:
            self._advancing = False
            series_runs.give_up(self._app, error)
        if job is not None:
            reason = f"its result could not be judged ({error}); `jobs show` has the log, then retrain"
            job_runs.close_failed(self._app, job, reason)

    def _has_lock(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire()
        except Timeout:
            return False
        return True

    def _catch_up(self) -> None:
        """After a switch of models, or a kill in the midst of one, read again what waits."""
        try:
            in_use = self._app.models.get_active().checkpoint.sha256
            if in_use != self._caught_up_with:
                concluding.catch_up(self._app)
                self._caught_up_with = in_use
        except USER_ERRORS as error:
            logger.warning("what waits for review keeps its old readings: %s", error)
            self._stopping.wait(GIVES_UP_S)

    def _find_process(self, job: JobRecord) -> _Watched | None:
        """The process that an earlier supervisor started for this job, if it still runs."""
        if job.pid is None or job.pid_started is None:
            return None
        process = adopt(job.pid, job.pid_started)
        if process is None:
            return None
        logger.info("job %d: found its process %d again", job.id, job.pid)
        return self._watch(job.id, process)

    def _watch(self, job_id: int, process: TrainingProcess) -> _Watched:
        return _Watched(job_id, process, job_runs.ProgressTail(self._app, job_id))

    def _go_on(self, job: JobRecord) -> None:
        """Nobody works on the job: close it, or start the next attempt."""
        outcome = job_runs.find_process_outcome(self._app, job.id)
        if job.state == "cancelling":
            job_runs.close_cancelled(self._app, job)
        elif outcome is not None and outcome.state != "paused":
            self._close(job, outcome)
        elif job.attempt >= job_runs.MAX_ATTEMPTS:
            job_runs.close_lost(self._app, job)
        else:
            self._launch(job)
        self._advance()

    def _advance(self) -> bool:
        """Go on with the series whose round is over; whether another round is queued."""
        self._advancing = True
        is_queued = series_runs.advance(self._app)
        self._advancing = False
        return is_queued

    def _launch(self, job: JobRecord) -> None:
        try:
            if series_runs.close_if_overtaken(self._app, job):
                return
            run_dir = snapshots.freeze(self._app, job)
            series_runs.note_stock(self._app, job, "before")
        except USER_ERRORS as error:
            job_runs.close_failed(self._app, job, str(error))
            return
        job_runs.clear_process_outcome(self._app, job.id)
        attempt = job_runs.begin_attempt(self._app, job.id).attempt
        process = launch(run_dir)
        job_runs.set_process(self._app, job.id, process.pid, process.started)
        self._watched = self._watch(job.id, process)
        logger.info("job %d: attempt %d runs as process %d", job.id, attempt, process.pid)

    def _look_after(self, job: JobRecord, watched: _Watched, now: datetime) -> None:
        watched.tail.follow()
        alive = watched.process.is_alive()
        if job.state == "cancelling":
            self._cancel(job, watched, alive)
            return
        if not alive:
            self._watched = None
            watched.tail.follow()
            job_runs.set_process_ended(self._app, job.id)
            return
        beat = max(filter(None, (job_runs.find_heartbeat(self._app, job.id), watched.began)))
        if now - beat > STALLED:
            logger.error("job %d: no sign of life since %s, its process is ended", job.id, beat)
            watched.process.kill()
        elif job.heartbeat_utc is None or beat - job.heartbeat_utc > timedelta(seconds=1):
            job_runs.note_heartbeat(self._app, job.id, beat)

    def _cancel(self, job: JobRecord, watched: _Watched, alive: bool) -> None:
        """Let the process end by itself for a moment, then kill it."""
        (snapshots.get_run_dir(self._app, job.id) / CANCEL_FILE).touch()
        if watched.cancel_seen_s is None:
            watched.cancel_seen_s = time.monotonic()
        over = time.monotonic() - watched.cancel_seen_s > CANCEL_GRACE_S
        if alive and not over and job_runs.find_process_outcome(self._app, job.id) is None:
            return
        self._kill(watched.process)
        self._watched = None
        job_runs.close_cancelled(self._app, job)

    def _kill(self, process: TrainingProcess) -> None:
        """End a process without waiting until the machine has cleared it away."""
        process.kill()
        self._killed.append(process)

    def _close(self, job: JobRecord, outcome: job_runs.ProcessOutcome) -> None:
        if outcome.state == "finished":
            self._concluding = job
            concluding.conclude(self._app, job)
            self._concluding = None
        else:
            job_runs.close_failed(self._app, job, outcome.message or f"the training process ended: {outcome.state}")

    def _pause(self, watched: _Watched) -> None:
        watched.process.ask_to_pause()
        if not watched.process.wait(PAUSE_GRACE_S):
            watched.process.kill()
            watched.process.wait(PAUSE_GRACE_S)
        self._watched = None
        job_runs.take_back_attempt(self._app, watched.job_id, "paused; it goes on when TextRec runs again")
