"""Columns of the order of review: look-alikes, doubt and gain of items, decisions taken together."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty: the order of what is there already is computed when it is first asked for."""
    op.add_column("items", sa.Column("look_group", sa.String(16), nullable=True))
    op.add_column("items", sa.Column("doubt", sa.Double(), nullable=True))
    op.add_column("items", sa.Column("gain", sa.Double(), nullable=True))
    op.create_index("ix_items_look_group_status", "items", ["look_group", "status"])
    op.create_index("ix_items_status_gain", "items", ["status", "gain", "id"])
    with op.batch_alter_table("decisions") as batch:
        batch.add_column(sa.Column("twin_of_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(batch.f("fk_decisions_twin_of_id_decisions"), "decisions", ["twin_of_id"], ["id"])
        batch.create_index(batch.f("ix_decisions_twin_of_id"), ["twin_of_id"])


def downgrade() -> None:
    """Take them back; decisions taken together stay as single ones."""
    with op.batch_alter_table("decisions") as batch:
        batch.drop_index(batch.f("ix_decisions_twin_of_id"))
        batch.drop_constraint(batch.f("fk_decisions_twin_of_id_decisions"), type_="foreignkey")
        batch.drop_column("twin_of_id")
    op.drop_index("ix_items_status_gain", "items")
    op.drop_index("ix_items_look_group_status", "items")
    for column in ("gain", "doubt", "look_group"):
        op.drop_column("items", column)
