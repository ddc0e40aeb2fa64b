"""Open work has an index of its own order; what every complaint counts anew has room on its page"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0069'
down_revision = '0068'
branch_labels = None
depends_on = None

_COUNTED = ('watch_node', 'watch_member', 'watch_lot')


def upgrade() -> None:
    """On PostgreSQL rows that stand take the room as they are written anew."""
    op.drop_index('ix_work_row_open', 'work_row')
    op.create_index('ix_work_row_open', 'work_row', ['kind', 'created_at', 'id'],
                    sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
    if op.get_bind().dialect.name == 'postgresql':
        for table in _COUNTED:
            op.execute(f'ALTER TABLE {table} SET (fillfactor = 80)')
