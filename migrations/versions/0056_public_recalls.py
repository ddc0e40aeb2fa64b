"""Notices of recalls are corrected and withdrawn, and people can ask for mail about recalls"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0056'
down_revision = '0055'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four new tables."""
    op.create_table('recall_revision',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('said_zh', sa.Text(), nullable=False),
    sa.Column('said_en', sa.Text(), nullable=False),
    sa.Column('before', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('after', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('signed_hash', sa.String(length=64), nullable=False),
    sa.Column('made_by', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.CheckConstraint("kind IN ('correction', 'withdrawal')", name=op.f('ck_recall_revision_kind_is_known')),
    sa.PrimaryKeyConstraint('recall_id', 'number', name=op.f('pk_recall_revision'))
    )
    for statement in append_only_sql('recall_revision', op.get_bind().dialect.name):
        op.execute(statement)
    op.create_table('recall_subscriber',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('sealed_address', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('leave_hash', sa.String(length=64), nullable=False),
    sa.Column('sealed_leave', sa.Text(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recall_subscriber')),
    sa.UniqueConstraint('address_hash', name=op.f('uq_recall_subscriber_address_hash')),
    sa.UniqueConstraint('leave_hash', name=op.f('uq_recall_subscriber_leave_hash'))
    )
    op.create_table('recall_subscription',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('subscriber_id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('lot_key', sa.String(length=32), nullable=True),
    sa.Column('confirm_hash', sa.String(length=64), nullable=False),
    sa.Column('sealed_confirm', sa.Text(), nullable=False),
    sa.Column('asked_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('confirmed_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint('product_id IS NULL OR lot_key IS NULL', name=op.f('ck_recall_subscription_about_one_thing')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['recall_subscriber.id'],
                            name=op.f('fk_recall_subscription_subscriber_id_recall_subscriber')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recall_subscription'))
    )
    op.create_index('ix_recall_subscription_product', 'recall_subscription', ['product_id'], unique=False)
    op.create_index('ix_recall_subscription_lot', 'recall_subscription', ['lot_key'], unique=False)
    op.create_index(op.f('ix_recall_subscription_subscriber_id'), 'recall_subscription', ['subscriber_id'],
                    unique=False)
    op.create_index(op.f('ix_recall_subscription_confirm_hash'), 'recall_subscription', ['confirm_hash'], unique=False)
    op.create_table('recall_subscriber_mail',
    sa.Column('event', sa.String(length=80), nullable=False),
    sa.Column('subscriber_id', sa.String(length=32), nullable=False),
    sa.Column('queued_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('event', 'subscriber_id', name=op.f('pk_recall_subscriber_mail'))
    )
