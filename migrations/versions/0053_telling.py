"""Text messages beside letters; who got units from a consignee, and consumers, are told too"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0053'
down_revision = '0052'
branch_labels = None
depends_on = None

_STATE = "state IN ('queued', 'sent', 'not_sent', 'uncertain', 'answered')"
_WAYS = "notice_way IN ('all', 'mail', 'text')"


def upgrade() -> None:
    """Contacts have no mobile number yet; recalls that stand keep the first templates."""
    with op.batch_alter_table('party_contact') as batch_op:
        batch_op.add_column(sa.Column('mobile', sa.String(length=16), server_default='', nullable=False))
        batch_op.add_column(sa.Column('notice_way', sa.String(length=4), server_default='all', nullable=False))
        batch_op.create_check_constraint(op.f('ck_party_contact_notice_way_is_known'), _WAYS)
    op.add_column('recall', sa.Column('letter_version', sa.String(length=20), nullable=True))
    op.create_index('ix_notice_state', 'notice', ['recall_id', 'state'])
    op.create_index('ix_outbox_message_due', 'outbox_message', ['state', 'due_at'])
    op.create_index('ix_outbox_message_number', 'outbox_message', ['message_id'])
    op.drop_index(op.f('ix_outbox_message_due_at'), 'outbox_message')
    _passed()
    op.create_table(
        'consumer_notice',
        sa.Column('recall_id', sa.String(length=32), nullable=False),
        sa.Column('person_id', sa.String(length=32), nullable=False),
        sa.Column('id', sa.String(length=32), nullable=False),
        sa.Column('state', sa.String(length=12), nullable=False),
        sa.Column('queued_at', traceapp.db.types.UtcTime(), nullable=False),
        sa.Column('settled_at', traceapp.db.types.UtcTime(), nullable=True),
        sa.CheckConstraint(_STATE, name=op.f('ck_consumer_notice_state_is_known')),
        sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_consumer_notice_recall_id_recall')),
        sa.PrimaryKeyConstraint('recall_id', 'person_id', name=op.f('pk_consumer_notice')))
    op.create_index('ix_consumer_notice_state', 'consumer_notice', ['recall_id', 'state'])


def _passed() -> None:
    op.create_table(
        'notice_pass_on',
        sa.Column('id', sa.String(length=32), nullable=False),
        *(sa.Column(name, sa.String(length=size), nullable=False) for name, size in (
            ('recall_id', 32), ('consignee_id', 32), ('name', 200), ('email', 254), ('mobile', 16), ('phone', 40),
            ('language', 8), ('token_hash', 64))),
        sa.Column('sealed_token', sa.Text(), nullable=False),
        sa.Column('state', sa.String(length=12), nullable=False),
        sa.Column('named_at', traceapp.db.types.UtcTime(), nullable=False),
        sa.Column('named_by', sa.String(length=80), nullable=False),
        *(sa.Column(name, traceapp.db.types.UtcTime(), nullable=True) for name in (
            'sent_at', 'opened_at', 'answered_at')),
        sa.Column('answers', sa.Integer(), nullable=False),
        sa.Column('reminders', sa.Integer(), nullable=False),
        sa.Column('reminded_at', traceapp.db.types.UtcTime(), nullable=True),
        sa.CheckConstraint(_STATE, name=op.f('ck_notice_pass_on_state_is_known')),
        sa.CheckConstraint("email <> '' OR mobile <> '' OR phone <> ''", name=op.f('ck_notice_pass_on_can_be_reached')),
        sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_notice_pass_on_recall_id_recall')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_pass_on')))
    op.create_index('ix_notice_pass_on_consignee', 'notice_pass_on', ['recall_id', 'consignee_id'])
    op.create_index('ix_notice_pass_on_token', 'notice_pass_on', ['token_hash'])
    op.create_table(
        'notice_pass_on_line',
        sa.Column('notice_id', sa.String(length=32), nullable=False),
        sa.Column('lot_key', sa.String(length=32), nullable=False),
        sa.Column('units', traceapp.db.types.Amount(), nullable=False),
        *(sa.Column(name, traceapp.db.types.Amount(), nullable=True) for name in ('on_hand', 'used', 'returned')),
        sa.Column('answered_at', traceapp.db.types.UtcTime(), nullable=True),
        sa.Column('answered_by', sa.String(length=200), nullable=False),
        sa.Column('explanation', sa.Text(), nullable=False),
        sa.CheckConstraint('units > 0', name=op.f('ck_notice_pass_on_line_some_units')),
        sa.CheckConstraint('on_hand IS NULL OR (on_hand >= 0 AND used >= 0 AND returned >= 0)',
                           name=op.f('ck_notice_pass_on_line_answers_are_not_negative')),
        sa.ForeignKeyConstraint(['notice_id'], ['notice_pass_on.id'],
                                name=op.f('fk_notice_pass_on_line_notice_id_notice_pass_on')),
        sa.PrimaryKeyConstraint('notice_id', 'lot_key', name=op.f('pk_notice_pass_on_line')))
