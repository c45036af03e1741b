"""Bring a store to the newest schema, after a backup."""

import contextlib
import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from storage.base import IMMEDIATE_OPTION, build_engine, find_sqlite_path
from storage.errors import StoreError

logger = logging.getLogger(__name__)

MIGRATIONS_DIR = Path(__file__).parent / "migrations"
KEPT_BACKUPS = 5


def upgrade(database_url: str, revision: str = "head") -> Path | None:
    """Run the migrations that a store still lacks, all in one transaction.

    Two processes that start together are safe: the second waits, then finds nothing to do.

    Args:
        database_url: SQLAlchemy URL.
        revision: where to stop; `head` is the newest.

    Returns:
        The backup that was taken first; None for a new or current store, or a database that is not SQLite.

    Raises:
        StoreError: the store is newer than this program, or a migration broke a foreign key.
    """
    engine = build_engine(database_url, foreign_keys=False)
    try:
        return _upgrade(engine, revision)
    finally:
        engine.dispose()


def get_head_revision() -> str:
    """The revision that this program needs."""
    head = ScriptDirectory(str(MIGRATIONS_DIR)).get_current_head()
    if head is None:
        raise StoreError(f"no migrations in {MIGRATIONS_DIR}; the installation is damaged")
    return head


def find_current_revision(engine: Engine) -> str | None:
    """The revision of an existing store, None for an empty database."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def backup_sqlite(database: Path, target: Path) -> Path:
    """Copy a live SQLite database by its backup interface (a plain copy of a WAL database loses commits)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(database)) as source, contextlib.closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def _upgrade(engine: Engine, revision: str) -> Path | None:
    wanted = get_head_revision() if revision == "head" else revision
    current = find_current_revision(engine)
    if current == wanted:
        return None
    _check_known(current)
    backup = _backup_before(engine, current)
    with engine.execution_options(**{IMMEDIATE_OPTION: True}).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        _check_foreign_keys(connection)
    logger.info("store upgraded from %s to %s", current, wanted)
    return backup


def _check_known(current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS_DIR)).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"the store is at schema {current}, which this version of TextRec does not know;"
            " update TextRec, or open a backup"
        )


def _backup_before(engine: Engine, current: str | None) -> Path | None:
    database = find_sqlite_path(engine)
    if database is None or current is None:
        return None
    folder = database.parent / "backups"
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    backup = backup_sqlite(database, folder / f"{database.stem}-{moment}-schema{current}.db")
    for old in sorted(folder.glob(f"{database.stem}-*-schema*.db"))[:-KEPT_BACKUPS]:
        old.unlink()
    return backup


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StoreError(f"the migration left {len(broken)} rows without their parent row; nothing was changed")
