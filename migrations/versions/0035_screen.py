"""The nightly screen: what was looked at of each product, and the pairs of lot and term that it lists"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0035'
down_revision = '0051'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables, filled by the next night."""
    op.create_table('screen_run',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('ran_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('reports', sa.Integer(), nullable=False),
    sa.Column('lots', sa.Integer(), nullable=False),
    sa.Column('terms', sa.Integer(), nullable=False),
    sa.Column('pairs', sa.Integer(), nullable=False),
    sa.Column('kept', sa.Integer(), nullable=False),
    sa.Column('prior', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('is_fitted', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_screen_run'))
    )
    op.create_table('screen_cell',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('term', sa.String(length=80), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reports', sa.Integer(), nullable=False),
    sa.Column('lot_reports', sa.Integer(), nullable=False),
    sa.Column('term_reports', sa.Integer(), nullable=False),
    sa.Column('expected', sa.Float(), nullable=False),
    sa.Column('ic', sa.Float(), nullable=False),
    sa.Column('ic025', sa.Float(), nullable=False),
    sa.Column('ebgm', sa.Float(), nullable=False),
    sa.Column('eb05', sa.Float(), nullable=True),
    sa.Column('prr', sa.Float(), nullable=True),
    sa.Column('ror', sa.Float(), nullable=True),
    sa.Column('is_flagged', sa.Boolean(), nullable=False),
    sa.Column('flagged_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('lot_key', 'term', 'product_id', name=op.f('pk_screen_cell'))
    )
    op.create_index('ix_screen_cell_flagged', 'screen_cell', ['is_flagged', 'ic025'], unique=False)
    op.create_index('ix_screen_cell_ic025', 'screen_cell', ['ic025'], unique=False)
    op.create_index('ix_screen_cell_product', 'screen_cell', ['product_id', 'ic025'], unique=False)
    op.create_index('uq_screen_cell_id', 'screen_cell', ['id'], unique=True)
