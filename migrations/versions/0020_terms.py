"""Complaints of a lot by when they were learned of, for finding those that tell of one event"""
from __future__ import annotations

from alembic import op

revision = '0020'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_complaint_lot_awareness', 'complaint', ['lot_key', 'awareness_at'])
