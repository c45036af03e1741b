"""A server on this machine that speaks the Hub's routes, enough for the real client library to publish and fetch.

Routes as observed with huggingface_hub 2.4 (PLATFORM section 4.7). `failures` makes the next answers fail.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Commit:
    """A commit: its hash, its message and every file."""

    sha: str
    message: str
    files: dict[str, bytes]


@dataclass
class Repository:
    """A model repository with one branch."""

    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def find(self, revision: str) -> Commit | None:
        """The commit of a branch, tag or hash."""
        wanted = self.tags.get(revision, revision)
        if wanted == "main":
            return self.commits[-1]
        return next((commit for commit in self.commits if commit.sha.startswith(wanted)), None)

    def add(self, message: str, changed: dict[str, bytes]) -> Commit:
        """Put a commit on top of the newest."""
        files = dict(self.commits[-1].files if self.commits else {}) | changed
        seed = f"{len(self.commits)} {message} {sorted(files)}"
        commit = Commit(hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest(), message, files)
        self.commits.append(commit)
        return commit


class HubState:
    """What the server holds.

    Attributes:
        failures: part of a path and the status that the next request for it gets instead of an answer.
        is_closed: open connections are not answered any more.
        requests: method and path of every request, in order.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.large_files: dict[str, bytes] = {}
        self.failures: dict[str, int] = {}
        self.is_closed = False
        self.requests: list[str] = []
        self.endpoint = ""


class HubHandler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    state: HubState

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.state.requests.append(f"{self.command} {path}")
        if self.state.is_closed:
            self.close_connection = True
            return
        for part in [part for part in self.state.failures if part in path]:
            self._answer(self.state.failures.pop(part), {"error": "injected"})
            return
        for method, pattern, name in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in method:
                getattr(self, name)(body, **match.groupdict())
                return
        self._answer(404, {"error": f"no route {self.command} {path}"})

    def create(self, body: bytes) -> None:
        data = json.loads(body)
        name = f"{data['organization']}/{data['name']}" if data.get("organization") else data["name"]
        if name in self.state.repositories:
            self._answer(409, {"error": "exists", "url": f"{self.state.endpoint}/{name}"})
            return
        repository = self.state.repositories.setdefault(name, Repository())
        repository.add("initial commit", {".gitattributes": b""})
        self._answer(200, {"url": f"{self.state.endpoint}/{name}", "name": name, "id": name})

    def check_card(self, body: bytes) -> None:
        self._answer(200, {"errors": [], "warnings": []})

    def classify(self, body: bytes, repo: str, revision: str) -> None:
        files = json.loads(body)["files"]
        modes = [
            {
                "path": f["path"],
                "uploadMode": "lfs" if f["path"].endswith(".safetensors") else "regular",
                "shouldIgnore": False,
            }
            for f in files
        ]
        self._answer(200, {"files": modes})

    def batch(self, body: bytes, repo: str) -> None:
        objects = json.loads(body)["objects"]
        self._answer(
            200,
            {
                "transfer": "basic",
                "objects": [
                    {
                        "oid": o["oid"],
                        "size": o["size"],
                        "actions": {"upload": {"href": f"{self.state.endpoint}/large/{o['oid']}", "header": {}}},
                    }
                    for o in objects
                ],
            },
        )

    def store_large(self, body: bytes, digest: str) -> None:
        self.state.large_files[digest] = body
        self._answer(200, {})

    def commit(self, body: bytes, repo: str, revision: str) -> None:
        repository = self._repository(repo)
        if repository is None:
            return
        header: dict[str, Any] = {}
        changed: dict[str, bytes] = {}
        for line in body.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "header":
                header = value
            elif entry["key"] == "file":
                changed[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                changed[value["path"]] = self.state.large_files[value["oid"]]
        if header.get("parentCommit") not in (None, repository.commits[-1].sha):
            self._answer(412, {"error": "a commit has happened since. Please refresh and try again."})
            return
        made = repository.add(header["summary"], changed)
        self._answer(
            200,
            {"success": True, "commitOid": made.sha, "commitUrl": f"{self.state.endpoint}/{repo}/commit/{made.sha}"},
        )

    def info(self, body: bytes, repo: str, revision: str = "main") -> None:
        found = self._commit(repo, revision)
        if found is not None:
            names = [{"rfilename": name} for name in found.files]
            self._answer(200, {"id": repo, "modelId": repo, "sha": found.sha, "siblings": names, "private": False})

    def tree(self, body: bytes, repo: str, revision: str) -> None:
        found = self._commit(repo, revision)
        if found is not None:
            self._answer(
                200,
                [
                    {"type": "file", "path": name, "size": len(data), "oid": _git_hash(data)}
                    for name, data in found.files.items()
                ],
            )

    def resolve(self, body: bytes, repo: str, revision: str, path: str) -> None:
        found = self._commit(repo, revision)
        if found is None:
            return
        if path not in found.files:
            self._answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        data = found.files[path]
        digest = hashlib.sha256(data).hexdigest()
        self._answer(
            200,
            data,
            {
                "X-Repo-Commit": found.sha,
                "ETag": f'"{digest}"',
                "X-Linked-ETag": f'"{digest}"',
                "X-Linked-Size": str(len(data)),
            },
        )

    def _repository(self, repo: str) -> Repository | None:
        found = self.state.repositories.get(repo)
        if found is None:
            self._answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        return found

    def _commit(self, repo: str, revision: str) -> Commit | None:
        repository = self._repository(repo)
        if repository is None:
            return None
        found = repository.find(revision)
        if found is None:
            self._answer(404, {"error": "Revision not found"}, {"X-Error-Code": "RevisionNotFound"})
        return found

    def _answer(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header(
            "Content-Type", "application/octet-stream" if isinstance(content, bytes) else "application/json"
        )
        self.send_header("Content-Length", str(len(data)))
        if isinstance(content, dict) and "error" in content:
            self.send_header("X-Error-Message", str(content["error"]))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


REPO = r"(?P<repo>[^/]+/[^/]+)"
ROUTES = (
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "check_card"),
    ("POST", rf"/api/models/{REPO}/preupload/(?P<revision>[^/]+)", "classify"),
    ("POST", rf"/{REPO}\.git/info/lfs/objects/batch", "batch"),
    ("PUT", r"/large/(?P<digest>[0-9a-f]+)", "store_large"),
    ("POST", rf"/api/models/{REPO}/commit/(?P<revision>[^/]+)", "commit"),
    ("GET", rf"/api/models/{REPO}/revision/(?P<revision>[^/]+)", "info"),
    ("GET", rf"/api/models/{REPO}/tree/(?P<revision>[^/]+)", "tree"),
    ("GET", rf"/api/models/{REPO}", "info"),
    ("GET HEAD", rf"/{REPO}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "resolve"),
)


@contextmanager
def run_hub_server() -> Iterator[HubState]:
    """Serve until the end of the block; the state says where and what happened."""
    state = HubState()
    handler = type("BoundHandler", (HubHandler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.is_closed = True
        server.shutdown()
        server.server_close()
        thread.join()


def _git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
