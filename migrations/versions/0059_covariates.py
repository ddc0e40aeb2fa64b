"""Test results of suppliers that rise, plans played in the background, and what counts as a group event"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0059'
down_revision = '0056'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three new tables; the first is filled by the next night, the last keeps its stated default."""
    op.create_table('group_rule',
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('least', sa.Integer(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('set_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('set_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint('least BETWEEN 2 AND 20', name=op.f('ck_group_rule_least_is_several')),
    sa.CheckConstraint('days BETWEEN 1 AND 60', name=op.f('ck_group_rule_days_are_seen')),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_group_rule'))
    )
    for statement in append_only_sql('group_rule', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
    op.create_table('plan_run',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('plan', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('plan_hash', sa.String(length=64), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('answer', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('size_bytes', sa.BigInteger(), nullable=True),
    sa.Column('trouble', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('finished_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('holder', sa.String(length=32), nullable=True),
    sa.Column('lease_until', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
                       name=op.f('ck_plan_run_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_run'))
    )
    op.create_index('ix_plan_run_hash', 'plan_run', ['plan_hash', 'created_at'], unique=False)
    op.create_index('ix_plan_run_state', 'plan_run', ['state', 'created_at'], unique=False)
    op.create_table('result_drift',
    sa.Column('supplier_id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('name_zh', sa.String(length=120), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name_en', sa.String(length=120), nullable=False),
    sa.Column('lots', sa.Integer(), nullable=False),
    sa.Column('share', sa.Float(), nullable=False),
    sa.Column('slope', sa.Float(), nullable=False),
    sa.Column('p', sa.Float(), nullable=True),
    sa.Column('is_rising', sa.Boolean(), nullable=False),
    sa.Column('is_near', sa.Boolean(), nullable=False),
    sa.Column('is_told', sa.Boolean(), nullable=False),
    sa.Column('since', sa.String(length=200), nullable=False),
    sa.Column('last_lot_key', sa.String(length=32), nullable=False),
    sa.Column('found_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('looked_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('supplier_id', 'product_id', 'name_zh', name=op.f('pk_result_drift'))
    )
    op.create_index('ix_result_drift_product', 'result_drift', ['product_id'], unique=False)
    op.create_index('uq_result_drift_id', 'result_drift', ['id'], unique=True)
