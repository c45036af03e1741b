"""Alembic's entry: runs the numbered migrations on the connection that `storage.migrate` hands over."""

from alembic import context

from storage.tables import METADATA


def run_migrations() -> None:
    """Run the migrations inside the caller's transaction, so that an upgrade happens whole or not at all."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
    )
    context.run_migrations()


run_migrations()
