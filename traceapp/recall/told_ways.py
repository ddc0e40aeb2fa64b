"""By which ways the direct consignees of a recall were told: each counted once for a way, tries that reached nobody
nowhere."""
from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, select
from sqlalchemy.orm import Session

from traceapp.outbox.model import MessageState, OutboxMessage

from .model import Notice, NoticeAttempt
from .notices import KINDS
from .ways import MAIL, TEXT, way_of

# A letter that a mail server took; a message that a gateway took, where no letter was; nothing but an answer.
BY_MAIL, BY_TEXT, BY_ANSWER = "e-mail", "text", "answer"


def _is_taken(way: str) -> ColumnElement[bool]:
    return exists(select(OutboxMessage.id).where(
        OutboxMessage.subject_key == literal("notice:") + Notice.id, OutboxMessage.state == MessageState.sent,
        OutboxMessage.kind.in_([kind for kind in KINDS if way_of(kind) == way])))


def told_ways(session: Session, recall_id: str) -> tuple[tuple[str, int], ...]:
    """(way, how many consignees were told by it), in two statements."""
    is_sent, by_text = Notice.sent_at.is_not(None), and_(_is_taken(TEXT), ~_is_taken(MAIL))
    is_reached = and_(NoticeAttempt.recall_id == Notice.recall_id, NoticeAttempt.consignee_id == Notice.consignee_id,
                      NoticeAttempt.reached.is_(True), NoticeAttempt.at >= Notice.queued_at)
    is_answer = and_(~is_sent, Notice.answered_at.is_not(None), ~exists(select(NoticeAttempt.way).where(is_reached)))
    mail, text, answer = session.execute(select(
        func.count(case((and_(is_sent, ~by_text), 1))), func.count(case((and_(is_sent, by_text), 1))),
        func.count(case((is_answer, 1)))).where(Notice.recall_id == recall_id)).one()
    by_way = {way: count for way, count in session.execute(
        select(NoticeAttempt.way, func.count(NoticeAttempt.consignee_id.distinct())).join(Notice, is_reached)
        .where(Notice.recall_id == recall_id).group_by(NoticeAttempt.way).order_by(NoticeAttempt.way))}
    by_way[BY_MAIL] = by_way.get(BY_MAIL, 0) + mail
    found = {BY_MAIL: by_way.pop(BY_MAIL), BY_TEXT: text, **by_way, BY_ANSWER: answer}
    return tuple((way, count) for way, count in found.items() if count)
