"""Print jobs and the log of what was printed"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_RUN = ("(prefix IS NULL) = (width IS NULL) AND (width IS NULL) = (first IS NULL) "
        "AND (first IS NULL) = (count IS NULL)")


def upgrade() -> None:
    """Two new tables."""
    op.create_table('print_job',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('options', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('reason', sa.String(length=400), nullable=False),
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
    sa.Column('prefix', sa.String(length=20), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('first', sa.BigInteger(), nullable=True),
    sa.Column('count', sa.Integer(), nullable=True),
    sa.CheckConstraint("state <> 'done' OR (done = total AND sha256 IS NOT NULL AND size_bytes IS NOT NULL)", name=op.f('ck_print_job_done_has_a_file')),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f('ck_print_job_state_is_known')),
    sa.CheckConstraint('total > 0 AND done BETWEEN 0 AND total', name=op.f('ck_print_job_done_is_a_part')),
    sa.CheckConstraint(_RUN, name=op.f('ck_print_job_serials_are_a_run')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_print_job'))
    )
    op.create_index('ix_print_job_state', 'print_job', ['state', 'created_at'], unique=False)
    op.create_table('print_log',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('template', sa.String(length=20), nullable=False),
    sa.Column('format', sa.String(length=8), nullable=False),
    sa.Column('copies', sa.Integer(), nullable=False),
    sa.Column('labels', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=400), nullable=False),
    sa.Column('job_id', sa.String(length=32), nullable=True),
    sa.Column('printed_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('printed_by', sa.String(length=80), nullable=False),
    sa.Column('prefix', sa.String(length=20), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('first', sa.BigInteger(), nullable=True),
    sa.Column('count', sa.Integer(), nullable=True),
    sa.CheckConstraint('copies > 0 AND labels > 0', name=op.f('ck_print_log_something_was_printed')),
    sa.CheckConstraint(_RUN, name=op.f('ck_print_log_serials_are_a_run')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_print_log'))
    )
    op.create_index('ix_print_log_serials', 'print_log', ['lot_key', 'prefix', 'width', 'first'], unique=False)
    for statement in append_only_sql('print_log', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
