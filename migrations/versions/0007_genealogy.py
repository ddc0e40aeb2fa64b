"""When things were taken out of their containers"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The column, empty: `traceapp db rebuild` fills it from events that were captured before."""
    op.add_column('lot_edge', sa.Column('until', traceapp.db.types.UtcTime(), nullable=True))
