"""What is watched: nodes with their tests, memberships, lots as counted last, lines, and the budget of false alarms"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0033'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables; the first nightly run fills them."""
    op.create_table('alarm_line',
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('value', sa.Float(), nullable=True),
    sa.Column('size', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_alarm_line'))
    )
    op.create_table('false_alarm_budget',
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('per_hundred_lots', sa.Float(), nullable=False),
    sa.Column('weights', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('set_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('set_by', sa.String(length=120), nullable=False),
    sa.CheckConstraint('per_hundred_lots > 0 AND per_hundred_lots <= 100', name=op.f('ck_false_alarm_budget_promise_is_a_share')),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_false_alarm_budget'))
    )
    op.create_table('watch_lot',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('watched_until', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('harm', sa.Integer(), nullable=False),
    sa.Column('serious', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', name=op.f('pk_watch_lot'))
    )
    op.create_table('watch_member',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('node_key', sa.String(length=32), nullable=False),
    sa.Column('consignees', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('harm', sa.Integer(), nullable=False),
    sa.Column('serious', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'node_key', name=op.f('pk_watch_member'))
    )
    op.create_index('ix_watch_member_node', 'watch_member', ['node_key', 'lot_key'], unique=False)
    op.create_table('watch_node',
    sa.Column('node_key', sa.String(length=32), nullable=False),
    sa.Column('severity_group', sa.String(length=8), nullable=False),
    sa.Column('test_key', sa.String(length=41), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('period', sa.String(length=6), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('begun_on', sa.Date(), nullable=False),
    sa.Column('lots', sa.Integer(), nullable=False),
    sa.Column('observed', sa.Integer(), nullable=False),
    sa.Column('alpha', sa.Float(), nullable=True),
    sa.Column('minimum_events', sa.Integer(), nullable=False),
    sa.Column('stage', sa.Integer(), nullable=False),
    sa.Column('first_plan', sa.Float(), nullable=False),
    sa.Column('planned', sa.Float(), nullable=True),
    sa.Column('critical', sa.Float(), nullable=True),
    sa.Column('history', sa.Integer(), nullable=True),
    sa.Column('margin', sa.Float(), nullable=False),
    sa.Column('expected', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('projected_on', sa.Date(), nullable=True),
    sa.Column('nearness', sa.Float(), nullable=False),
    sa.Column('alarmed', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('lot', 'upstream', 'supplier', 'line', 'equipment', 'operator', 'load', 'site', 'lane', 'consignee')", name=op.f('ck_watch_node_kind_is_known')),
    sa.CheckConstraint("severity_group IN ('harm', 'serious')", name=op.f('ck_watch_node_severity_group_is_known')),
    sa.CheckConstraint('observed >= 0', name=op.f('ck_watch_node_observed_is_no_debt')),
    sa.PrimaryKeyConstraint('node_key', 'severity_group', name=op.f('pk_watch_node'))
    )
    op.create_index('ix_watch_node_begun', 'watch_node', ['kind', 'severity_group', 'begun_on'], unique=False)
    op.create_index('ix_watch_node_kind', 'watch_node', ['kind', 'nearness', 'test_key'], unique=False)
    op.create_index('ix_watch_node_nearness', 'watch_node', ['nearness', 'test_key'], unique=False)
    op.create_index('ix_watch_node_product', 'watch_node', ['product_id', 'nearness'], unique=False)
    op.create_table('watch_product',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('counted', sa.Integer(), nullable=False),
    sa.Column('named', sa.Integer(), nullable=False),
    sa.Column('counted_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_watch_product'))
    )
    for statement in append_only_sql('false_alarm_budget', op.get_bind().dialect.name):
        op.execute(statement)
