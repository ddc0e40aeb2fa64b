"""What was passed on can be destroyed or put right where it came to; each notice has its own day to answer by"""
from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0075'
down_revision = '0074'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Answers of before said nothing of what was destroyed. A notice keeps the day that its letter named: of a recall that
    never grew that of the recall, else so long after it was told as its class gives."""
    for name in ('destroyed', 'corrected', 'unproved'):
        op.add_column('notice_pass_on_line', sa.Column(name, traceapp.db.types.Amount(), server_default='0',
                                                       nullable=False))
    op.add_column('notice_pass_on_line', sa.Column('accepted_at', traceapp.db.types.UtcTime(), nullable=True))
    op.add_column('notice_pass_on_line', sa.Column('accepted_by', sa.String(length=32), nullable=True))
    op.add_column('notice_pass_on_line', sa.Column('accepted_reason', sa.Text(), server_default='', nullable=False))
    with op.batch_alter_table('notice_pass_on_line') as batch_op:
        batch_op.create_check_constraint(op.f('ck_notice_pass_on_line_proved_are_destroyed'),
                                         'unproved >= 0 AND unproved <= destroyed AND corrected >= 0')
    for table in ('notice', 'notice_pass_on'):
        op.add_column(table, sa.Column('answer_by', traceapp.db.types.UtcTime(), nullable=False,
                                       server_default='1970-01-01T00:00:00.000000+00:00'))
    _days_of_notices()


def _days_of_notices() -> None:
    time = traceapp.db.types.UtcTime()
    recall = sa.table('recall', sa.column('id'), sa.column('recall_class'), sa.column('scope_number'),
                      sa.column('answer_by', time))
    notice = sa.table('notice', sa.column('recall_id'), sa.column('consignee_id'), sa.column('queued_at', time),
                      sa.column('answer_by', time))
    passed = sa.table('notice_pass_on', sa.column('id'), sa.column('recall_id'), sa.column('consignee_id'),
                      sa.column('named_at', time), sa.column('answer_by', time))
    there = op.get_bind()
    for key, recall_class, number, answer_by in there.execute(sa.select(recall)).all():
        days = timedelta(days={'I': 1, 'II': 3}.get(recall_class, 7))
        of_recall = notice.c.recall_id == key
        for (at,) in there.execute(sa.select(notice.c.queued_at).where(of_recall).distinct()).all():
            due = answer_by if number == 1 and answer_by else at + days
            there.execute(sa.update(notice).where(of_recall, notice.c.queued_at == at).values(answer_by=due))
        for passed_id, at, due in there.execute(
                sa.select(passed.c.id, passed.c.named_at, notice.c.answer_by).select_from(passed.outerjoin(notice, sa.and_(
                    notice.c.recall_id == passed.c.recall_id, notice.c.consignee_id == passed.c.consignee_id)))
                .where(passed.c.recall_id == key)).all():
            there.execute(sa.update(passed).where(passed.c.id == passed_id).values(
                answer_by=max(at + days, due or at)))
