"""A recall knows the CAPA that was linked to it first, and why it ended without one or before its reports"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0068'
down_revision = '0064'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The CAPA of each recall is the one linked first; recalls that ended before the rule say nothing."""
    op.add_column('recall', sa.Column('ended_without', sa.Text(), server_default='', nullable=False))
    op.add_column('recall', sa.Column('capa_id', sa.String(length=32), nullable=True))
    op.execute("""UPDATE recall SET capa_id = (
        SELECT capa_link.capa_id FROM capa_link WHERE capa_link.kind = 'recall' AND capa_link.target_id = recall.id
        ORDER BY capa_link.added_at, capa_link.capa_id LIMIT 1)""")
