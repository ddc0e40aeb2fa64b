"""Drills: what was asked for, the log, the plans, the products reached; a recall no longer names one that it extends"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0057'
down_revision = '0059'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables; what an earlier recall extends is kept in words."""
    _drills()
    _others()
    for statement in append_only_sql('drill_step', op.get_bind().dialect.name):
        op.execute(statement)
    op.execute("UPDATE recall SET trigger_text = 'Extends / 扩大自 ' || (SELECT earlier.reference FROM recall AS earlier "
               "WHERE earlier.id = recall.extends_id) WHERE extends_id IS NOT NULL AND trigger_text = '' "
               "AND EXISTS (SELECT 1 FROM recall AS earlier WHERE earlier.id = recall.extends_id)")
    op.drop_column('recall', 'extends_id')


def _drills() -> None:
    op.create_table('drill',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('seed', sa.BigInteger(), nullable=False),
    sa.Column('direction', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('lot_key', sa.String(length=32), nullable=True),
    sa.Column('is_planned', sa.Boolean(), nullable=False),
    sa.Column('out_of_hours', sa.Boolean(), nullable=False),
    sa.Column('due_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('asked_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('asked_by', sa.String(length=32), nullable=False),
    sa.Column('lease_until', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('recall_id', sa.String(length=32), nullable=True),
    sa.Column('report', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('failure', sa.Text(), nullable=False),
    sa.Column('looked_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('looked_by', sa.String(length=32), nullable=True),
    sa.CheckConstraint("direction IN ('forward', 'backward')", name=op.f('ck_drill_direction_is_known')),
    sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f('ck_drill_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drill')),
    sa.UniqueConstraint('recall_id', name=op.f('uq_drill_recall_id'))
    )
    op.create_index('ix_drill_state_due', 'drill', ['state', 'due_at'], unique=False)
    op.create_index('ix_drill_asked', 'drill', ['asked_at'], unique=False)


def _others() -> None:
    op.create_table('drill_plan',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('every_months', sa.Integer(), nullable=False),
    sa.Column('next_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('made_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('made_by', sa.String(length=32), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("every_months > 0 AND every_months <= 60", name=op.f('ck_drill_plan_months_are_some')),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_drill_plan'))
    )
    op.create_index('ix_drill_plan_next', 'drill_plan', ['next_at'], unique=False)
    op.create_table('drill_step',
    sa.Column('drill_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('step', sa.String(length=12), nullable=False),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('seconds', sa.Float(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('drill_id', 'position', name=op.f('pk_drill_step'))
    )
    op.create_table('drill_product',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('drill_id', sa.String(length=32), nullable=False),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('product_id', 'drill_id', name=op.f('pk_drill_product'))
    )
