"""Periods whose report has a legal clock; promises and offers as the house sets them; where calls to staff go"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and columns: where a person is called, and which clock's report began a clock; of clocks that are there nobody knows."""
    op.add_column('app_user', sa.Column('email', sa.String(length=254), server_default='', nullable=False))
    op.add_column('legal_clock', sa.Column('follows_id', sa.String(length=32), nullable=True))
    op.create_table('periodic_clock',
    sa.Column('registration_id', sa.String(length=32), nullable=False),
    sa.Column('rule_id', sa.String(length=20), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('clock_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint('last_on >= first_on', name=op.f('ck_periodic_clock_period_is_in_order')),
    sa.PrimaryKeyConstraint('registration_id', 'rule_id', 'first_on', name=op.f('pk_periodic_clock'))
    )
    op.create_index('ix_periodic_clock_product', 'periodic_clock', ['product_id'], unique=False)
    op.create_index('uq_periodic_clock_clock', 'periodic_clock', ['clock_id'], unique=True)
    op.create_table('service_promise',
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('valid_from', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('hours', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('offers', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('set_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('set_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_service_promise'))
    )
    op.create_index('ix_service_promise_valid', 'service_promise', ['valid_from', 'version'], unique=False)
    for statement in append_only_sql('service_promise', op.get_bind().dialect.name):
        op.execute(statement)
