"""Tables of the labelling store."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create pictures, selections, harvest files, items, readings and decisions."""
    _create_pictures()
    _create_selections()
    _create_harvest_files()
    _create_items()
    _create_readings()
    _create_decisions()


def downgrade() -> None:
    """Drop them again."""
    for table in ("decisions", "readings", "items", "harvest_files", "selections", "pictures"):
        op.drop_table(table)


def _create_pictures() -> None:
    op.create_table(
        "pictures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_utc", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('scene', 'crop')", name=op.f("ck_pictures_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
        sa.UniqueConstraint("sha256", name=op.f("uq_pictures_sha256")),
    )


def _create_selections() -> None:
    op.create_table(
        "selections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("made_utc", MOMENT, nullable=False),
        sa.Column("min_precision", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("checkpoint_name", sa.Text(), nullable=False),
        sa.Column("checkpoint_version", sa.Text(), nullable=False),
        sa.Column("checkpoint_sha256", sa.String(64), nullable=False),
        sa.CheckConstraint("reason IN ('harvest', 'slider', 'rescore')", name=op.f("ck_selections_reason")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selections")),
    )


def _create_harvest_files() -> None:
    op.create_table(
        "harvest_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("selection_id", sa.Integer(), nullable=False),
        sa.Column("picture_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("n_words", sa.Integer(), nullable=False),
        sa.Column("n_kept", sa.Integer(), nullable=False),
        sa.Column("n_waiting", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("made_utc", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('read', 'skipped', 'failed')", name=op.f("ck_harvest_files_state")),
        sa.ForeignKeyConstraint(["picture_id"], ["pictures.id"], name=op.f("fk_harvest_files_picture_id_pictures")),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selections.id"], name=op.f("fk_harvest_files_selection_id_selections")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_files")),
    )
    op.create_index(op.f("ix_harvest_files_selection_id"), "harvest_files", ["selection_id"])


def _create_items() -> None:
    statuses = "'waiting', 'kept', 'accepted', 'corrected', 'rejected', 'skipped'"
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("picture_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("polygon", sa.JSON(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("angle_deg", sa.Double(), nullable=False),
        sa.Column("script", sa.String(32), nullable=False),
        sa.Column("crop_sha256", sa.String(64), nullable=False),
        sa.Column("crop_height", sa.Integer(), nullable=False),
        sa.Column("crop_width", sa.Integer(), nullable=False),
        sa.Column("perceptual_hash", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("selection_id", sa.Integer(), nullable=True),
        sa.Column("added_utc", MOMENT, nullable=False),
        sa.CheckConstraint(f"status IN ({statuses})", name=op.f("ck_items_status")),
        sa.ForeignKeyConstraint(["picture_id"], ["pictures.id"], name=op.f("fk_items_picture_id_pictures")),
        sa.ForeignKeyConstraint(["selection_id"], ["selections.id"], name=op.f("fk_items_selection_id_selections")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    for column in ("crop_sha256", "perceptual_hash", "picture_id"):
        op.create_index(op.f(f"ix_items_{column}"), "items", [column])
    op.create_index("ix_items_status_confidence", "items", ["status", "confidence", "id"])


def _create_readings() -> None:
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("log_prob", sa.Double(), nullable=False),
        sa.Column("characters", sa.JSON(), nullable=False),
        sa.Column("checkpoint_name", sa.Text(), nullable=False),
        sa.Column("checkpoint_version", sa.Text(), nullable=False),
        sa.Column("checkpoint_sha256", sa.String(64), nullable=False),
        sa.Column("selection_id", sa.Integer(), nullable=False),
        sa.Column("selected", sa.String(16), nullable=False),
        sa.Column("made_utc", MOMENT, nullable=False),
        sa.CheckConstraint("selected IN ('kept', 'waiting')", name=op.f("ck_readings_selected")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_readings_item_id_items")),
        sa.ForeignKeyConstraint(["selection_id"], ["selections.id"], name=op.f("fk_readings_selection_id_selections")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    for column in ("checkpoint_sha256", "item_id"):
        op.create_index(op.f(f"ix_readings_{column}"), "readings", [column])


def _create_decisions() -> None:
    actions = "'accept', 'correct', 'reject', 'skip', 'undo', 'import'"
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("made_utc", MOMENT, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("from_status", sa.String(16), nullable=False),
        sa.Column("from_text", sa.Text(), nullable=True),
        sa.Column("to_status", sa.String(16), nullable=False),
        sa.Column("to_text", sa.Text(), nullable=True),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("client_uuid", sa.String(64), nullable=False),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.CheckConstraint(f"action IN ({actions})", name=op.f("ck_decisions_action")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_decisions_item_id_items")),
        sa.ForeignKeyConstraint(["reading_id"], ["readings.id"], name=op.f("fk_decisions_reading_id_readings")),
        sa.ForeignKeyConstraint(["undoes_id"], ["decisions.id"], name=op.f("fk_decisions_undoes_id_decisions")),
        sa.ForeignKeyConstraint(["replaces_id"], ["decisions.id"], name=op.f("fk_decisions_replaces_id_decisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("client_uuid", name=op.f("uq_decisions_client_uuid")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_decisions_undoes_id")),
    )
    op.create_index(op.f("ix_decisions_item_id"), "decisions", ["item_id"])
    op.create_index("ix_decisions_who_id", "decisions", ["who", "id"])
