"""The real app in a process of its own, on a free port, for tests in a browser or over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 20.0
CALL_TIMEOUT_S = 60.0


class AppServer:
    """`python app.py` on one data directory; it may be killed and started again on the same port."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.environment = environment
        self.port = find_free_port()
        self.log_path = data_dir.with_name(f"{data_dir.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "TEXTREC_DATA_DIR": str(self.data_dir),
                    "TEXTREC_PORT": str(self.port),
                    **self.environment,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the app did not start:\n{self.log_path.read_text(errors='replace')[-4000:]}")
            time.sleep(0.2)

    def kill(self) -> None:
        """SIGKILL, as when the machine runs out of memory."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it; what does not end is killed."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)

    def call(self, endpoint: str, *inputs: Any) -> tuple[int, Any]:
        """Status and JSON of one of the page's endpoints, asked as by a stranger."""
        request = urllib.request.Request(
            f"{self.url}/gradio_api/run/{endpoint}",
            data=json.dumps({"data": list(inputs)}).encode("utf-8"),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=CALL_TIMEOUT_S) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def get_json(self, path: str) -> Any:
        """A JSON document of the server."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=CALL_TIMEOUT_S) as response:
            return json.load(response)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/config", timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False


def find_free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
