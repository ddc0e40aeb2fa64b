"""A password that was told by somebody else has an end"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The end of a one-time password; nobody has one yet."""
    op.add_column('app_user', sa.Column('one_time_until', traceapp.db.types.UtcTime(), nullable=True))
