"""Starting a training process in its own group, finding it again after a restart, and ending it."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

import textrec_app
from textrec_app.training.manifest import LOG_FILE

logger = logging.getLogger(__name__)

PROJECT_DIR = Path(textrec_app.__file__).resolve().parents[1]
SAME_START_S = 2.0


@dataclass
class TrainingProcess:
    """A training process: one that this program started, or one found again by number and start time.

    Attributes:
        started: seconds since the epoch at which it began, as text; a later process with the same number began later.
    """

    pid: int
    started: str
    _popen: "subprocess.Popen[bytes] | None" = None

    def is_alive(self) -> bool:
        """Whether it is still running; a dead one that nobody has waited for is not."""
        if self._popen is not None:
            return self._popen.poll() is None
        return _find(self.pid, self.started) is not None

    def ask_to_pause(self) -> None:
        """Ask it to save its state and end."""
        if self.is_alive():
            _signal_group(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and whatever it started. It runs no instruction more, but a busy machine takes a while to clear it."""
        if self.is_alive():
            _signal_group(self.pid, signal.SIGKILL)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False if it goes on after the time."""
        if self._popen is not None:
            try:
                self._popen.wait(timeout_s)
            except subprocess.TimeoutExpired:
                return False
            return True
        process = _find(self.pid, self.started)
        if process is None:
            return True
        try:
            process.wait(timeout_s)
        except psutil.TimeoutExpired:
            return False
        return True


def launch(run_dir: Path) -> TrainingProcess:
    """Start the process of a run in a session of its own; what it prints goes to the run's log."""
    with (run_dir / LOG_FILE).open("ab") as log:
        popen = subprocess.Popen(
            [sys.executable, "-m", "textrec_app.worker.process", str(run_dir.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=PROJECT_DIR,
            start_new_session=True,
        )
    try:
        started = str(psutil.Process(popen.pid).create_time())
    except psutil.NoSuchProcess:
        started = "0"
    return TrainingProcess(popen.pid, started, popen)


def adopt(pid: int, started: str) -> TrainingProcess | None:
    """The process that an earlier run of the program started, None where it is gone."""
    return TrainingProcess(pid, started) if _find(pid, started) is not None else None


def _find(pid: int, started: str) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - float(started)) < SAME_START_S
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def _signal_group(pid: int, number: int) -> None:
    """Signal the process group; the process leads it, because it was started in a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
