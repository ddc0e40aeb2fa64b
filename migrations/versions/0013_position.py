"""Positions over time, what sensors read, and the limits that it is judged by"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables, empty: `traceapp db rebuild` fills them from the events that are there."""
    op.create_table('item_position',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('since', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('spot_key', sa.String(length=32), nullable=False),
    sa.Column('until', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('place', sa.String(length=2000), nullable=False),
    sa.Column('owner', sa.String(length=2000), nullable=False),
    sa.Column('possessor', sa.String(length=2000), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=True),
    sa.Column('unit', sa.String(length=3), nullable=True),
    sa.Column('is_stock', sa.Boolean(), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("state IN ('at', 'transit', 'inside', 'unknown')",
                       name=op.f('ck_item_position_state_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'since', 'spot_key', name=op.f('pk_item_position'))
    )
    op.create_index('ix_item_position_spot', 'item_position', ['spot_key', 'since'], unique=False)
    op.create_table('sensor_reading',
    sa.Column('source_key', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('device', sa.String(length=300), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('until', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('low', traceapp.db.types.Amount(), nullable=True),
    sa.Column('high', traceapp.db.types.Amount(), nullable=True),
    sa.Column('mean', traceapp.db.types.Amount(), nullable=True),
    sa.Column('is_alarm', sa.Boolean(), nullable=False),
    sa.CheckConstraint("kind IN ('temperature', 'humidity', 'other')",
                       name=op.f('ck_sensor_reading_kind_is_known')),
    sa.PrimaryKeyConstraint('source_key', 'at', 'kind', 'device', 'event_id', 'position',
                            name=op.f('pk_sensor_reading')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_sensor_reading_alarm', 'sensor_reading', ['source_key'], unique=False,
                    sqlite_where=sa.text('is_alarm = 1'), postgresql_where=sa.text('is_alarm'))
    _excursions()
    op.add_column('product', sa.Column('storage_min_rh', traceapp.db.types.Amount(), nullable=True))
    op.add_column('product', sa.Column('storage_max_rh', traceapp.db.types.Amount(), nullable=True))
    op.add_column('product', sa.Column('storage_allowed_minutes', sa.Integer(), server_default='0', nullable=False))
    op.add_column('product', sa.Column('balance_tolerance', traceapp.db.types.Amount(), server_default='0',
                                       nullable=False))


def _excursions() -> None:
    op.create_table('excursion',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('source_key', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('device', sa.String(length=300), nullable=False),
    sa.Column('side', sa.String(length=8), nullable=False),
    sa.Column('began_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('last_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('lowest', traceapp.db.types.Amount(), nullable=True),
    sa.Column('highest', traceapp.db.types.Amount(), nullable=True),
    sa.Column('lower', traceapp.db.types.Amount(), nullable=True),
    sa.Column('upper', traceapp.db.types.Amount(), nullable=True),
    sa.Column('readings', sa.Integer(), nullable=False),
    sa.Column('silence', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("kind IN ('temperature', 'humidity', 'other')", name=op.f('ck_excursion_kind_is_known')),
    sa.CheckConstraint("side IN ('above', 'below', 'both', 'alarm')", name=op.f('ck_excursion_side_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_excursion'))
    )
    op.create_index('ix_excursion_series', 'excursion', ['source_key', 'began_at'], unique=False)
