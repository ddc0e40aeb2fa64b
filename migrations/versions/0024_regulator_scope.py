"""A regulator's account sees the cases of its jurisdictions and products"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0024'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two lists on an account. Those that exist begin with none: a regulator sees nothing, and is told why, until an
    administrator has said of which jurisdictions."""
    for name in ('jurisdictions', 'product_ids'):
        op.add_column('app_user', sa.Column(name, traceapp.db.types.JsonText(), server_default='[]', nullable=False))
