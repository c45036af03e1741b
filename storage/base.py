"""The engine under every table: connections, pragmas, read and write sessions."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from storage.errors import StoreError
from storage.files import FileStore

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 10_000
IMMEDIATE_OPTION = "textrec_immediate"
"""Execution option of an engine whose SQLite transactions take the write lock when they begin."""

REMOTE_FILESYSTEMS = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.", "virtiofs")


class Base(DeclarativeBase):
    """Parent of every table, with constraint names that migrations can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python on every database, although SQLite keeps it without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments, which would be read back as another time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise StoreError(f"the moment {value} has no time zone; pass an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Name the zone again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Store:
    """An opened store: sessions on the database and the files beside it.

    Every storage function takes a `Store` first and makes one transaction of its own.
    """

    def __init__(self, engine: Engine, files: FileStore) -> None:
        self.engine = engine
        self.files = files
        self._write_engine = engine.execution_options(**{IMMEDIATE_OPTION: True})

    @property
    def database_path(self) -> Path | None:
        """The SQLite file, None for another database."""
        return find_sqlite_path(self.engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session for reading; what it changes is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session for writing: committed at the end, rolled back on any error.

        On SQLite the write lock is taken at once, so what the session reads cannot become stale before it writes.
        """
        with Session(self._write_engine, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def create_store(database_url: str, files_dir: Path | None = None) -> Store:
    """Connect to a database without creating or changing tables (see `storage.migrate.upgrade`).

    Args:
        database_url: SQLAlchemy URL, SQLite (a file) or PostgreSQL.
        files_dir: folder for picture files; by default `pictures` beside the SQLite file.

    Raises:
        StoreError: SQLite without a file, or no folder for the files of another database.
    """
    engine = build_engine(database_url)
    if files_dir is None:
        path = find_sqlite_path(engine)
        if path is None:
            raise StoreError("a store that is not SQLite needs files_dir, the folder for its pictures")
        files_dir = path.parent / "pictures"
    return Store(engine, FileStore(files_dir))


def build_engine(database_url: str, foreign_keys: bool = True) -> Engine:
    """Build an engine whose SQLite connections have the pragmas and transactions that the store relies on.

    Args:
        database_url: SQLAlchemy URL.
        foreign_keys: whether SQLite enforces them; a migration that rebuilds tables must not.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if not url.database or url.database == ":memory:":
        raise StoreError("the store needs an SQLite file: sqlite:////folder/textrec.db")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    journal_mode = "WAL" if is_local_disk(path.parent) else "DELETE"

    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        _set_pragmas(connection, journal_mode, foreign_keys)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin)
    return engine


def find_sqlite_path(engine: Engine) -> Path | None:
    """The database file of an SQLite engine, None for another database."""
    if engine.url.get_backend_name() != "sqlite" or not engine.url.database:
        return None
    return Path(engine.url.database)


def is_local_disk(directory: Path, mounts_file: Path = Path("/proc/mounts")) -> bool:
    """Whether a folder lies on a disk of this machine, where SQLite's WAL is safe.

    Where the mounts cannot be read (macOS, Windows) the folder is taken for local.
    """
    if not mounts_file.is_file():
        return True
    target = directory.resolve()
    best, filesystem = -1, ""
    for line in mounts_file.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        mount_point = Path(parts[1].replace("\\040", " "))
        if target.is_relative_to(mount_point) and len(mount_point.parts) >= best:
            best, filesystem = len(mount_point.parts), parts[2]
    return not filesystem.startswith(REMOTE_FILESYSTEMS)


def _set_pragmas(connection: sqlite3.Connection, journal_mode: str, foreign_keys: bool) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    actual = cursor.execute(f"PRAGMA journal_mode={journal_mode}").fetchone()[0]
    if actual.lower() != journal_mode.lower():
        logger.warning(
            "SQLite journal mode is %s, not %s: one process at a time should open this store", actual, journal_mode
        )
    cursor.execute(f"PRAGMA synchronous={'NORMAL' if actual.lower() == 'wal' else 'FULL'}")
    cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(IMMEDIATE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
