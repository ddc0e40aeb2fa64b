"""Asking again those who have not answered, and telephoning when letters do not help."""
from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from traceapp.audit import record
from traceapp.catalog.queries import recall_contacts
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock

from .cases import IS_TOLD_LINE, RUNS, notice_stream
from .model import Notice, Recall, RecallLedger
from .notices import TELEPHONE_TASK, queue_reminder, raise_notice_task, reachable
from .passing_on import CALL_PASSED_TASK, PASSED_REMINDER_KIND, raise_passed_task, reach_of, tell_passed
from .policy import AGAIN_DAYS, ANSWER_DAYS, MOST_REMINDERS
from .states import NoticeState
from .telling_model import PassedLine, PassedNotice


def remind_due(session: Session, clock: Clock, *, limit: int = 500) -> int:
    """How many consignees were reminded or given to somebody to telephone; 0 when nobody is due.

    Who still has a lot without an answer gets a reminder when the time of the class is over, then again, at most
    MOST_REMINDERS times; after that, without an address, or while the notice itself still waits for a server, a task
    to telephone, renewed as long as there is no answer. What was done stands on the row, so that running twice does
    nothing twice.
    """
    now = clock.now()
    due = session.execute(
        select(Notice, Recall).join(Recall, Recall.id == Notice.recall_id)
        .where(RUNS, Notice.answered_at.is_(None), _has_open_line(),
               or_(*(_is_due(recall_class, now) for recall_class in ANSWER_DAYS)))
        .order_by(Notice.queued_at, Notice.id).limit(limit).with_for_update(of=Notice, skip_locked=True)).all()
    contacts = recall_contacts(session, tuple({notice.consignee_id for notice, _recall in due}))
    for notice, recall in due:
        notice.reminded_at = now
        is_told = notice.state != NoticeState.queued
        if is_told and notice.reminders < MOST_REMINDERS and reachable(contacts.get(notice.consignee_id, ())):
            notice.reminders += 1
            queue_reminder(session, clock, notice, contacts[notice.consignee_id])
            record(session, SYSTEM, now, "notice.reminded", notice_stream(notice.id), {"number": notice.reminders})
        else:
            raise_notice_task(session, SYSTEM, clock, recall, notice, TELEPHONE_TASK)
    session.flush()
    return len(due)


def remind_passed(session: Session, clock: Clock, *, limit: int = 500) -> int:
    """The same for those whom consignees passed units on to."""
    now = clock.now()
    due = session.execute(
        select(PassedNotice, Recall).join(Recall, Recall.id == PassedNotice.recall_id)
        .where(RUNS, PassedNotice.answered_at.is_(None), _has_units(),
               or_(*(_is_passed_due(recall_class, now) for recall_class in ANSWER_DAYS)))
        .order_by(PassedNotice.named_at, PassedNotice.id).limit(limit)
        .with_for_update(of=PassedNotice, skip_locked=True)).all()
    for passed, recall in due:
        passed.reminded_at = now
        is_told = passed.state != NoticeState.queued
        if is_told and passed.reminders < MOST_REMINDERS and reach_of(passed).ways():
            passed.reminders += 1
            tell_passed(session, SYSTEM, clock, recall, passed, PASSED_REMINDER_KIND)
            record(session, SYSTEM, now, "notice.reminded", notice_stream(passed.id), {"number": passed.reminders})
        else:
            raise_passed_task(session, SYSTEM, clock, recall, passed, CALL_PASSED_TASK)
    session.flush()
    return len(due)


def _has_units() -> ColumnElement[bool]:
    """Whether its giver still says that it got any."""
    return exists(select(PassedLine.lot_key).where(PassedLine.notice_id == PassedNotice.id, PassedLine.units > 0))


def _is_passed_due(recall_class: str, now: datetime) -> ColumnElement[bool]:
    first, again = timedelta(days=ANSWER_DAYS[recall_class]), timedelta(days=AGAIN_DAYS[recall_class])
    told_at = func.coalesce(PassedNotice.sent_at, PassedNotice.named_at, type_=PassedNotice.named_at.type)
    return and_(Recall.recall_class == recall_class,
                or_(and_(PassedNotice.reminded_at.is_(None), told_at <= now - first),
                    PassedNotice.reminded_at <= now - again))


def _has_open_line() -> ColumnElement[bool]:
    return exists(select(RecallLedger.lot_key).where(
        RecallLedger.recall_id == Notice.recall_id, RecallLedger.consignee_id == Notice.consignee_id,
        RecallLedger.on_hand.is_(None), RecallLedger.settled_at.is_(None), IS_TOLD_LINE))


def _is_due(recall_class: str, now: datetime) -> ColumnElement[bool]:
    first, again = timedelta(days=ANSWER_DAYS[recall_class]), timedelta(days=AGAIN_DAYS[recall_class])
    told_at = func.coalesce(Notice.sent_at, Notice.queued_at, type_=Notice.queued_at.type)
    return and_(Recall.recall_class == recall_class,
                or_(and_(Notice.reminded_at.is_(None), told_at <= now - first), Notice.reminded_at <= now - again))
