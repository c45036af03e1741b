"""One training run in a process of its own: `python -m textrec_app.worker.process RUN_DIR`.

SIGTERM pauses it, a file named `cancel` in the folder cancels it; `outcome.json` says how it ended.
"""

import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType

from filelock import FileLock

from textrec_app.errors import USER_ERRORS
from textrec_app.services.training_run import Watch, carry_out
from textrec_app.training.manifest import OUTCOME_FILE, write_whole

logger = logging.getLogger(__name__)

NICENESS = 5
AUTOGROUP = Path("/proc/self/autogroup")
LOCK_FILE = "process.lock"
EXIT_CODES = {"finished": 0, "failed": 3, "cancelled": 10, "paused": 75}


def main(arguments: list[str]) -> int:
    """Run the folder that the command line names and say how it ended.

    Returns:
        The exit code: 0 finished, 2 wrong use, 3 failed, 10 cancelled, 75 paused.
    """
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m textrec_app.worker.process RUN_DIR\n")
        return 2
    run_dir = Path(arguments[0]).resolve()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.excepthook = _OutcomeHook(run_dir)
    step_back()
    watch = Watch(run_dir)

    def pause(_signal: int, _frame: FrameType | None) -> None:
        watch.pause()

    signal.signal(signal.SIGTERM, pause)
    try:
        # A program killed just after it started a process does not know of it, and its successor starts another one.
        with FileLock(run_dir / LOCK_FILE):
            state, message = carry_out(run_dir, watch), ""
    except USER_ERRORS as error:
        logger.error("the run failed: %s", error)
        state, message = "failed", str(error)
    write_outcome(run_dir, state, message)
    return EXIT_CODES.get(state, 3)


def step_back() -> None:
    """Let everything else on this machine go first.

    Where Linux groups processes by session, niceness only counts within the group, so the group is made nice too.
    """
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        AUTOGROUP.write_text(str(NICENESS), encoding="ascii")


def write_outcome(run_dir: Path, state: str, message: str) -> None:
    """Say how the run ended; without this file it was killed."""
    write_whole(run_dir / OUTCOME_FILE, json.dumps({"state": state, "message": message}, ensure_ascii=False) + "\n")


class _OutcomeHook:
    """Writes down a programming error before it ends the process, so that the job fails with its name."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir

    def __call__(self, kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        write_outcome(self.run_dir, "failed", f"Training stopped on an error in the program: {kind.__name__}: {value}")
        sys.__excepthook__(kind, value, trace)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
