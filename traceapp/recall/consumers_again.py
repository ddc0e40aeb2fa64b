"""Sending again what did not clearly arrive at consumers, all of them at once: nobody sees who they are."""
from __future__ import annotations

from sqlalchemy import ColumnElement, Select, Text, and_, exists, false, func, literal, or_, select, true, type_coerce
from sqlalchemy.orm import Session, aliased

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.identity.policy import permit
from traceapp.outbox.delivery import NOT_NEEDED, send_again
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage
from traceapp.worklist.tasks import drop_tasks

from .cases import is_running, recall_by_id, recall_stream
from .change_telling import CONSUMER_REVISION_KIND
from .consumers import CONSUMER_KINDS, CONSUMERS_TASK
from .model import Recall
from .sending_again import NOT_TAKEN, only_change
from .states import NoticeState
from .telling_model import ConsumerNotice
from .ways import both

_UNTOLD = (NoticeState.not_sent, NoticeState.uncertain)
_CHANGES = both(CONSUMER_REVISION_KIND)
_ITS_NOTICE = OutboxMessage.subject_key == literal("consumer:") + ConsumerNotice.id


def unsent_to_consumers(session: Session, recall: Recall) -> int:
    """How many letters and messages to consumers could be sent again, counted by the database in one statement, or two
    of a notice that was withdrawn."""
    return session.scalar(_unsent(session, recall).with_only_columns(func.count())) or 0


def send_consumers_again(session: Session, actor: Actor, clock: Clock, recall_id: str) -> int:
    """Put what did not clearly reach a consumer into the outbox once more, under the Message-ID that it had; answers
    how many letters and messages. Notices while the recall is running, to whom no way led; changes of the notice also
    later, after a withdrawal that alone. What was taken is not repeated, nor is what lost its sense. The work stays
    while somebody is left to whom no way led. Raises Conflict in a drill, or when the recall is over and no change
    waits."""
    permit(actor, "recall.write")
    recall = recall_by_id(session, recall_id, lock=True)
    if recall.is_drill:
        raise Conflict("This is a drill: no letter goes out.", code="drill")
    waiting = session.execute(_unsent(session, recall).order_by(OutboxMessage.id)).all()
    if not waiting and not is_running(recall):
        raise Conflict("Letters go out only while a recall is running.", code="wrong-state")
    for message, notice in waiting:
        send_again(session, clock, message)
        if message.kind in CONSUMER_KINDS:
            notice.state = NoticeState.queued
    session.flush()
    if not _is_somebody_untold(session, recall):
        drop_tasks(session, actor, clock, recall_stream(recall), CONSUMERS_TASK)
    record(session, actor, clock.now(), "recall.consumers_sent_again", recall_stream(recall), {"letters": len(waiting)})
    session.flush()
    return len(waiting)


def _is_somebody_untold(session: Session, recall: Recall) -> bool:
    return session.scalars(select(ConsumerNotice.id).where(
        ConsumerNotice.recall_id == recall.id, ConsumerNotice.state.in_(_UNTOLD)).limit(1)).first() is not None


def _unsent(session: Session, recall: Recall) -> Select[OutboxMessage, ConsumerNotice]:
    """What did not clearly arrive, with the notice of each. Whoever was told of further lots has more than one letter;
    the last names all lots."""
    other = aliased(OutboxMessage)
    same = (other.subject_key == OutboxMessage.subject_key)
    is_last = ~exists(select(other.id).where(same, other.kind == OutboxMessage.kind, other.id > OutboxMessage.id))
    # What of a change is said to one consumer stands in payloads that are the same, letter for letter.
    was_taken = exists(select(other.id).where(
        same, other.kind.in_(_CHANGES), other.payload == OutboxMessage.payload, other.state.not_in(NOT_TAKEN)))
    lost_its_sense = and_(OutboxMessage.state == MessageState.failed, exists(select(OutboxAttempt.number).where(
        OutboxAttempt.message_id == OutboxMessage.id, OutboxAttempt.detail.startswith(NOT_NEEDED))))
    only = only_change(session, recall)
    notices = and_(OutboxMessage.kind.in_(CONSUMER_KINDS), ConsumerNotice.state.in_(_UNTOLD), is_last)
    changes = and_(OutboxMessage.kind.in_(_CHANGES), true() if only is None else _is_change(only), ~was_taken)
    return (select(OutboxMessage, ConsumerNotice).join(ConsumerNotice, _ITS_NOTICE).where(
        ConsumerNotice.recall_id == recall.id, OutboxMessage.state.in_(NOT_TAKEN), ~lost_its_sense,
        or_(notices, changes) if is_running(recall) else changes,
        false() if recall.is_drill else true()))


def _is_change(number: int) -> ColumnElement[bool]:
    """Whether a message says this change of the notice: its payload ends with the number."""
    return type_coerce(OutboxMessage.payload, Text).endswith(f'"number":{number}}}', autoescape=True)
