"""What was made on a line, or sterilised in a load, in a window of days: where the scope of a recall may start"""
from __future__ import annotations

from alembic import op

revision = '0052'
down_revision = '0046'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A recall that starts from a line or a load finds its batches without reading all of them."""
    op.create_index('ix_production_line', 'production', ['line', 'made_at'])
    op.create_index('ix_production_load', 'production', ['sterilisation_load', 'made_at'])
