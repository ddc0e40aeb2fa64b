"""What comes after the end: names as data, answers of those further down, goods; answers from before are judged"""
from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.core.ids import new_id

revision = '0070'
down_revision = '0069'
branch_labels = None
depends_on = None

_LATE = "('waiting', 'same', 'replaced', 'taken', 'noted', 'withdrawn')"


def upgrade() -> None:
    """Columns and tables; goods that came back after an end and are still somebody's work wait there; the scheduler is
    asked to judge late answers that nobody judged."""
    op.add_column('notice_answer', sa.Column('passed', traceapp.db.types.JsonText(), server_default='[]',
                                             nullable=False))
    op.add_column('recall_scope_follow', sa.Column('returns_at', traceapp.db.types.UtcTime(), nullable=True))
    op.create_table('recall_late_passed',
    sa.Column('passed_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('answered_by', sa.String(length=200), nullable=False),
    sa.Column('lines', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('passed', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    *_state(_LATE, 'recall_late_passed'),
    sa.PrimaryKeyConstraint('passed_id', 'position', name=op.f('pk_recall_late_passed'))
    )
    op.create_index('ix_recall_late_passed_state', 'recall_late_passed', ['recall_id', 'state'], unique=False)
    op.create_table('recall_late_return',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('return_id', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('units', traceapp.db.types.Amount(), nullable=False),
    *_state("('waiting', 'noted', 'taken')", 'recall_late_return'),
    sa.PrimaryKeyConstraint('lot_key', 'return_id', name=op.f('pk_recall_late_return'))
    )
    op.create_index('ix_recall_late_return_recall', 'recall_late_return', ['recall_id', 'consignee_id'], unique=False)
    op.execute("""INSERT INTO recall_late_return
            (lot_key, return_id, recall_id, consignee_id, units, state, came_at, reason)
        SELECT back.lot_key, back.id, back.recall_id, back.consignee_id, back.units, 'waiting', back.counted_at, ''
        FROM recall_return back JOIN recall ON recall.id = back.recall_id
        JOIN notice ON notice.recall_id = back.recall_id AND notice.consignee_id = back.consignee_id
        WHERE recall.state IN ('terminated', 'closed_no_action') AND back.counted_at >= recall.closed_at
        AND EXISTS (SELECT 1 FROM task WHERE task.about = 'notice:' || notice.id
                    AND task.kind = 'recall.late_return' AND task.state = 'open')""")
    _ask()


def _state(states: str, name: str) -> tuple[sa.Column | sa.CheckConstraint, ...]:
    return (sa.Column('state', sa.String(length=10), nullable=False),
            sa.Column('came_at', traceapp.db.types.UtcTime(), nullable=False),
            sa.Column('ended_at', traceapp.db.types.UtcTime(), nullable=True),
            sa.Column('ended_by', sa.String(length=80), nullable=True),
            sa.Column('reason', sa.Text(), nullable=False),
            sa.CheckConstraint(f'state IN {states}', name=op.f(f'ck_{name}_state_is_known')))


def _ask() -> None:
    """Which answer says what the books say, and whose duty ends, is told by the rule itself, in the trail."""
    work = sa.table('work_row', sa.column('id'), sa.column('kind'), sa.column('subject_key'),
                    sa.column('payload', traceapp.db.types.JsonText()),
                    sa.column('created_at', traceapp.db.types.UtcTime()), sa.column('attempts', sa.Integer()))
    late = sa.table('recall_late_answer', sa.column('recall_id'), sa.column('state'))
    connection, now = op.get_bind(), datetime.now(UTC)
    keys = set(connection.scalars(sa.select(late.c.recall_id).where(late.c.state == 'waiting')))
    keys |= set(connection.scalars(sa.text("""SELECT notice.recall_id FROM task JOIN notice
        ON task.about = 'notice:' || notice.id WHERE task.kind = 'recall.late_return' AND task.state = 'open'""")))
    if keys:
        connection.execute(sa.insert(work), [
            {'id': new_id(now), 'kind': 'recall.review_late', 'subject_key': key, 'payload': {}, 'created_at': now,
             'attempts': 0} for key in sorted(keys)])
