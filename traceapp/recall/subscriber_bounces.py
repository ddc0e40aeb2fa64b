"""Mail to subscribers that does not arrive: an address that is gone gets no more, and staff see how many, never who."""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.outbox.mail import NO_ADDRESS
from traceapp.outbox.model import OutboxMessage

from .public_model import RecallSubscriber, RecallSubscription
from .subscribing import forget, wishes_met

# Mails that came back before an address gets no more, where none of them said that there is no such mailbox.
MOST_BOUNCES = 3
# How long an address that gets no more mail is kept, for whoever asks again.
KEPT_DAYS = 30
# There is no such mailbox, host or address, it moved, or it is closed. Source: RFC 3463, section 3.2 and 3.3, and the
# registry of enhanced status codes (X.1.10: the domain takes no mail).
_GONE = re.compile(r"(?<![\d.])5\.(?:1\.(?:1|2|3|6|10)|2\.1)(?![\d.])")
# What speaks of us and not of the address: our own address, or a rule of a server. Source: RFC 3463, sections 3.2, 3.8.
_OURS = re.compile(r"(?<![\d.])[45]\.(?:7\.\d{1,3}|1\.[78])(?![\d.])")


@dataclass(frozen=True, slots=True)
class SubscriberCounts:
    """Mails of a recall to subscribers, by what came of them; `suspended`: so many asked for them whose address gets no
    mail any more."""

    queued: int
    told: int
    refused: int
    uncertain: int
    suspended: int


def is_gone(said: str) -> bool:
    """Whether a server says that there is no such mailbox."""
    return said.startswith(NO_ADDRESS) or _GONE.search(said) is not None


def count_bounce(session: Session, actor: Actor, clock: Clock, message: OutboxMessage, said: str) -> None:
    """A mail to a subscriber will not arrive. Its address gets no more at once where there is no such mailbox, else
    after MOST_BOUNCES; what a server has against us is not counted. Whoever asks again and confirms gets mail again."""
    who = session.get(RecallSubscriber, message.recipient.removeprefix("subscriber:"), with_for_update=True)
    if who is None or who.suspended_at is not None or (_OURS.search(said) is not None and not is_gone(said)):
        return
    who.bounces += 1
    if is_gone(said) or who.bounces >= MOST_BOUNCES:
        who.suspended_at = clock.now()
        record(session, actor, clock.now(), "subscriber.suspended", stream_of("subscriber", who.id),
               {"message": message.id, "bounces": who.bounces})
    session.flush()


def forget_suspended(session: Session, clock: Clock, limit: int = 1000) -> int:
    """How many addresses were forgotten, with their subscriptions, because they got no mail for so long."""
    gone = session.scalars(select(RecallSubscriber.id).where(
        RecallSubscriber.suspended_at <= clock.now() - timedelta(days=KEPT_DAYS))
        .order_by(RecallSubscriber.id).limit(limit)).all()
    for key in gone:
        record(session, SYSTEM, clock.now(), "subscriber.ended", stream_of("subscriber", key), {})
    forget(session, gone)
    return len(gone)


def suspended_of(session: Session, recall_id: str) -> int:
    """How many asked for mail of this recall whose address gets none any more."""
    return session.scalar(select(func.count(RecallSubscriber.id.distinct()))
                          .join(RecallSubscription, RecallSubscription.subscriber_id == RecallSubscriber.id)
                          .where(RecallSubscriber.suspended_at.is_not(None), wishes_met(recall_id))) or 0
