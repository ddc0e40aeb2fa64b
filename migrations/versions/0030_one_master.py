"""Reports of one event are linked among complaints alone; the column of adverse events that nobody ever filled goes"""
from __future__ import annotations

from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """It held nothing: no act wrote it. Earlier versions of an event keep the name, without a value."""
    op.drop_column('adverse_event', 'master_id')
