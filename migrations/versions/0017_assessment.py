"""The whole assessment of an adverse event"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What an assessment holds beside the fields that were there, and what kind of change each version ended with."""
    op.add_column('adverse_event', sa.Column('latest_awareness_at', traceapp.db.types.UtcTime(), nullable=True))
    op.add_column('adverse_event', sa.Column('expectedness', sa.String(length=12), server_default='unknown',
                                             nullable=False))
    op.add_column('adverse_event', sa.Column('details', traceapp.db.types.JsonText(), server_default='{}',
                                             nullable=False))
    op.add_column('adverse_event_version', sa.Column('kind', sa.String(length=12), server_default='', nullable=False))
    op.add_column('adverse_event_version', sa.Column('learned_at', traceapp.db.types.UtcTime(), nullable=True))
