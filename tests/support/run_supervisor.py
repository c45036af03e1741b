"""The application as a process of its own, for tests that kill it: `python … DATA_DIR WEIGHTS_DIR`."""

import sys
import time
from pathlib import Path

from textrec_app.services.context import open_app
from textrec_app.settings import Settings
from textrec_app.worker.supervisor import Supervisor


def main(data_dir: str, weights_dir: str) -> None:
    """Work until somebody kills this process."""
    settings = Settings(data_dir=Path(data_dir), device="cpu", cpu_threads=1, fonts_dir=Path(data_dir).parent / "fonts")
    Supervisor(open_app(settings, Path(weights_dir))).start()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
