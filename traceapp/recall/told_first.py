"""When consignees were first told of what came with each version of a scope; a notice itself says when it went last."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage

from .model import Notice, NoticeAttempt, RecallSignature, RecallSnapshot
from .notices import KINDS


def scopes_told_since(session: Session, recall_id: str) -> dict[int, datetime]:
    """{number of a scope: when it was approved}: nothing before that tells of what came in with it. Two statements."""
    frozen = session.execute(select(RecallSnapshot.scope_number, func.max(
        RecallSnapshot.taken_at, type_=RecallSnapshot.taken_at.type)).where(
        RecallSnapshot.recall_id == recall_id).group_by(RecallSnapshot.scope_number)).all()
    approved = session.scalars(select(RecallSignature.at).where(
        RecallSignature.recall_id == recall_id, RecallSignature.meaning == "approved")).all()
    return {number: min(at for at in approved if at >= taken) for number, taken in frozen
            if any(at >= taken for at in approved)}


def proofs_of_telling(session: Session, recall_id: str,
                      consignees: Collection[str]) -> Mapping[str, Sequence[datetime]]:
    """{consignee: each moment at which a server or gateway took a letter to it, or somebody reached it}."""
    letters = (select(Notice.consignee_id, OutboxAttempt.at)
               .join(OutboxMessage, OutboxMessage.subject_key == literal("notice:") + Notice.id)
               .join(OutboxAttempt, OutboxAttempt.message_id == OutboxMessage.id)
               .where(Notice.recall_id == recall_id, Notice.consignee_id.in_(consignees),
                      OutboxMessage.kind.in_(KINDS), OutboxMessage.state == MessageState.sent,
                      OutboxAttempt.outcome == MessageState.sent))
    calls = select(NoticeAttempt.consignee_id, NoticeAttempt.at).where(
        NoticeAttempt.recall_id == recall_id, NoticeAttempt.consignee_id.in_(consignees),
        NoticeAttempt.reached.is_(True))
    found = defaultdict[str, list[datetime]](list)
    for consignee_id, at in session.execute(letters.union_all(calls)):
        found[consignee_id].append(at)
    return found


def first_told_at(session: Session, recall_id: str) -> datetime | None:
    """When the first of all consignees was told; None where nothing shows it. One statement."""
    letters = (select(func.min(OutboxAttempt.at).label("at"))
               .join(OutboxMessage, OutboxAttempt.message_id == OutboxMessage.id)
               .join(Notice, OutboxMessage.subject_key == literal("notice:") + Notice.id)
               .where(Notice.recall_id == recall_id, OutboxMessage.kind.in_(KINDS),
                      OutboxMessage.state == MessageState.sent, OutboxAttempt.outcome == MessageState.sent))
    calls = select(func.min(NoticeAttempt.at)).where(
        NoticeAttempt.recall_id == recall_id, NoticeAttempt.reached.is_(True))
    both = letters.union_all(calls).subquery()
    return session.scalar(select(func.min(both.c.at, type_=NoticeAttempt.at.type)))
