"""Reports to authorities, their files, signatures and answers"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables."""
    op.create_table('received_case',
    sa.Column('form', sa.String(length=24), nullable=False),
    sa.Column('case_id', sa.String(length=200), nullable=False),
    sa.Column('version', sa.String(length=60), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('adverse_event_id', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('form', 'case_id', 'version', name=op.f('pk_received_case'))
    )
    op.create_index('ix_received_case_complaint', 'received_case', ['complaint_id'], unique=False)
    op.create_table('report',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('lot_key', sa.String(length=32), nullable=True),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('jurisdiction', sa.String(length=8), nullable=False),
    sa.Column('receiver', sa.String(length=200), nullable=False),
    sa.Column('form', sa.String(length=24), nullable=False),
    sa.Column('format', sa.String(length=8), nullable=False),
    sa.Column('profile', sa.String(length=8), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('earlier_id', sa.String(length=32), nullable=True),
    sa.Column('number', sa.String(length=100), nullable=False),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.Column('clock_ids', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('due_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('case_revision', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('findings', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('warnings_reason', sa.Text(), nullable=False),
    sa.Column('prepared_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('prepared_by', sa.String(length=80), nullable=False),
    sa.Column('checked_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('checked_by', sa.String(length=80), nullable=True),
    sa.Column('approved_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('approved_by', sa.String(length=80), nullable=True),
    sa.Column('sent_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('sent_by', sa.String(length=80), nullable=True),
    sa.Column('channel', sa.String(length=80), nullable=False),
    sa.Column('sent_id', sa.String(length=120), nullable=False),
    sa.Column('answered_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('acknowledgement', sa.String(length=120), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('initial', 'followup', 'final', 'amendment', 'nullification')", name=op.f('ck_report_kind_is_known')),
    sa.CheckConstraint("profile IN ('full', 'masked')", name=op.f('ck_report_profile_is_known')),
    sa.CheckConstraint("state <> 'acknowledged' OR (sha256 IS NOT NULL AND acknowledgement <> '')", name=op.f('ck_report_acknowledged_has_a_proof')),
    sa.CheckConstraint("state <> 'sent' OR (sha256 IS NOT NULL AND sent_at IS NOT NULL)", name=op.f('ck_report_sent_has_a_file')),
    sa.CheckConstraint("state IN ('prepared', 'checked', 'approved', 'sent', 'acknowledged', 'rejected', 'corrected', 'withdrawn')", name=op.f('ck_report_state_is_known')),
    sa.ForeignKeyConstraint(['earlier_id'], ['report.id'], name=op.f('fk_report_earlier_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report'))
    )
    op.create_index('ix_report_message', 'report', ['message_id'], unique=False)
    op.create_index('ix_report_number', 'report', ['number'], unique=False)
    op.create_index('ix_report_prepared', 'report', ['prepared_at', 'id'], unique=False)
    op.create_index('ix_report_state', 'report', ['state', 'due_at'], unique=False)
    op.create_index('uq_report_version', 'report', ['about', 'jurisdiction', 'version'], unique=True)
    op.create_table('report_answer',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('reader', sa.String(length=24), nullable=False),
    sa.Column('verdict', sa.String(length=12), nullable=False),
    sa.Column('names', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('number', sa.String(length=120), nullable=False),
    sa.Column('texts', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=80), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.CheckConstraint("verdict IN ('accepted', 'rejected', 'received')", name=op.f('ck_report_answer_verdict_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_answer'))
    )
    op.create_index('ix_report_answer_at', 'report_answer', ['at', 'id'], unique=False)
    op.create_index('uq_report_answer_part', 'report_answer', ['sha256', 'part'], unique=True)
    op.create_table('report_series',
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_report_series'))
    )
    op.create_table('report_answer_match',
    sa.Column('answer_id', sa.String(length=32), nullable=False),
    sa.Column('report_id', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['answer_id'], ['report_answer.id'], name=op.f('fk_report_answer_match_answer_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_report_answer_match_report_id')),
    sa.PrimaryKeyConstraint('answer_id', name=op.f('pk_report_answer_match'))
    )
    op.create_index('ix_report_answer_match_report', 'report_answer_match', ['report_id'], unique=False)
    op.create_table('report_file',
    sa.Column('report_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=80), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.Column('added_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('added_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint("role IN ('form', 'masked', 'case', 'answer')", name=op.f('ck_report_file_role_is_known')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_report_file_report_id')),
    sa.PrimaryKeyConstraint('report_id', 'position', name=op.f('pk_report_file'))
    )
    op.create_index('ix_report_file_sha256', 'report_file', ['sha256'], unique=False)
    op.create_table('report_signature',
    sa.Column('report_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.String(length=32), nullable=False),
    sa.Column('user_name', sa.String(length=120), nullable=False),
    sa.Column('meaning', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('signed_hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_report_signature_report_id')),
    sa.PrimaryKeyConstraint('report_id', 'position', name=op.f('pk_report_signature'))
    )
    for table in ('report_file', 'report_signature', 'report_answer', 'report_answer_match', 'received_case'):
        for statement in append_only_sql(table, op.get_bind().dialect.name):
            op.execute(sa.text(statement.replace(':', '\\:')))
