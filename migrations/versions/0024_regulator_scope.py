"""A regulator's account sees the cases of its jurisdictions and products; files that name persons are sealed"""
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
    administrator has said of which jurisdictions. Files from before are sealed by the jobs, some at a time."""
    for name in ('jurisdictions', 'product_ids'):
        op.add_column('app_user', sa.Column(name, traceapp.db.types.JsonText(), server_default='[]', nullable=False))
    op.create_table('sealed_file',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('kept_as', sa.String(length=64), nullable=False),
    sa.Column('sealed_key', sa.Text(), nullable=False),
    sa.Column('sealed_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_sealed_file'))
    )
