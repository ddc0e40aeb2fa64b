"""The whole way of a complaint: states, triage as answered, what was promised"""
from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

_STATES = ('received', 'verified', 'cause', 'solution', 'agreed', 'carried_out', 'told', 'followed_up', 'archived',
           'improvement')
_MAPPED = {'triaged': 'verified', 'investigating': 'verified', 'answered': 'told', 'closed': 'archived'}
# Hours until a case should be resolved, as first promised; what changes later is no matter of this revision.
_RESOLUTION = {'critical': 240, 'major': 360, 'moderate': 480, 'minor': 720, 'none': 1080}
_CLOCK_OF = {'complaint.answer': 'first_answer', 'complaint.triage': 'triage', 'complaint.decide': 'decision'}


def upgrade() -> None:
    """Columns, then the states in their new words, then the promises of the cases that are there."""
    _columns()
    _states()
    op.create_table('service_clock',
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('due_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('escalated_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("kind IN ('first_answer', 'triage', 'decision', 'resolution')",
                       name=op.f('ck_service_clock_kind_is_known')),
    sa.PrimaryKeyConstraint('complaint_id', 'kind', 'round', name=op.f('pk_service_clock'))
    )
    op.create_index('ix_service_clock_running', 'service_clock', ['due_at'], unique=False,
                    sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('ix_service_clock_started', 'service_clock', ['started_at'], unique=False)
    _promises()
    _roster()
    _compensation()
    _task_forces()
    _returns()


def _columns() -> None:
    empty = {'server_default': '', 'nullable': False}
    op.add_column('complaint', sa.Column('kinds', traceapp.db.types.JsonText(), server_default='[]', nullable=False))
    op.add_column('complaint', sa.Column('triage', traceapp.db.types.JsonText(), server_default='{}', nullable=False))
    op.add_column('complaint', sa.Column('is_suspected_fake', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('complaint', sa.Column('investigation', sa.String(length=12), server_default='undecided',
                                         nullable=False))
    for name in ('cause', 'solution', 'improvement'):
        op.add_column('complaint', sa.Column(name, sa.Text(), **empty))
    op.add_column('complaint', sa.Column('responder_id', sa.String(length=32), nullable=True))
    op.add_column('complaint', sa.Column('times_reopened', sa.Integer(), server_default='0', nullable=False))
    op.add_column('complaint', sa.Column('satisfaction', sa.Integer(), nullable=True))
    op.add_column('complaint', sa.Column('recommendation', sa.Integer(), nullable=True))
    op.add_column('complaint', sa.Column('surveyed_at', traceapp.db.types.UtcTime(), nullable=True))


def _states() -> None:
    with op.batch_alter_table('complaint') as batch_op:
        batch_op.drop_constraint(op.f('ck_complaint_state_is_known'), type_='check')
    op.execute("UPDATE complaint SET investigation = 'begun' WHERE state = 'investigating'")
    for old, new in _MAPPED.items():
        op.execute(f"UPDATE complaint SET state = '{new}' WHERE state = '{old}'")
    known = ', '.join(f"'{state}'" for state in _STATES)
    with op.batch_alter_table('complaint') as batch_op:
        batch_op.create_check_constraint(op.f('ck_complaint_state_is_known'), f'state IN ({known})')
        batch_op.create_check_constraint(op.f('ck_complaint_satisfaction_is_a_grade'), 'satisfaction BETWEEN 1 AND 5')
        batch_op.create_check_constraint(op.f('ck_complaint_recommendation_is_a_grade'),
                                         'recommendation BETWEEN 0 AND 10')
        batch_op.create_check_constraint(op.f('ck_complaint_investigation_is_known'),
                                         "investigation IN ('undecided', 'needed', 'begun', 'not_needed')")


def _promises() -> None:
    """What was promised of each case is what its tasks said; the resolution of an open one is promised from now on."""
    bind = op.get_bind()
    clock = sa.table('service_clock', *(sa.column(name) for name in ('complaint_id', 'kind', 'round')), *(
        sa.column(name, traceapp.db.types.UtcTime()) for name in ('started_at', 'due_at', 'ended_at')))
    task = sa.table('task', sa.column('about'), sa.column('kind'), *(
        sa.column(name, traceapp.db.types.UtcTime()) for name in ('due_at', 'done_at')))
    complaint = sa.table('complaint', *(sa.column(name) for name in ('id', 'state', 'severity')),
                         sa.column('awareness_at', traceapp.db.types.UtcTime()))
    for kind, name in _CLOCK_OF.items():
        bind.execute(clock.insert().from_select(
            ['complaint_id', 'kind', 'round', 'started_at', 'due_at', 'ended_at'],
            sa.select(complaint.c.id, sa.literal(name), sa.literal(1), complaint.c.awareness_at,
                      sa.func.min(task.c.due_at), sa.func.min(task.c.done_at))
            .join(task, task.c.about == sa.literal('complaint:') + complaint.c.id).where(task.c.kind == kind)
            .group_by(complaint.c.id, complaint.c.awareness_at)))
    rows = bind.execute(sa.select(complaint.c.id, complaint.c.severity, complaint.c.awareness_at)
                        .where(complaint.c.state != 'archived')).all()
    if rows:
        bind.execute(clock.insert(), [
            {'complaint_id': row.id, 'kind': 'resolution', 'round': 1, 'started_at': row.awareness_at,
             'due_at': row.awareness_at + timedelta(hours=_RESOLUTION[row.severity]), 'ended_at': None}
            for row in rows])


def _roster() -> None:
    op.create_table('duty_shift',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.String(length=32), nullable=False),
    sa.Column('weekdays', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('starts_minute', sa.Integer(), nullable=False),
    sa.Column('ends_minute', sa.Integer(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=True),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint('starts_minute BETWEEN 0 AND 1439 AND ends_minute BETWEEN 0 AND 1439',
                       name=op.f('ck_duty_shift_minutes_of_a_day')),
    sa.CheckConstraint('last_on IS NULL OR last_on >= first_on', name=op.f('ck_duty_shift_ends_after_it_begins')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_shift'))
    )
    op.create_index(op.f('ix_duty_shift_user_id'), 'duty_shift', ['user_id'], unique=False)


def _compensation() -> None:
    op.create_table('compensation',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('severity', sa.String(length=10), nullable=False),
    sa.Column('offer', sa.String(length=24), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('proposed_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('decided_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.CheckConstraint("state IN ('proposed', 'approved', 'declined')", name=op.f('ck_compensation_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_compensation')),
    sa.UniqueConstraint('complaint_id', 'kind', 'round', name=op.f('uq_compensation_complaint_id_kind_round'))
    )
    op.create_index('ix_compensation_state', 'compensation', ['state', 'proposed_at'], unique=False)


def _task_forces() -> None:
    op.create_table('task_force',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('cause', sa.String(length=10), nullable=False),
    sa.Column('lot_key', sa.String(length=32), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('opened_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('opened_by', sa.String(length=80), nullable=False),
    sa.Column('held_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('ended_by', sa.String(length=80), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("cause IN ('cluster', 'decision')", name=op.f('ck_task_force_cause_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task_force'))
    )
    op.create_index('uq_task_force_open_lot', 'task_force', ['lot_key'], unique=True,
                    sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('ix_task_force_opened', 'task_force', ['opened_at', 'id'], unique=False)
    op.create_table('task_force_member',
    sa.Column('task_force_id', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.String(length=32), nullable=False),
    sa.Column('duty', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('task_force_id', 'user_id', name=op.f('pk_task_force_member'))
    )
    op.create_table('task_force_case',
    sa.Column('task_force_id', sa.String(length=32), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('task_force_id', 'complaint_id', name=op.f('pk_task_force_case'))
    )
    op.create_index(op.f('ix_task_force_case_complaint_id'), 'task_force_case', ['complaint_id'], unique=False)
    op.create_table('task_force_entry',
    sa.Column('task_force_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('params', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('opened', 'joined', 'case_added', 'hold_proposed', 'held', 'note', 'ended')",
                       name=op.f('ck_task_force_entry_kind_is_known')),
    sa.PrimaryKeyConstraint('task_force_id', 'position', name=op.f('pk_task_force_entry'))
    )


def _returns() -> None:
    op.create_table('complaint_return',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=False),
    sa.Column('unit', sa.String(length=3), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('asked_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('asked_by', sa.String(length=80), nullable=False),
    sa.Column('received_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('received_quantity', traceapp.db.types.Amount(), nullable=True),
    sa.Column('consignee_id', sa.String(length=32), nullable=True),
    sa.Column('shipment_id', sa.String(length=32), nullable=True),
    sa.Column('settled_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('replacement_lot_key', sa.String(length=32), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('asked', 'received', 'replaced', 'refunded', 'called_off')",
                       name=op.f('ck_complaint_return_state_is_known')),
    sa.CheckConstraint('quantity > 0', name=op.f('ck_complaint_return_quantity_is_positive')),
    sa.CheckConstraint('received_quantity IS NULL OR received_quantity > 0',
                       name=op.f('ck_complaint_return_received_is_positive')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_complaint_return'))
    )
    op.create_index('ix_complaint_return_complaint', 'complaint_return', ['complaint_id'], unique=False)
