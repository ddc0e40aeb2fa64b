"""Legal clocks that run for adverse events"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table; a sweep begins the clocks of the events that are there."""
    op.create_table('legal_clock',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('lot_key', sa.String(length=32), nullable=True),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('jurisdiction', sa.String(length=8), nullable=False),
    sa.Column('rule_id', sa.String(length=20), nullable=False),
    sa.Column('rule', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('why', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('due_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('has_limit', sa.Boolean(), nullable=False),
    sa.Column('is_provisional', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('ended_by', sa.String(length=80), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('acknowledgement', sa.String(length=120), nullable=False),
    sa.Column('report_sha256', sa.String(length=64), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('running', 'reported', 'not_reportable', 'superseded')",
                       name=op.f('ck_legal_clock_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legal_clock'))
    )
    op.create_index('ix_legal_clock_about', 'legal_clock', ['about'], unique=False)
    op.create_index('ix_legal_clock_due', 'legal_clock', ['state', 'due_at'], unique=False)
