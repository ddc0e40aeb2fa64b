"""A recall is assessed, decided, told, carried out, checked and ended; its scope can grow in the same case"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0051'
down_revision = '0033'
branch_labels = None
depends_on = None

_STATES = ('draft', 'assessing', 'decision', 'planned', 'notifying', 'executing', 'effectiveness', 'closing',
           'terminated', 'cancelled', 'closed_no_action')
_KNOWN = {'trigger_kind': ('signal', 'complaint', 'inspection', 'stability', 'supplier', 'authority', 'capa', 'other'),
          'depth': ('wholesale', 'retail', 'user', 'consumer', 'patient'), 'check_level': ('A', 'B', 'C', 'D', 'E')}


def upgrade() -> None:
    """Columns; the states in their new words, as of cases that were decided when they were submitted; new tables."""
    _columns()
    with op.batch_alter_table('recall') as batch_op:
        batch_op.drop_constraint(op.f('ck_recall_state_is_known'), type_='check')
        batch_op.alter_column('state', existing_type=sa.String(length=12), type_=sa.String(length=16),
                              existing_nullable=False)
    op.execute("UPDATE recall SET awareness_at = opened_at, owner_id = opened_by")
    op.execute("UPDATE recall SET trigger_kind = 'signal' WHERE signal_id IS NOT NULL")
    op.execute("UPDATE recall SET decided_at = COALESCE(approved_at, submitted_at), "
               "decided_by = COALESCE(approved_by, submitted_by), decision = reason, depth = 'consumer', "
               "check_level = 'E' WHERE submitted_at IS NOT NULL")
    for old, new in (('submitted', 'planned'), ('closed', 'terminated')):
        op.execute(f"UPDATE recall SET state = '{new}' WHERE state = '{old}'")
    with op.batch_alter_table('recall') as batch_op:
        for column, values in {'state': _STATES, **_KNOWN}.items():
            listed = ', '.join(f"'{value}'" for value in values)
            batch_op.create_check_constraint(op.f(f'ck_recall_{column}_is_known'), f'{column} IN ({listed})')
        batch_op.create_check_constraint(op.f('ck_recall_share_is_between_a_and_c'),
                                         'check_share IS NULL OR (check_share > 0.1 AND check_share < 1)')
    op.add_column('recall_ledger', sa.Column('scope_number', sa.Integer(), server_default='1', nullable=False))
    _tables()
    for table in ('recall_evaluation', 'recall_snapshot', 'notice_attempt'):
        for statement in append_only_sql(table, op.get_bind().dialect.name):
            op.execute(statement)


def _columns() -> None:
    for name, size in (('trigger_kind', 12), ('trigger_text', 300)):
        op.add_column('recall', sa.Column(name, sa.String(length=size), nullable=False,
                                          server_default='other' if name == 'trigger_kind' else ''))
    for name in ('awareness_at', 'decided_at'):
        op.add_column('recall', sa.Column(name, traceapp.db.types.UtcTime(), nullable=True))
    for name, size in (('owner_id', 32), ('decided_by', 32), ('depth', 10), ('check_level', 1)):
        op.add_column('recall', sa.Column(name, sa.String(length=size), nullable=True))
    for name in ('is_drill', 'is_mandated'):
        op.add_column('recall', sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in ('mandate', 'decision'):
        op.add_column('recall', sa.Column(name, sa.Text(), server_default='', nullable=False))
    op.add_column('recall', sa.Column('check_share', sa.Float(), nullable=True))
    op.add_column('recall', sa.Column('check_seed', sa.Integer(), nullable=True))
    op.add_column('recall', sa.Column('scope_number', sa.Integer(), server_default='1', nullable=False))


def _tables() -> None:
    op.create_table('recall_evaluation',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('written_by', sa.String(length=32), nullable=False),
    sa.Column('written_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('recall_id', 'version', name=op.f('pk_recall_evaluation'))
    )
    op.create_table('recall_snapshot',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('scope_number', sa.Integer(), nullable=False),
    sa.Column('scope_hash', sa.String(length=64), nullable=False),
    sa.Column('content', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('taken_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('taken_by', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('recall_id', 'position', name=op.f('pk_recall_snapshot'))
    )
    op.create_table('notice_attempt',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('way', sa.String(length=12), nullable=False),
    sa.Column('reached', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('recall_id', 'consignee_id', 'position', name=op.f('pk_notice_attempt'))
    )
    op.create_table('effectiveness_check',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('scope_number', sa.Integer(), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('drawn_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('way', sa.String(length=12), nullable=False),
    sa.Column('received', sa.Boolean(), nullable=True),
    sa.Column('understood', sa.Boolean(), nullable=True),
    sa.Column('acted', sa.Boolean(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('checked_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('checked_by', sa.String(length=32), nullable=True),
    sa.CheckConstraint('(received IS NULL) = (checked_at IS NULL)',
                       name=op.f('ck_effectiveness_check_asked_is_answered')),
    sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_effectiveness_check_recall_id_recall')),
    sa.PrimaryKeyConstraint('recall_id', 'scope_number', 'consignee_id', name=op.f('pk_effectiveness_check'))
    )
