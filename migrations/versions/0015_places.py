"""One table of where things are: that of places now goes, the spans stay and lie in their key"""
from __future__ import annotations

from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What `lot_position` said stands in `item_position`; `traceapp db upgrade` works that out for older lots."""
    op.drop_table('lot_position')
    if op.get_bind().dialect.name == 'sqlite':
        with op.batch_alter_table('item_position', recreate='always', table_kwargs={'sqlite_with_rowid': False}):
            pass
    op.create_index('ix_excursion_began', 'excursion', ['began_at', 'id'], unique=False)
