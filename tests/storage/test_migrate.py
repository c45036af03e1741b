"""Schema changes: numbered, whole, with a backup first."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import migrate
from storage.base import build_engine, create_store
from storage.errors import StoreError
from storage.tables import METADATA
from tests.support.rows import sqlite_url

REVISIONS = [
    script.revision for script in reversed(list(ScriptDirectory(str(migrate.MIGRATIONS_DIR)).walk_revisions()))
]
ONE_ITEM = """
INSERT INTO pictures VALUES (1, '{sha}', 'straße.png', 'scene', 10, 5, 5, 'ana', '2026-01-02 03:04:05.000000');
INSERT INTO selections VALUES (1, 'harvest', 'ana', '2026-01-02 03:04:05.000000', 0.99, 0.9, 'first', '1', '{sha}');
INSERT INTO items (id, picture_id, position, polygon, score, angle_deg, script, crop_sha256, crop_height, crop_width,
 perceptual_hash, status, confidence, version, reading_id, decision_id, selection_id, added_utc)
 VALUES (1, 1, 0, '[[0,0],[5,0],[5,5],[0,5]]', 1.0, 0.0, 'Latin', '{sha}', 5, 5,
 '0000000000000000', 'corrected', 0.5, 2, 1, 1, 1, '2026-01-02 03:04:05.000000');
INSERT INTO readings (id, item_id, text, confidence, log_prob, characters, checkpoint_name, checkpoint_version,
 checkpoint_sha256, selection_id, selected, made_utc)
 VALUES (1, 1, 'CAFE', 0.5, -0.7, '[]', 'first', '1', '{sha}', 1, 'waiting', '2026-01-02 03:04:05.000000');
INSERT INTO decisions (id, item_id, who, made_utc, action, from_status, from_text, to_status, to_text, reading_id,
 item_version, client_uuid, undoes_id, replaces_id, seconds)
 VALUES (1, 1, 'ana', '2026-01-02 03:04:06.000000', 'correct', 'waiting', 'CAFE', 'corrected',
 'CAFÉ', 1, 2, 'uuid-1', NULL, NULL, 2.5);
""".format(sha="a" * 64)
ONE_JOB = """
INSERT INTO jobs (id, kind, state, recipe, seed, base_checkpoint, requested_by, created_utc, attempt, step, total_steps,
 phase, message, reasons, before, after) VALUES ({id}, 'retrain', 'queued', 'adapt', 0, 'first', 'ana',
 '2026-01-02 03:04:05.000000', 0, 0, 0, 'queued', '', '[]', '{{}}', '{{}}');
"""


def test_the_migrations_build_exactly_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    migrate.upgrade(sqlite_url(tmp_path))
    with create_store(sqlite_url(tmp_path)).engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_older_store_is_brought_to_the_newest_schema_with_its_labels(tmp_path: Path, revision: str) -> None:
    url = sqlite_url(tmp_path)
    migrate.upgrade(url, revision)
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        connection.executescript(ONE_ITEM)
    backup = migrate.upgrade(url)
    assert (backup is None) is (revision == REVISIONS[-1])
    assert _read_labels(tmp_path / "textrec.db") == [("corrected", "CAFÉ")]
    with create_store(url).engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == migrate.get_head_revision()


def test_the_backup_is_the_store_as_it_was(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    migrate.upgrade(url, REVISIONS[0])
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        connection.executescript(ONE_ITEM)
    backup = migrate.upgrade(url)
    assert backup is not None
    assert backup.parent == tmp_path / "backups"
    assert _read_labels(backup) == [("corrected", "CAFÉ")]
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[0],)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_only_the_newest_backups_are_kept(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    migrate.upgrade(url, REVISIONS[0])
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in range(1, 10):
        (folder / f"textrec-2020010{day}T000000000000-schema0000.db").write_bytes(b"")
    backup = migrate.upgrade(url)
    assert backup is not None
    assert len(list(folder.iterdir())) == migrate.KEPT_BACKUPS
    assert backup.is_file()


def test_a_new_or_current_store_needs_no_backup(tmp_path: Path) -> None:
    assert migrate.upgrade(sqlite_url(tmp_path)) is None
    assert migrate.upgrade(sqlite_url(tmp_path)) is None
    assert not (tmp_path / "backups").exists()


def test_a_store_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    migrate.upgrade(sqlite_url(tmp_path))
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match="9999"):
        migrate.upgrade(sqlite_url(tmp_path))


def test_an_upgrade_that_breaks_a_foreign_key_changes_nothing(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    migrate.upgrade(url, REVISIONS[0])
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        connection.executescript(ONE_ITEM)
        connection.execute("UPDATE items SET picture_id = 77")
        connection.commit()
    with pytest.raises(StoreError, match="parent"):
        migrate.upgrade(url)
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[0],)]


def test_processes_that_open_a_new_store_together_all_succeed(tmp_path: Path) -> None:
    code = f"from storage import migrate; migrate.upgrade({sqlite_url(tmp_path)!r})"
    children = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [child.communicate(timeout=60)[1].decode() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], errors


def test_jobs_keep_their_records_and_their_rule_when_they_learn_of_series(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    migrate.upgrade(url, "0002")
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        connection.executescript(ONE_JOB.format(id=7))
        connection.execute(
            "INSERT INTO snapshots VALUES (1, 7, ?, 'a', '{}', '2026-01-02 03:04:05.000000')", ("a" * 64,)
        )
        connection.commit()
    migrate.upgrade(url)
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        assert connection.execute("SELECT id, series_id, round_number FROM jobs").fetchall() == [(7, None, None)]
        assert connection.execute("SELECT job_id FROM snapshots").fetchall() == [(7,)]
        with pytest.raises(sqlite3.IntegrityError):
            connection.executescript(ONE_JOB.format(id=8))


@pytest.mark.parametrize(("reason", "is_allowed"), [("calibration", True), ("whim", False)])
def test_a_selection_may_be_made_by_a_calibration_but_not_for_any_reason(
    tmp_path: Path, reason: str, is_allowed: bool
) -> None:
    migrate.upgrade(sqlite_url(tmp_path))
    statement = (
        f"INSERT INTO selections VALUES (1, '{reason}', 'ana', '2026-01-02 03:04:05.000000', 0.9, 0.9, 'a', '1', 'b')"
    )
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        if is_allowed:
            assert connection.execute(statement).rowcount == 1
            return
        with pytest.raises(sqlite3.IntegrityError, match="ck_selections_reason"):
            connection.execute(statement)


def test_the_newest_schema_can_be_taken_back_without_losing_labels(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    migrate.upgrade(url)
    with closing(sqlite3.connect(tmp_path / "textrec.db")) as connection:
        connection.executescript(ONE_ITEM)
    engine = build_engine(url, foreign_keys=False)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS_DIR))
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    engine.dispose()
    assert _read_labels(tmp_path / "textrec.db") == [("corrected", "CAFÉ")]
    assert migrate.upgrade(url) is not None


def _read_labels(database: Path) -> list[tuple[str, str]]:
    query = "SELECT items.status, decisions.to_text FROM items JOIN decisions ON decisions.id = items.decision_id"
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()
