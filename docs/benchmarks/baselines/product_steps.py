"""The product's command line, called step by step; what a step printed is kept, so that a run can be taken up again."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Told = dict[str, Any]
Call = Callable[[Path, Sequence[str]], tuple[str, int]]


def call_product(world: Path, words: Sequence[str]) -> tuple[str, int]:
    """Run a command of the product in a process of its own; what it tells besides goes to the terminal."""
    environment = os.environ | {"TEXTREC_DATA_DIR": str(world)}
    command = [sys.executable, "-m", "textrec_app", *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout, done.returncode


@dataclass(frozen=True)
class Steps:
    """A folder of worlds (data directories of the product) and of what was found in them.

    Attributes:
        call: runs a command line of the product on a data directory; gives its standard output and exit code.
    """

    out: Path
    call: Call = call_product

    def do(self, name: str, work: Callable[[], Told]) -> Told:
        """What the step found: kept from an earlier run, or worked out now and kept."""
        path = self.out / "results" / f"{name}.json"
        if not path.is_file():
            began = time.time()
            told = work()
            told.setdefault("seconds", round(time.time() - began, 1))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return self.find(name) or {}

    def find(self, name: str) -> Told | None:
        """What the step found in an earlier run, if it was done."""
        path = self.out / "results" / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def world(self, name: str) -> Path:
        """The data directory of this name."""
        return self.out / "worlds" / name

    def copy_world(self, source: str, name: str) -> None:
        """Make a world as another one is now, unless it is there."""
        target = self.world(name)
        if target.exists():
            return
        unfinished = target.with_name(f"{name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(self.world(source), unfinished)
        unfinished.rename(target)

    def run(self, world: str, *words: str) -> Told:
        """Run a command of the product in a world: its last line of JSON, with its exit code as `exit_code`.

        Raises:
            SystemExit: it printed no JSON.
        """
        stdout, code = self.call(self.world(world), words)
        lines = [line for line in stdout.splitlines() if line.startswith("{")]
        if not lines:
            raise SystemExit(f"`textrec_app {' '.join(words)}` ended with {code} and printed no JSON")
        return json.loads(lines[-1]) | {"exit_code": code}
