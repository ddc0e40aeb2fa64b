"""What left before its lot was stopped and whoever has it; pallets that come back; kept units decided about again"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0072'
down_revision = '0071'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Despatches of before were booked in time; no line grew; of what others tell, of ended recalls only what comes from
    now on is looked at."""
    op.add_column('shipment', sa.Column('late_reason', sa.Text(), server_default='', nullable=False))
    op.add_column('recall_ledger', sa.Column('more', traceapp.db.types.Amount(), server_default='0', nullable=False))
    with op.batch_alter_table('recall_ledger') as batch_op:
        batch_op.create_check_constraint(op.f('ck_recall_ledger_a_line_grows'), 'more >= 0')
    op.add_column('recall_scope_follow', sa.Column('told_at', traceapp.db.types.UtcTime(), nullable=True))
    op.add_column('recall_scope_follow', sa.Column('told_revision', sa.Integer(), nullable=True))
    op.execute("""UPDATE recall_scope_follow SET told_at = looked_at, told_revision = -1
        WHERE recall_id IN (SELECT id FROM recall WHERE state IN ('terminated', 'closed_no_action', 'cancelled'))""")
    op.create_table('recall_untold_despatch',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=True),
    sa.Column('sent_to', sa.String(length=2000), nullable=False),
    sa.Column('giver_id', sa.String(length=32), nullable=True),
    sa.Column('units', traceapp.db.types.Amount(), nullable=True),
    sa.Column('left_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('came_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('ended_by', sa.String(length=32), nullable=True),
    sa.CheckConstraint("source IN ('booked', 'told')", name=op.f('ck_recall_untold_despatch_source_is_known')),
    sa.CheckConstraint("state IN ('waiting', 'taken', 'noted', 'withdrawn')",
                       name=op.f('ck_recall_untold_despatch_state_is_known')),
    sa.CheckConstraint('units IS NULL OR units > 0', name=op.f('ck_recall_untold_despatch_something_left')),
    sa.CheckConstraint("source <> 'booked' OR (consignee_id IS NOT NULL AND units IS NOT NULL)",
                       name=op.f('ck_recall_untold_despatch_what_is_booked_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'recall_id', 'event_id', name=op.f('pk_recall_untold_despatch'))
    )
    op.add_column('recall_disposition', sa.Column('of_kept', sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table('recall_disposition') as batch_op:
        batch_op.create_check_constraint(op.f('ck_recall_disposition_kept_once'), "of_kept = false OR kind <> 'keep'")
    op.add_column('recall_return', sa.Column('sscc', sa.String(length=18), server_default='', nullable=False))
    op.create_table('recall_container_return',
    sa.Column('container_key', sa.String(length=32), nullable=False),
    sa.Column('despatch_id', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('sscc', sa.String(length=18), nullable=False),
    sa.Column('taken_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('taken_by', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('container_key', 'despatch_id', name=op.f('pk_recall_container_return'))
    )
    for statement in append_only_sql('recall_container_return', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
    op.create_index('ix_recall_untold_despatch_recall', 'recall_untold_despatch', ['recall_id', 'state'], unique=False)
