"""Files named by the SHA-256 of their bytes: written once, never changed."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from storage.errors import MissingRowError, StoreError

_SHA256 = re.compile(r"[0-9a-f]{64}")


def compute_sha256(data: bytes) -> str:
    """The lower-case hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


class FileStore:
    """A folder of files by content: the same bytes are kept once, under `ab/abcd….bin`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def add(self, data: bytes) -> str:
        """Keep some bytes and return their SHA-256.

        The file appears whole or not at all, so a process killed in between leaves no half file behind.
        """
        sha256 = compute_sha256(data)
        target = self.get_path(sha256)
        if target.is_file():
            return sha256
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return sha256

    def get_path(self, sha256: str) -> Path:
        """Where the bytes of this hash lie, or would lie.

        Raises:
            StoreError: `sha256` is not 64 hexadecimal digits (a path must not come from outside).
        """
        if not _SHA256.fullmatch(sha256):
            raise StoreError(f"{sha256!r} is not a SHA-256")
        return self.directory / sha256[:2] / f"{sha256}.bin"

    def read(self, sha256: str) -> bytes:
        """The bytes of this hash.

        Raises:
            MissingRowError: they are not in the store, or not these any more.
        """
        path = self.get_path(sha256)
        if not path.is_file():
            raise MissingRowError(
                f"the picture file {sha256} is missing from {self.directory}; restore it from a backup"
            )
        data = path.read_bytes()
        if compute_sha256(data) != sha256:
            raise MissingRowError(f"the picture file {sha256} is damaged; restore it from a backup")
        return data
