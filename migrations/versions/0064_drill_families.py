"""Drills: families of products in a plan, working hours as a setting, how often a step was begun"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0064'
down_revision = '0061'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A plan that stands is that of its one product; working hours keep their stated default."""
    op.add_column('drill', sa.Column('begun', sa.Integer(), server_default='0', nullable=False))
    op.create_table('drill_plan_product',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('plan_id', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_drill_plan_product'))
    )
    op.create_index('ix_drill_plan_product_plan', 'drill_plan_product', ['plan_id'], unique=False)
    op.execute("INSERT INTO drill_plan_product (product_id, plan_id) SELECT product_id, product_id FROM drill_plan")
    op.create_table('working_hours',
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('zone', sa.String(length=60), nullable=False),
    sa.Column('weekdays', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('opens_minute', sa.Integer(), nullable=False),
    sa.Column('closes_minute', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('set_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('set_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint('opens_minute >= 0 AND opens_minute < closes_minute AND closes_minute <= 1440',
                       name=op.f('ck_working_hours_hours_are_some')),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_working_hours'))
    )
    for statement in append_only_sql('working_hours', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
