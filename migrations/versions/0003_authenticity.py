"""Serial ranges, counts of scans by day and serial number, what codes give reason to doubt"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

# The days of scans that are there already, as the new table would have counted them.
_DAYS = """
INSERT INTO scan_day (lot_key, day, scans)
SELECT lot_key, {day}, COUNT(*) FROM scan GROUP BY lot_key, {day}
"""
_DAY = {"sqlite": "DATE(scanned_at, '+8 hours')",
        "postgresql": "CAST(scanned_at AT TIME ZONE 'Asia/Shanghai' AS DATE)"}


def upgrade() -> None:
    """New tables, two columns of scans, and the days of the scans that are kept."""
    dialect = op.get_bind().dialect.name
    op.create_table('serial_range',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('prefix', sa.String(length=20), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('first', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('key_id', sa.String(length=1), nullable=True),
    sa.Column('purpose', sa.String(length=200), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint("count BETWEEN 1 AND 10000000", name=op.f('ck_serial_range_count_is_bounded')),
    sa.CheckConstraint("first >= 0 AND first + count <= 1000000000000000000", name=op.f('ck_serial_range_numbers_have_18_digits')),
    sa.CheckConstraint("width BETWEEN 1 AND 18 AND LENGTH(prefix) + width <= 20", name=op.f('ck_serial_range_serial_fits_ai_21')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_serial_range')),
    sa.UniqueConstraint('lot_key', 'prefix', 'width', 'first', name=op.f('uq_serial_range_lot_key_prefix_width_first'))
    )
    op.create_table('scan_day',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('scans', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'day', name=op.f('pk_scan_day'))
    )
    op.create_table('serial_count',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('serial', sa.String(length=20), nullable=False),
    sa.Column('scans', sa.Integer(), nullable=False),
    sa.Column('first_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('last_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('seen', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('seen_since', traceapp.db.types.UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('lot_key', 'serial', name=op.f('pk_serial_count'))
    )
    op.create_index('ix_serial_count_seen_since', 'serial_count', ['seen_since'], unique=False)
    op.create_table('scan_doubt',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.String(length=16), nullable=False),
    sa.Column('serial', sa.String(length=20), nullable=False),
    sa.Column('scans', sa.Integer(), nullable=False),
    sa.Column('first_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('last_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.CheckConstraint("reason IN ('unknown_serial', 'bad_signature', 'far_apart', 'too_often', 'lot_too_often')", name=op.f('ck_scan_doubt_reason_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'reason', 'serial', name=op.f('pk_scan_doubt'))
    )
    op.create_index('ix_scan_doubt_last_at', 'scan_doubt', ['last_at'], unique=False)
    op.add_column('scan', sa.Column('region', sa.String(length=6), server_default='', nullable=False))
    op.add_column('scan', sa.Column('doubt', sa.String(length=16), server_default='', nullable=False))
    op.execute(_DAYS.format(day=_DAY[dialect]))
    for statement in append_only_sql('serial_range', dialect):
        op.execute(sa.text(statement.replace(':', '\\:')))
