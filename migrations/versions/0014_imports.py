"""Imports of tables"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

_STATES = "'draft', 'checking', 'checked', 'running', 'paused', 'stopped', 'failed', 'done', 'cancelled'"


def upgrade() -> None:
    """Tables that are imported, what was wrong in them, and how columns were named."""
    op.create_table('import_job',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('head_row', sa.Integer(), nullable=False),
    sa.Column('head', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('sample', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('mapping', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('zone', sa.String(length=60), nullable=False),
    sa.Column('may_change', sa.Boolean(), nullable=False),
    sa.Column('skips_faulty', sa.Boolean(), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=True),
    sa.Column('at_row', sa.BigInteger(), nullable=False),
    sa.Column('read_bytes', sa.BigInteger(), nullable=False),
    sa.Column('stored', sa.BigInteger(), nullable=False),
    sa.Column('already', sa.BigInteger(), nullable=False),
    sa.Column('changed', sa.BigInteger(), nullable=False),
    sa.Column('refused', sa.BigInteger(), nullable=False),
    sa.Column('checked', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('trouble', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.Column('actor_role', sa.String(length=24), nullable=False),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('finished_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('holder', sa.String(length=32), nullable=True),
    sa.Column('lease_until', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint(f"state IN ({_STATES})", name=op.f('ck_import_job_state_is_known')),
    sa.CheckConstraint("at_row >= 0 AND stored >= 0 AND already >= 0 AND changed >= 0 AND refused >= 0",
                       name=op.f('ck_import_job_counts_are_not_negative')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_job'))
    )
    op.create_index('ix_import_job_state', 'import_job', ['state', 'created_at'], unique=False)
    op.create_index('ix_import_job_sha256', 'import_job', ['sha256'], unique=False)
    op.create_index('ix_import_job_created', 'import_job', ['created_at', 'id'], unique=False)
    op.create_table('import_fault',
    sa.Column('import_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=False),
    sa.Column('field', sa.String(length=40), nullable=False),
    sa.Column('place', sa.Integer(), nullable=True),
    sa.Column('value', sa.String(length=200), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('params', traceapp.db.types.JsonText(), nullable=False),
    sa.PrimaryKeyConstraint('import_id', 'number', name=op.f('pk_import_fault'))
    )
    op.create_table('import_mapping',
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('signature', sa.String(length=64), nullable=False),
    sa.Column('mapping', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('used_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('used_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'signature', name=op.f('pk_import_mapping'))
    )
