"""Reports that others send, kept sealed as they were read"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New table."""
    op.create_table('received_message',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('form', sa.String(length=24), nullable=False),
    sa.Column('case_id', sa.String(length=200), nullable=False),
    sa.Column('version', sa.String(length=60), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=True),
    sa.Column('erased_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['form', 'case_id', 'version'],
                            ['received_case.form', 'received_case.case_id', 'received_case.version'],
                            name=op.f('fk_received_message_form_case_id_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_received_message'))
    )
    op.create_index('uq_received_message_case', 'received_message', ['form', 'case_id', 'version'], unique=True)
