"""Sending again what did not clearly arrive at consumers, all of them at once: nobody sees who they are."""
from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, literal, select, true
from sqlalchemy.orm import Session

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
    """How many letters and messages to consumers could be sent again."""
    return len(_unsent(session, recall))


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
    waiting = _unsent(session, recall)
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


def _unsent(session: Session, recall: Recall) -> list[tuple[OutboxMessage, ConsumerNotice]]:
    """With the notice of each. Whoever was told of further lots has more than one letter; the last names all lots."""
    if recall.is_drill:
        return []
    notices: dict[tuple[str, str], tuple[OutboxMessage, ConsumerNotice]] = {}
    if is_running(recall):
        for message, notice in _messages(session, recall, CONSUMER_KINDS, ConsumerNotice.state.in_(_UNTOLD)):
            notices[message.subject_key, message.kind] = message, notice
    only = only_change(session, recall)
    changes = [(message, notice) for message, notice in _messages(session, recall, _CHANGES, true())
               if only in (None, _number(message))]
    taken = {(message.subject_key, _number(message)) for message, _notice in changes
             if message.state not in NOT_TAKEN}
    lost = _lost_their_sense(session, recall)
    return [(message, notice) for message, notice in (*notices.values(), *changes)
            if message.state in NOT_TAKEN and message.id not in lost and (
                message.kind in CONSUMER_KINDS or (message.subject_key, _number(message)) not in taken)]


def _messages(session: Session, recall: Recall, kinds: Sequence[str], condition: ColumnElement[bool]
              ) -> list[tuple[OutboxMessage, ConsumerNotice]]:
    rows = session.execute(
        select(OutboxMessage, ConsumerNotice).join(ConsumerNotice, _ITS_NOTICE)
        .where(ConsumerNotice.recall_id == recall.id, OutboxMessage.kind.in_(kinds), condition)
        .order_by(OutboxMessage.id))
    return [(message, notice) for message, notice in rows]


def _lost_their_sense(session: Session, recall: Recall) -> set[str]:
    return set(session.scalars(
        select(OutboxMessage.id).join(ConsumerNotice, _ITS_NOTICE)
        .join(OutboxAttempt, OutboxAttempt.message_id == OutboxMessage.id)
        .where(ConsumerNotice.recall_id == recall.id, OutboxMessage.state == MessageState.failed,
               OutboxAttempt.detail.startswith(NOT_NEEDED))))


def _number(message: OutboxMessage) -> int:
    return int(message.payload["number"])
