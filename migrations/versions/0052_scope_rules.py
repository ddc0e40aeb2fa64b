"""From what the scope of a recall may start; how far decided cases were followed; classes by jurisdiction"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

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
    op.create_table(
        'recall_classification',
        sa.Column('recall_id', sa.String(length=32), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('jurisdiction', sa.String(length=8), nullable=False),
        sa.Column('recall_class', sa.String(length=4), nullable=False),
        sa.Column('is_assigned', sa.Boolean(), nullable=False),
        sa.Column('by_whom', sa.String(length=200), nullable=False),
        sa.Column('on', sa.Date(), nullable=False),
        sa.Column('basis', sa.Text(), nullable=False),
        sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
        sa.Column('by', sa.String(length=32), nullable=False),
        sa.CheckConstraint("recall_class IN ('I', 'II', 'III')",
                           name=op.f('ck_recall_classification_recall_class_is_known')),
        sa.PrimaryKeyConstraint('recall_id', 'position', name=op.f('pk_recall_classification')))
    for statement in append_only_sql('recall_classification', op.get_bind().dialect.name):
        op.execute(statement)
