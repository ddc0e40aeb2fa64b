"""Lines of the genealogy are read from their key alone, on PostgreSQL too"""
from __future__ import annotations

from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep what a walk needs to know in the key; on SQLite the key is the table."""
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE lot_edge DROP CONSTRAINT pk_lot_edge, ADD CONSTRAINT pk_lot_edge '
                   'PRIMARY KEY (lot_key, direction, other_key, event_id) INCLUDE (at, until, kind)')
