"""When things were taken out of their containers, and lines that lie where a walk looks for them"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The column, empty: `traceapp db rebuild` fills it from events that were captured before."""
    recreate = 'always' if op.get_bind().dialect.name == 'sqlite' else 'never'
    with op.batch_alter_table('lot_edge', recreate=recreate, table_kwargs={'sqlite_with_rowid': False}) as batch_op:
        batch_op.add_column(sa.Column('until', traceapp.db.types.UtcTime(), nullable=True))
