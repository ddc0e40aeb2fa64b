"""Drills keep what their lots came to when the scope was frozen; working hours know public holidays"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0074'
down_revision = '0071'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A drill that is under way kept nothing, and is compared with what there is at its end. Working hours that were
    set before keep the holidays of the country of the house's first site."""
    op.create_table('drill_lot',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('drill_id', sa.String(length=32), nullable=False),
    *(sa.Column(name, traceapp.db.types.Amount(), nullable=False)
      for name in ('made', 'consumed', 'shipped', 'returned', 'sampled', 'lost', 'placed')),
    sa.PrimaryKeyConstraint('lot_key', 'drill_id', name=op.f('pk_drill_lot'))
    )
    op.create_index('ix_drill_lot_drill', 'drill_lot', ['drill_id'], unique=False)
    op.add_column('drill', sa.Column('is_provisional', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('working_hours', sa.Column('calendar', sa.String(length=2), nullable=True))
