"""Connections, transactions and moments of the store."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.exc import OperationalError

from storage.base import Store, UtcDateTime, create_store, is_local_disk
from storage.errors import StoreError
from tests.support.rows import make_selection, open_store


def test_connections_have_the_pragmas_that_keep_data_safe(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.session() as session:
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10_000, "synchronous": 1}


def test_a_writing_session_holds_the_write_lock_from_its_beginning(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    other = sqlite3.connect(tmp_path / "textrec.db", timeout=0.01)
    with store.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_reading_goes_on_while_another_writes(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_selection(store)
    with store.write(), store.session() as session:
        assert session.execute(text("SELECT count(*) FROM selections")).scalar_one() == 1


def test_an_error_inside_a_writing_session_takes_everything_back(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_selection(store)
    with pytest.raises(OperationalError):
        _delete_then_fail(store)
    with store.session() as session:
        assert session.execute(text("SELECT count(*) FROM selections")).scalar_one() == 1


def test_a_reading_session_keeps_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_selection(store)
    with store.session() as session:
        session.execute(text("DELETE FROM selections"))
    with store.session() as session:
        assert session.execute(text("SELECT count(*) FROM selections")).scalar_one() == 1


def test_moments_come_back_in_utc_and_naive_ones_are_refused() -> None:
    kind, dialect = UtcDateTime(), SQLiteDialect()
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert kind.process_result_value(moment.replace(tzinfo=None), dialect) == moment
    with pytest.raises(StoreError, match="time zone"):
        kind.process_bind_param(moment.replace(tzinfo=None), dialect)


def test_a_store_without_a_file_is_refused() -> None:
    with pytest.raises(StoreError, match="SQLite file"):
        create_store("sqlite://")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("overlay / overlay rw 0 0", True),
        ("/dev/sda1 /mnt ext4 rw 0 0", True),
        ("server:/home /mnt nfs4 rw 0 0", False),
        ("hf-mount /mnt fuse.hf rw 0 0", False),
        ("share /mnt/my\\040data cifs rw 0 0", False),
    ],
)
def test_network_disks_are_told_from_local_ones(tmp_path: Path, line: str, expected: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"proc /proc proc rw 0 0\ndevtmpfs / devtmpfs rw 0 0\n{line}\n", encoding="utf-8")
    assert is_local_disk(Path("/mnt/my data/textrec"), mounts) is expected


def test_where_mounts_are_unknown_the_disk_is_taken_for_local(tmp_path: Path) -> None:
    assert is_local_disk(tmp_path, tmp_path / "missing")


def _delete_then_fail(store: Store) -> None:
    with store.write() as session:
        session.execute(text("DELETE FROM selections"))
        session.execute(text("SELECT * FROM no_such_table"))
