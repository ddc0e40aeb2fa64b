"""Scopes find their lots by operator, shift, lane and site; and when a scope was last followed as a whole"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0062'
down_revision = '0063'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four indexes, one column."""
    op.create_index('ix_production_shift', 'production', ['shift', 'made_at'], unique=False)
    op.create_index('ix_production_operator', 'production', ['operator', 'made_at'], unique=False)
    op.create_index('ix_shipment_lane', 'shipment', ['lane', 'shipped_at'], unique=False)
    op.create_index('ix_shipment_from_site', 'shipment', ['from_site_id', 'shipped_at'], unique=False)
    op.add_column('recall_scope_follow', sa.Column('whole_at', traceapp.db.types.UtcTime(), nullable=True))
