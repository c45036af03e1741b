"""Files named by their bytes."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import MissingRowError, StoreError
from storage.files import FileStore


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000))
def test_any_bytes_come_back_under_their_hash(tmp_path: Path, data: bytes) -> None:
    files = FileStore(tmp_path)
    sha256 = files.add(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert files.read(sha256) == data


def test_the_same_bytes_are_kept_once_and_nothing_else_is_left(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    assert files.add(b"abc") == files.add(b"abc")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{files.add(b'abc')}.bin"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "/.."])
def test_only_hashes_lead_to_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError):
        FileStore(tmp_path).read(name)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingRowError, match="backup"):
        FileStore(tmp_path).read("0" * 64)
