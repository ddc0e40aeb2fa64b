"""Code lists that were imported; complaints of a lot by when they were learned of, for finding one event told twice"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index, and the tables of releases and terms."""
    op.create_index('ix_complaint_lot_awareness', 'complaint', ['lot_key', 'awareness_at'])
    op.create_table(
        'code_release',
        sa.Column('system', sa.String(length=16), nullable=False),
        sa.Column('version', sa.String(length=40), nullable=False),
        sa.Column('valid_from', sa.Date(), nullable=False),
        sa.Column('valid_to', sa.Date(), nullable=True),
        sa.Column('imported_at', traceapp.db.types.UtcTime(), nullable=False),
        sa.Column('imported_by', sa.String(length=80), nullable=False),
        sa.CheckConstraint("system IN ('imdrf', 'fda', 'meddra')", name=op.f('ck_code_release_system_is_known')),
        sa.PrimaryKeyConstraint('system', 'version', name=op.f('pk_code_release')))
    op.create_table(
        'code_term',
        sa.Column('system', sa.String(length=16), nullable=False),
        sa.Column('version', sa.String(length=40), nullable=False),
        sa.Column('annex', sa.String(length=10), nullable=False),
        sa.Column('code', sa.String(length=20), nullable=False),
        sa.Column('name_en', sa.String(length=300), nullable=False),
        sa.Column('name_zh', sa.String(length=300), nullable=False),
        sa.Column('parent', sa.String(length=20), nullable=False),
        sa.Column('status', sa.String(length=16), nullable=False),
        sa.Column('folded', sa.String(length=700), nullable=False),
        sa.CheckConstraint("status IN ('selectable', 'not_selectable', 'retired')", name=op.f('ck_code_term_status_is_known')),
        sa.PrimaryKeyConstraint('system', 'version', 'annex', 'code', name=op.f('pk_code_term')))
    op.create_table(
        'code_place',
        sa.Column('system', sa.String(length=16), nullable=False),
        sa.Column('version', sa.String(length=40), nullable=False),
        sa.Column('annex', sa.String(length=10), nullable=False),
        sa.Column('parent', sa.String(length=20), nullable=False),
        sa.Column('code', sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint('system', 'version', 'annex', 'parent', 'code', name=op.f('pk_code_place')))
