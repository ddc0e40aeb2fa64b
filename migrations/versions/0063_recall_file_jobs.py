"""Files of a recall that are made in the background"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0063'
down_revision = '0057'
branch_labels = None
depends_on = None

_IS_OPEN = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    """A new table alone."""
    op.create_table('recall_file_job',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('created_role', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('size_bytes', sa.BigInteger(), nullable=True),
    sa.Column('trouble', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('finished_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('holder', sa.String(length=32), nullable=True),
    sa.Column('lease_until', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f('ck_recall_file_job_state_is_known')),
    sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_recall_file_job_recall_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recall_file_job'))
    )
    op.create_index('ix_recall_file_job_recall', 'recall_file_job', ['recall_id', 'created_at'], unique=False)
    op.create_index('ix_recall_file_job_state', 'recall_file_job', ['state', 'created_at'], unique=False)
    op.create_index('uq_recall_file_job_open', 'recall_file_job', ['recall_id', 'kind'], unique=True,
                    sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
