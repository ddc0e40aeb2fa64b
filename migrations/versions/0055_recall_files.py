"""Files for authorities of a recall: versions with their copies, what was written for them, where they were sent"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0055'
down_revision = '0054'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables alone."""
    _files()
    _around()
    for table in ('recall_file', 'recall_file_copy', 'recall_file_step', 'recall_file_text'):
        for statement in append_only_sql(table, op.get_bind().dialect.name):
            op.execute(statement)


def _files() -> None:
    op.create_table('recall_file',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('made_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('made_by', sa.String(length=80), nullable=False),
    sa.Column('missing', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('scope_hash', sa.String(length=64), nullable=False),
    sa.Column('scope_number', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_recall_file_recall_id')),
    sa.PrimaryKeyConstraint('recall_id', 'kind', 'version', name=op.f('pk_recall_file'))
    )
    op.create_table('recall_file_copy',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('form', sa.String(length=12), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['recall_id', 'kind', 'version'], ['recall_file.recall_id', 'recall_file.kind', 'recall_file.version'], name=op.f('fk_recall_file_copy_recall_id_kind_version')),
    sa.PrimaryKeyConstraint('recall_id', 'kind', 'version', 'name', name=op.f('pk_recall_file_copy'))
    )


def _around() -> None:
    op.create_table('recall_file_step',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('step', sa.String(length=12), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('noted_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('authority', sa.String(length=200), nullable=False),
    sa.Column('channel', sa.String(length=80), nullable=False),
    sa.Column('number', sa.String(length=120), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('proof_name', sa.String(length=200), nullable=False),
    sa.Column('proof_sha256', sa.String(length=64), nullable=False),
    sa.CheckConstraint("step IN ('sent', 'confirmed', 'refused')", name=op.f('ck_recall_file_step_step_is_known')),
    sa.ForeignKeyConstraint(['recall_id', 'kind', 'version'], ['recall_file.recall_id', 'recall_file.kind', 'recall_file.version'], name=op.f('fk_recall_file_step_recall_id_kind_version')),
    sa.PrimaryKeyConstraint('recall_id', 'kind', 'version', 'position', name=op.f('pk_recall_file_step'))
    )
    op.create_table('recall_file_text',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_recall_file_text_recall_id')),
    sa.PrimaryKeyConstraint('recall_id', 'kind', 'key', 'position', name=op.f('pk_recall_file_text'))
    )
