"""Alembic's entry: runs on the connection that `traceapp.db.migrate` hands over."""
from __future__ import annotations

from alembic import context

from traceapp.models import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
