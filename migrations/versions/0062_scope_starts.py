"""Scopes that start from an operator, a shift, a lane or a site find their lots by an index"""
from __future__ import annotations

from alembic import op

revision = '0062'
down_revision = '0063'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four indexes."""
    op.create_index('ix_production_shift', 'production', ['shift', 'made_at'], unique=False)
    op.create_index('ix_production_operator', 'production', ['operator', 'made_at'], unique=False)
    op.create_index('ix_shipment_lane', 'shipment', ['lane', 'shipped_at'], unique=False)
    op.create_index('ix_shipment_from_site', 'shipment', ['from_site_id', 'shipped_at'], unique=False)
