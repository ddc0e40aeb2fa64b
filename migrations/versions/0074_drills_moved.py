"""Drills keep what their lots came to when the scope was frozen; working hours know public holidays; why one failed"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0074'
down_revision = '0073'
branch_labels = None
depends_on = None

_CRASHED = ('The service met an error of its own at this step. Nobody was told, nothing is stopped, and what was played so far '
            'is kept. Run the drill again. If it stops at the same step, give those who run the service the number '
            '%(number)s: the log has the details under it.')
_CUT_OFF = ('The process that played the drill was cut off three times at this step, for want of memory perhaps. Nobody was '
            'told, nothing is stopped, and what was played so far is kept. Let those who run the service look at its log '
            'first (number %(number)s), then run the drill again.')


def upgrade() -> None:
    """A drill of before kept nothing, and is compared with what there is. Working hours that were
    set before keep the holidays of the country of the house's first site. A drill of which the bare name of an error was
    kept says in words what happened."""
    op.create_table('drill_lot',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    *(sa.Column(name, traceapp.db.types.Amount(), nullable=False)
      for name in ('made', 'consumed', 'shipped', 'returned', 'sampled', 'lost', 'placed')),
    sa.PrimaryKeyConstraint('lot_key', 'recall_id', name=op.f('pk_drill_lot'))
    )
    op.create_index('ix_drill_lot_recall', 'drill_lot', ['recall_id'], unique=False)
    op.add_column('drill', sa.Column('is_provisional', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('working_hours', sa.Column('calendar', sa.String(length=2), nullable=True))
    op.add_column('drill', sa.Column('failure_values', traceapp.db.types.JsonText(), nullable=True))
    op.add_column('drill', sa.Column('failed_step', sa.String(length=12), server_default='', nullable=False))
    op.execute(sa.text("UPDATE drill SET failure = :said WHERE failure <> '' AND failure NOT LIKE '% %'").bindparams(
        said=_CRASHED))
    op.execute(sa.text("UPDATE drill SET failure = :said WHERE failure = :before").bindparams(
        said=_CUT_OFF, before='The process was cut off three times in the same step.'))
