"""Packs by their serial number alone"""
from __future__ import annotations

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A serial number leads to its lot without looking through all lots of the product."""
    with op.batch_alter_table('serial_range', schema=None) as batch_op:
        batch_op.create_index('ix_serial_range_number', ['prefix', 'width', 'first'], unique=False)
