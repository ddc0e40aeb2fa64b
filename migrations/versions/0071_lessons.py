"""A recall keeps at its end what the house learned, and the letter with which an authority ended it"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0071'
down_revision = '0070'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Recalls that ended before say nothing of either."""
    for name in ('lessons', 'authority_letter'):
        op.add_column('recall', sa.Column(name, sa.Text(), server_default='', nullable=False))
