"""From what the scope of a recall may start, found without reading all lots; and how far decided cases were followed"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0052'
down_revision = '0046'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cases that were decided before are followed at the next sweep."""
    op.create_index('ix_production_line', 'production', ['line', 'made_at'])
    op.create_index('ix_production_load', 'production', ['sterilisation_load', 'made_at'])
    op.create_table(
        'recall_scope_follow',
        sa.Column('recall_id', sa.String(length=32), nullable=False),
        sa.Column('looked_at', traceapp.db.types.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_recall_scope_follow_recall_id')),
        sa.PrimaryKeyConstraint('recall_id', name=op.f('pk_recall_scope_follow')))
