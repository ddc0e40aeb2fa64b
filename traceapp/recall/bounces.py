"""A notice, or a change of one, that a server took and that came back later: it counts as not sent, and is work. A mail
to a subscriber is nobody's work: an address that is gone gets no more."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.identity.policy import permit
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage

from .cases import notice_stream, recall_by_id, recall_stream
from .change_telling import CHANGE_KINDS, chain_of, raise_change_work
from .consumers import CONSUMER_KINDS, raise_consumers
from .model import Notice
from .notices import KINDS, NOT_SENT_TASK, raise_notice_task
from .passing_on import PASSED_KINDS, raise_passed_task
from .states import NoticeState
from .subscriber_bounces import count_bounce
from .subscriber_mail import KINDS as PUBLIC_KINDS
from .subscriber_mail import NEWS_KIND
from .telling_model import ConsumerNotice, PassedNotice
from .ways import both, said_by

BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class NoteBounce:
    """`message_id`: the Message-ID of a letter, or the id of a text message; `said`: why it came back."""

    message_id: str
    said: str = ""


def note_bounce(session: Session, actor: Actor, clock: Clock, command: NoteBounce) -> bool:
    """What a person says of a message, as take_bounce; Forbidden without the permission."""
    permit(actor, "recall.write")
    return take_bounce(session, actor, clock, command)


def take_bounce(session: Session, actor: Actor, clock: Clock, command: NoteBounce) -> bool:
    """Whether the notice now counts as not sent; False when that was known. For what a mail server reports by itself.
    Raises NotFound for a message that is none of a recall's."""
    wanted = required_text(short_text(command.message_id, 200, place="message_id"), place="message_id")
    message = session.scalars(select(OutboxMessage).where(
        (OutboxMessage.message_id == wanted) | (OutboxMessage.id == wanted),
        OutboxMessage.kind.in_((*KINDS, *PASSED_KINDS, *CONSUMER_KINDS, *CHANGE_KINDS, *PUBLIC_KINDS)))
        .with_for_update()).first()
    if message is None:
        raise NotFound("No notice of a recall has this number.", code="unknown-message", place="message_id")
    if message.state not in (MessageState.sent, MessageState.uncertain):
        return False
    message.attempts += 1
    message.state, message.done_at = MessageState.failed, clock.now()
    session.add(OutboxAttempt(message_id=message.id, number=message.attempts, at=clock.now(), outcome=BOUNCED,
                              detail=short_text(command.said[:500], 500, place="said")))
    session.flush()
    if message.kind == NEWS_KIND:
        count_bounce(session, actor, clock, message, command.said)
    if message.kind not in PUBLIC_KINDS:
        _count(session, actor, clock, message)
    session.flush()
    return True


def _count(session: Session, actor: Actor, clock: Clock, message: OutboxMessage) -> None:
    recall = recall_by_id(session, message.payload["recall"])
    if message.kind in CHANGE_KINDS:
        raise_change_work(session, actor, clock, recall, message)
        record(session, actor, clock.now(), "notice.bounced", chain_of(message), {
            "message": message.id, "kind": message.kind})
        return
    if message.kind in CONSUMER_KINDS:
        consumer = session.get_one(ConsumerNotice, (recall.id, message.payload["person"]), with_for_update=True)
        consumer.state = _state(session, message, consumer.queued_at) or consumer.state
        record(session, actor, clock.now(), "recall.bounced", recall_stream(recall), {"message": message.id})
        raise_consumers(session, actor, clock, recall)
        return
    notice: Notice | PassedNotice
    if message.kind in PASSED_KINDS:
        notice = passed = session.get_one(PassedNotice, message.payload["passed"], with_for_update=True)
        raise_passed_task(session, actor, clock, recall, passed, NOT_SENT_TASK)
    else:
        notice = session.get_one(Notice, (recall.id, message.payload["consignee"]), with_for_update=True)
        if notice.answered_at is None:
            raise_notice_task(session, actor, clock, recall, notice, NOT_SENT_TASK)
    state = _state(session, message, notice.queued_at if isinstance(notice, Notice) else None)
    if state is not None and notice.state != NoticeState.answered:
        notice.state, notice.sent_at = state, None
    record(session, actor, clock.now(), "notice.bounced", notice_stream(notice.id), {
        "message": message.id, "kind": message.kind})


def _state(session: Session, message: OutboxMessage, since: datetime | None) -> NoticeState | None:
    """What its notice comes to when no other message says the same and was taken; None: another one stands, or this
    was a reminder. `since`: when they were last to be told; what was sent before says less than they have to know."""
    if "reminder" in message.kind or (since is not None and message.created_at < since):
        return None
    states = set(session.scalars(select(OutboxMessage.state).where(
        OutboxMessage.subject_key == message.subject_key, OutboxMessage.kind.in_(
            both(said_by(message.kind))), OutboxMessage.id != message.id,
        true() if since is None else OutboxMessage.created_at >= since)))
    if MessageState.sent in states or MessageState.pending in states:
        return None
    return NoticeState.uncertain if MessageState.uncertain in states else NoticeState.not_sent
