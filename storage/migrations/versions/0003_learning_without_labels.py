"""Tables of learning without labels: evidence of readings, calibrations, audits, series of retrainings."""

import sqlalchemy as sa
from alembic import op

from storage.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLD_REASONS = "reason IN ('harvest', 'slider', 'rescore')"
NEW_REASONS = "reason IN ('harvest', 'slider', 'rescore', 'calibration')"
RUNNING_SQL = "state = 'running'"


def upgrade() -> None:
    """Add the tables, those that are referred to first, then the columns."""
    _create_calibrations()
    _create_audits()
    _create_series()
    op.add_column("readings", sa.Column("evidence", sa.JSON(), nullable=True))
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(sa.Column("series_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("round_number", sa.Integer(), nullable=True))
        batch.create_foreign_key(batch.f("fk_jobs_series_id_series"), "series", ["series_id"], ["id"])
        batch.create_index(batch.f("ix_jobs_series_id"), ["series_id"])
    _replace_reasons(OLD_REASONS, NEW_REASONS)


def downgrade() -> None:
    """Take it all back; choices made by a calibration count as made by the slider."""
    op.execute("UPDATE selections SET reason = 'slider' WHERE reason = 'calibration'")
    _replace_reasons(NEW_REASONS, OLD_REASONS)
    with op.batch_alter_table("jobs") as batch:
        batch.drop_index(batch.f("ix_jobs_series_id"))
        batch.drop_constraint(batch.f("fk_jobs_series_id_series"), type_="foreignkey")
        batch.drop_column("round_number")
        batch.drop_column("series_id")
    op.drop_column("readings", "evidence")
    for table in ("series", "audit_items", "audits", "calibrations"):
        op.drop_table(table)


def _create_calibrations() -> None:
    op.create_table(
        "calibrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_utc", UtcDateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("checkpoint_sha256", sa.String(64), nullable=False),
        sa.Column("n_decisions", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibrations")),
    )
    op.create_index("ix_calibrations_checkpoint_sha256_id", "calibrations", ["checkpoint_sha256", "id"])


def _create_audits() -> None:
    op.create_table(
        "audits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_utc", UtcDateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("checkpoint_sha256", sa.String(64), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
    )
    op.create_table(
        "audit_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audits.id"], name=op.f("fk_audit_items_audit_id_audits")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_audit_items_item_id_items")),
        sa.ForeignKeyConstraint(["reading_id"], ["readings.id"], name=op.f("fk_audit_items_reading_id_readings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_items")),
        sa.UniqueConstraint("audit_id", "item_id", name=op.f("uq_audit_items_audit_id")),
    )
    op.create_index(op.f("ix_audit_items_item_id"), "audit_items", ["item_id"])


def _create_series() -> None:
    states = "'running', 'finished', 'cancelled'"
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_utc", UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_utc", UtcDateTime(timezone=True), nullable=True),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("recipe", sa.String(length=80), nullable=False),
        sa.Column("minutes", sa.Double(), nullable=True),
        sa.Column("max_rounds", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.CheckConstraint(f"state IN ({states})", name=op.f("ck_series_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    op.create_index(
        "uq_series_one_running",
        "series",
        ["state"],
        unique=True,
        sqlite_where=sa.text(RUNNING_SQL),
        postgresql_where=sa.text(RUNNING_SQL),
    )


def _replace_reasons(old: str, new: str) -> None:
    name = op.f("ck_selections_reason")
    # The table is told, not looked up: only new versions of alembic find the checks of an SQLite table.
    selections = sa.Table(
        "selections",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("made_utc", UtcDateTime(timezone=True), nullable=False),
        sa.Column("min_precision", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("checkpoint_name", sa.Text(), nullable=False),
        sa.Column("checkpoint_version", sa.Text(), nullable=False),
        sa.Column("checkpoint_sha256", sa.String(64), nullable=False),
        sa.CheckConstraint(old, name=name),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selections")),
    )
    with op.batch_alter_table("selections", copy_from=selections) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, new)
