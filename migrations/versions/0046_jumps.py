"""Kinds of complaint that jumped on the last day, beside the screen of a product"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None until the next night."""
    op.add_column('screen_run', sa.Column('jumps', traceapp.db.types.JsonText(), server_default='[]', nullable=False))
