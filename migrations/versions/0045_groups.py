"""Group events that are found by themselves"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0045'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables; lots are looked at from their next complaint on."""
    op.create_table('group_event',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('known_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('found_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('least', sa.Integer(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('decided_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('found', 'confirmed', 'refused')", name=op.f('ck_group_event_state_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_group_event'))
    )
    op.create_index('ix_group_event_state', 'group_event', ['state', 'known_at'], unique=False)
    op.create_index('uq_group_event_id', 'group_event', ['id'], unique=True)
    op.create_table('group_event_case',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('group_id', sa.String(length=32), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('added_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'group_id', 'complaint_id', name=op.f('pk_group_event_case'))
    )
    op.create_index(op.f('ix_group_event_case_complaint_id'), 'group_event_case', ['complaint_id'], unique=False)
