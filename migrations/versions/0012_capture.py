"""Names, items and terms of events lie in their keys on SQLite; an index that nothing asks goes"""
from __future__ import annotations

from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_event_term_event', table_name='event_term')
    if op.get_bind().dialect.name == 'sqlite':
        for name in ('seen_event', 'event_item', 'event_term'):
            with op.batch_alter_table(name, recreate='always', table_kwargs={'sqlite_with_rowid': False}):
                pass
