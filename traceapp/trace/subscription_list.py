"""All subscriptions with how their deliveries stand."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage

from .named_queries import query_stream
from .query_model import GatheredEvent, NamedQuery, Subscription
from .subscriptions import MESSAGE

_MOST_ATTEMPTS = 2000
_NOT_SENT = (MessageState.pending, MessageState.uncertain, MessageState.failed)


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription with what its query asks for. `waiting`: messages on their way, `gathered`: events that wait for
    the clock, `failed`: messages that are not sent any more; `fault` is what the address said last of those that were
    not taken, and `fault_at` when."""

    subscription: Subscription
    parameters: Any
    waiting: int
    gathered: int
    failed: int
    fault: str
    fault_at: datetime | None


def subscription_list(session: Session) -> tuple[Standing, ...]:
    """Every subscription, by query, then in the order in which they were made; a fixed number of statements."""
    rows = session.execute(
        select(Subscription, NamedQuery).join(NamedQuery, NamedQuery.name == Subscription.query_name)
        .order_by(Subscription.query_name, Subscription.id)).all()
    if not rows:
        return ()
    streams = {query_stream(query.name)[:80] for _subscription, query in rows}
    counts = _counts(session, streams)
    faults = _faults(session, streams)
    gathered: dict[str, int] = {key: number for key, number in session.execute(select(
        GatheredEvent.subscription_id, func.count()).group_by(GatheredEvent.subscription_id))}
    found = []
    for subscription, query in rows:
        name = f"subscription:{subscription.id}"
        at, detail = faults.get(name, (None, ""))
        found.append(Standing(
            subscription, query.parameters, counts.get((name, MessageState.pending), 0),
            gathered.get(subscription.id, 0), counts.get((name, MessageState.failed), 0)
            + counts.get((name, MessageState.uncertain), 0), detail, at))
    return tuple(found)


def _counts(session: Session, streams: Iterable[str]) -> dict[tuple[str, str], int]:
    return {(recipient, state): number for recipient, state, number in session.execute(
        select(OutboxMessage.recipient, OutboxMessage.state, func.count()).where(
            OutboxMessage.subject_key.in_(streams), OutboxMessage.kind == MESSAGE, OutboxMessage.state.in_(_NOT_SENT))
        .group_by(OutboxMessage.recipient, OutboxMessage.state))}


def _faults(session: Session, streams: Iterable[str]) -> dict[str, tuple[datetime, str]]:
    """Recipient -> when and how the latest attempt of what was not sent ended."""
    found: dict[str, tuple[datetime, str]] = {}
    for recipient, at, detail in session.execute(
            select(OutboxMessage.recipient, OutboxAttempt.at, OutboxAttempt.detail)
            .join(OutboxAttempt, OutboxAttempt.message_id == OutboxMessage.id)
            .where(OutboxMessage.subject_key.in_(streams), OutboxMessage.kind == MESSAGE,
                   OutboxMessage.state.in_(_NOT_SENT), OutboxAttempt.outcome != "sent")
            .order_by(OutboxAttempt.at.desc()).limit(_MOST_ATTEMPTS)):
        found.setdefault(recipient, (at, detail))
    return found
