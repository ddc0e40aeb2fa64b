"""Links of codes"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table of links, empty: what a code led to before follows from products and lots."""
    op.create_table('link',
    sa.Column('anchor_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('anchor', sa.String(length=300), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('link_type', sa.String(length=40), nullable=False),
    sa.Column('href', sa.String(length=2000), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('languages', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('contexts', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('default_use', sa.String(length=8), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('withdrawn_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('withdrawn_by', sa.String(length=80), nullable=True),
    sa.Column('withdrawal_reason', sa.String(length=1000), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("default_use IN ('no', 'default', 'variant')", name=op.f('ck_link_default_use_is_known')),
    sa.CheckConstraint('(withdrawn_at IS NULL) = (withdrawn_by IS NULL)', name=op.f('ck_link_withdrawn_is_whole')),
    sa.PrimaryKeyConstraint('anchor_key', 'id', name=op.f('pk_link'))
    )
    one_default = sa.text("default_use = 'default' AND withdrawn_at IS NULL")
    with op.batch_alter_table('link', schema=None) as batch_op:
        batch_op.create_index('ux_link_one_default', ['anchor_key'], unique=True, sqlite_where=one_default,
                              postgresql_where=one_default)
        batch_op.create_index('ix_link_id', ['id'], unique=False)
        batch_op.create_index('ix_link_key', ['key'], unique=False)
        batch_op.create_index('ix_link_created', ['created_at'], unique=False)
