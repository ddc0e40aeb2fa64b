"""Units are passed on further, a destruction is claimed or proved, and answers after the end have a state"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0061'
down_revision = '0062'
branch_labels = None
depends_on = None

_LATE = "('waiting', 'same', 'replaced', 'taken', 'noted', 'withdrawn')"


def upgrade() -> None:
    """Columns, constraints, a table; late answers from before wait for somebody."""
    op.add_column('recall', sa.Column('needs_proof', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('recall_ledger', sa.Column('accepted_at', traceapp.db.types.UtcTime(), nullable=True))
    op.add_column('recall_ledger', sa.Column('accepted_by', sa.String(length=32), nullable=True))
    op.add_column('recall_ledger', sa.Column('accepted_reason', sa.Text(), server_default='', nullable=False))
    op.add_column('recall_ledger', sa.Column('unproved', traceapp.db.types.Amount(), server_default='0',
                                             nullable=False))
    with op.batch_alter_table('recall_ledger') as batch_op:
        batch_op.create_check_constraint(op.f('ck_recall_ledger_unproved_is_of_the_destroyed'),
                                         'unproved >= 0 AND unproved <= destroyed')
    _passed()
    op.create_table('recall_late_answer',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('came_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('ended_by', sa.String(length=80), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.CheckConstraint(f'state IN {_LATE}', name=op.f('ck_recall_late_answer_state_is_known')),
    sa.PrimaryKeyConstraint('recall_id', 'consignee_id', 'position', name=op.f('pk_recall_late_answer'))
    )
    op.create_index('ix_recall_late_answer_state', 'recall_late_answer', ['recall_id', 'state'], unique=False)
    op.execute("""INSERT INTO recall_late_answer (recall_id, consignee_id, position, state, came_at, reason)
        SELECT recall_id, consignee_id, position, 'waiting', answered_at, '' FROM notice_answer WHERE is_late""")


def _passed() -> None:
    op.add_column('notice_pass_on', sa.Column('parent_id', sa.String(length=32), nullable=True))
    op.add_column('notice_pass_on', sa.Column('depth', sa.Integer(), server_default='1', nullable=False))
    with op.batch_alter_table('notice_pass_on') as batch_op:
        batch_op.drop_constraint(op.f('ck_notice_pass_on_can_be_reached'), type_='check')
        batch_op.create_check_constraint(op.f('ck_notice_pass_on_after_the_consignee'), 'depth > 0')
    op.add_column('notice_pass_on_line', sa.Column('passed_on', traceapp.db.types.Amount(), server_default='0',
                                                   nullable=False))
    with op.batch_alter_table('notice_pass_on_line') as batch_op:
        batch_op.drop_constraint(op.f('ck_notice_pass_on_line_some_units'), type_='check')
        batch_op.create_check_constraint(op.f('ck_notice_pass_on_line_units_are_not_negative'),
                                         'units >= 0 AND passed_on >= 0')
