"""CAPAs: the case with what it is about, whys, causes, actions, verifications, questions, decisions; nothing is there before"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0036'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables alone."""
    _cases()
    _parts()
    for statement in append_only_sql('capa_decision', op.get_bind().dialect.name):
        op.execute(statement)


def _cases() -> None:
    op.create_table('capa',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.Column('problem_kind', sa.String(length=40), nullable=False),
    sa.Column('origin', sa.String(length=80), nullable=False),
    sa.Column('owner_id', sa.String(length=32), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('opened_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('opened_by', sa.String(length=32), nullable=False),
    sa.Column('closed_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('no_cause', sa.Text(), nullable=False),
    sa.Column('changes', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('corrective', 'preventive')", name=op.f('ck_capa_kind_is_known')),
    sa.CheckConstraint("state IN ('open', 'investigating', 'planned', 'acting', 'verifying', 'closed', 'cancelled', 'reopened')", name=op.f('ck_capa_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capa')),
    sa.UniqueConstraint('reference', name=op.f('uq_capa_reference'))
    )
    op.create_index('ix_capa_opened', 'capa', ['opened_at'], unique=False)
    op.create_index('ix_capa_owner', 'capa', ['owner_id'], unique=False)
    op.create_index('ix_capa_state_opened', 'capa', ['state', 'opened_at'], unique=False)
    op.create_index('uq_capa_running_origin', 'capa', ['origin', 'kind'], unique=True, sqlite_where=sa.text("origin <> '' AND state NOT IN ('closed', 'cancelled')"), postgresql_where=sa.text("origin <> '' AND state NOT IN ('closed', 'cancelled')"))
    op.create_table('capa_decision',
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('before', sa.String(length=16), nullable=False),
    sa.Column('after', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('user_id', sa.String(length=32), nullable=False),
    sa.Column('user_name', sa.String(length=120), nullable=False),
    sa.Column('meaning', sa.String(length=40), nullable=False),
    sa.Column('signed_hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('capa_id', 'position', name=op.f('pk_capa_decision'))
    )


def _parts() -> None:
    op.create_table('capa_action',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.String(length=32), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('done_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('done_by', sa.String(length=32), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('escalated_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name=op.f('ck_capa_action_done_has_its_time')),
    sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f('ck_capa_action_state_is_known')),
    sa.ForeignKeyConstraint(['capa_id'], ['capa.id'], name=op.f('fk_capa_action_capa_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capa_action'))
    )
    op.create_index('ix_capa_action_capa', 'capa_action', ['capa_id', 'position'], unique=False)
    op.create_index('ix_capa_action_due', 'capa_action', ['state', 'due_on'], unique=False)
    op.create_table('capa_cause',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.Column('parent_id', sa.String(length=32), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('verdict', sa.String(length=10), nullable=False),
    sa.CheckConstraint("kind IN ('man', 'machine', 'material', 'method', 'environment', 'measurement', 'lot', 'upstream', 'supplier', 'line', 'equipment', 'operator', 'load', 'site', 'lane', 'consignee')", name=op.f('ck_capa_cause_kind_is_known')),
    sa.CheckConstraint("verdict IN ('supposed', 'confirmed', 'excluded')", name=op.f('ck_capa_cause_verdict_is_known')),
    sa.ForeignKeyConstraint(['capa_id'], ['capa.id'], name=op.f('fk_capa_cause_capa_id')),
    sa.ForeignKeyConstraint(['parent_id'], ['capa_cause.id'], name=op.f('fk_capa_cause_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capa_cause'))
    )
    op.create_index('ix_capa_cause_capa', 'capa_cause', ['capa_id', 'position'], unique=False)
    op.create_table('capa_check',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('criterion', sa.Text(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('planned_on', sa.Date(), nullable=False),
    sa.Column('stated_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('stated_by', sa.String(length=32), nullable=False),
    sa.Column('result', sa.Text(), nullable=False),
    sa.Column('conclusion', sa.String(length=16), nullable=True),
    sa.Column('concluded_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('concluded_by', sa.String(length=32), nullable=True),
    sa.Column('escalated_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("conclusion IN ('effective', 'not_effective')", name=op.f('ck_capa_check_conclusion_is_known')),
    sa.CheckConstraint('(conclusion IS NULL) = (concluded_at IS NULL)', name=op.f('ck_capa_check_conclusion_has_its_time')),
    sa.ForeignKeyConstraint(['capa_id'], ['capa.id'], name=op.f('fk_capa_check_capa_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capa_check'))
    )
    op.create_index('ix_capa_check_capa', 'capa_check', ['capa_id', 'position'], unique=False)
    op.create_index('ix_capa_check_due', 'capa_check', ['planned_on'], unique=False)
    op.create_table('capa_link',
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('target_id', sa.String(length=32), nullable=False),
    sa.Column('lot_key', sa.String(length=32), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('added_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('added_by', sa.String(length=32), nullable=False),
    sa.CheckConstraint("kind IN ('signal', 'recall', 'complaint', 'adverse_event', 'supplier', 'inspection')", name=op.f('ck_capa_link_kind_is_known')),
    sa.ForeignKeyConstraint(['capa_id'], ['capa.id'], name=op.f('fk_capa_link_capa_id')),
    sa.PrimaryKeyConstraint('capa_id', 'kind', 'target_id', name=op.f('pk_capa_link'))
    )
    op.create_index('ix_capa_link_target', 'capa_link', ['kind', 'target_id'], unique=False)
    op.create_table('capa_product',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['capa_id'], ['capa.id'], name=op.f('fk_capa_product_capa_id')),
    sa.PrimaryKeyConstraint('product_id', 'capa_id', name=op.f('pk_capa_product'))
    )
    op.create_index(op.f('ix_capa_product_capa_id'), 'capa_product', ['capa_id'], unique=False)
    op.create_table('capa_question',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('question', sa.Text(), nullable=False),
    sa.Column('asked_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('asked_by', sa.String(length=32), nullable=False),
    sa.Column('asked_of_id', sa.String(length=32), nullable=False),
    sa.Column('due_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('is_due_sure', sa.Boolean(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('answered_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('answered_by', sa.String(length=32), nullable=True),
    sa.Column('escalated_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("(answered_at IS NULL) = (answer = '')", name=op.f('ck_capa_question_answer_has_its_time')),
    sa.ForeignKeyConstraint(['capa_id'], ['capa.id'], name=op.f('fk_capa_question_capa_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capa_question'))
    )
    op.create_index('ix_capa_question_capa', 'capa_question', ['capa_id', 'position'], unique=False)
    op.create_index('ix_capa_question_due', 'capa_question', ['answered_at', 'due_at'], unique=False)
    op.create_table('capa_why',
    sa.Column('capa_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['capa_id'], ['capa.id'], name=op.f('fk_capa_why_capa_id')),
    sa.PrimaryKeyConstraint('capa_id', 'position', name=op.f('pk_capa_why'))
    )
