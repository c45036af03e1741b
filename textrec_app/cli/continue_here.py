"""`continue.py` of a pack: look whether everything is there, then train the recognizer further.

It is copied beside a pack's `program/`; of other packages it needs none before it has looked for them.
"""

import argparse
import importlib.metadata
import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LEAST_PYTHON = (3, 11)
TELL_EVERY_S = 15.0
WRONG_USE, FAILED = 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 done, 2 wrong use or something missing, 3 it went wrong."""
    options = _read_arguments(arguments)
    missing = list_missing((HERE / "requirements.txt").read_text(encoding="utf-8").split("\n"))
    if missing:
        print("\n".join(missing), file=sys.stderr)
        print(f"Install: {sys.executable} -m pip install -r {HERE / 'requirements.txt'}", file=sys.stderr)
        return WRONG_USE
    if options.check:
        print("Everything that training needs is installed.")
        return 0
    sys.path.insert(0, str(HERE / "program"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE / "program"), os.environ.get("PYTHONPATH")]))
    return _train(options)


def list_missing(requirements: list[str]) -> list[str]:
    """A sentence for each requirement, `name>=version`, that is not met here; other bounds are not looked at."""
    problems = []
    if sys.version_info < LEAST_PYTHON:
        problems.append(f"Python is {sys.version.split()[0]}, but must be {'.'.join(map(str, LEAST_PYTHON))} or newer.")
    for line in filter(None, (line.strip() for line in requirements)):
        name = re.split(r"[<>=~!\[ ]", line)[0]
        least = re.search(r">=\s*([0-9.]+)", line)
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"{name} is not installed ({line}).")
            continue
        if least and _numbers(found) < _numbers(least[1]):
            problems.append(f"{name} is {found}, but must be {least[1]} or newer.")
    return problems


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3]]


def _read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="continue.py", description="Train the packed recognizer further.")
    parser.add_argument("--minutes", type=float, required=True, help="length of this sitting; measuring comes on top")
    parser.add_argument("--out", type=Path, default=HERE / "out", help="checkpoint, state in parts, summary")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="the run itself, rendered words")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--workers", type=int, help="processes that make batches; 0 is a thread")
    parser.add_argument("--renderers", type=int, help="processes that draw words")
    parser.add_argument("--batch", type=int, help="samples a step")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--schedule-minutes", type=float, help="minutes of a new cosine; else it ends with the sitting")
    parser.add_argument("--check", action="store_true", help="only look whether everything is installed")
    return parser.parse_args(arguments)


def _train(options: argparse.Namespace) -> int:
    from textrec_app.errors import USER_ERRORS
    from textrec_app.services.continuing import ContinueOrder, continue_training

    order = ContinueOrder(
        pack=HERE,
        minutes=options.minutes,
        out=options.out.resolve(),
        work=options.work.resolve(),
        device=options.device,
        workers=options.workers,
        renderers=options.renderers,
        batch=options.batch,
        learning_rate=options.rate,
        schedule_minutes=options.schedule_minutes,
    )
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda which, frame: asked.append(which))
    try:
        summary = continue_training(order, _Teller().tell, lambda: "stopped" if asked else None)
    except USER_ERRORS as error:
        print(error, file=sys.stderr)
        return FAILED
    print(json.dumps(summary, indent=1))
    return 0


class _Teller:
    """Prints what happens, steps not more often than a reader wants."""

    def __init__(self) -> None:
        self.told = 0.0

    def tell(self, line: dict[str, Any]) -> None:
        """Print a line of progress."""
        now = time.monotonic()
        if line["event"] == "step" and now - self.told < TELL_EVERY_S:
            return
        self.told = now
        facts = {key: round(value, 5) if isinstance(value, float) else value for key, value in line.items()}
        print(time.strftime("%H:%M:%S"), {key: facts[key] for key in facts if key != "time_s"}, flush=True)


if __name__ == "__main__":
    sys.exit(main())
