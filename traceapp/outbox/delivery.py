"""Queueing a message with the act that causes it, and delivering what is due: every attempt is a row."""
from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.db.insert import insert_many

from .model import MessageState, OutboxAttempt, OutboxMessage
from .outage import Outages

LEASE = timedelta(minutes=5)
# Minutes to wait after each failed try; after the last one a person must look.
RETRY_MINUTES = (1, 5, 15, 60, 240, 720, 1440)
_LOOKED_AT = 20
MOST_A_ROUND = 50
UNREACHED = "unreached"
# How the detail of a refusal begins that is nobody's work: what the message was for has happened or ended.
NOT_NEEDED = "not needed any more: "
# The detail of an outcome that came after another process, whose clock is ahead, had taken the attempt for cut off.
LATE = "the outcome of an attempt that was taken for cut off"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """`recipient` is a reference such as `contact:…`; `payload` holds references and public texts only."""

    kind: str
    recipient: str
    subject_key: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one attempt came to. `sent`: the server took it; `written`: put into a file because no server is set;
    `uncertain`: cut off after the server may have taken it; `refused`: never will be; `failed`: try again later;
    `unreached`: the server itself could not be reached, which says nothing about the message."""

    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a round early: once `stopping` is set, no message is begun any more; where a server was not reached, no
    message of the kind before `outages` says so."""

    stopping: threading.Event | None = None
    outages: Outages = field(default_factory=Outages)


Sender = Callable[[Session, OutboxMessage], Delivery]
Settled = Callable[[Session, OutboxMessage, Delivery], None]
_STATES = {"sent": MessageState.sent, "written": MessageState.written, "uncertain": MessageState.uncertain,
           "refused": MessageState.failed}


def queue_message(session: Session, clock: Clock, command: NewMessage, *,
                  domain: str = "traceapp.local") -> OutboxMessage:
    """Add a message; it goes out after the unit of work is committed. Its Message-ID never changes."""
    message = OutboxMessage(**_row(clock, command, domain))
    session.add(message)
    return message


def queue_messages(session: Session, clock: Clock, commands: Sequence[NewMessage], *,
                   domain: str = "traceapp.local") -> None:
    """The same for many at once, in one statement."""
    insert_many(session, OutboxMessage, [_row(clock, command, domain) for command in commands])


def _row(clock: Clock, command: NewMessage, domain: str) -> dict[str, Any]:
    now = clock.now()
    message_id = new_id(now)
    return {"id": message_id, "kind": command.kind, "recipient": command.recipient,
            "subject_key": command.subject_key, "payload": command.payload, "state": MessageState.pending,
            "created_at": now, "due_at": now, "attempts": 0, "message_id": f"<{message_id}@{domain}>"}


def is_due(now: datetime) -> ColumnElement[bool]:
    """What is to be tried: what is due, and what was never tried, which is due at once whatever the clock said when it
    was queued: a clock that was set back must not keep letters waiting."""
    return and_(OutboxMessage.state == MessageState.pending,
                or_(OutboxMessage.due_at <= now, OutboxMessage.attempts == 0))


def deliver_due(database: Database, clock: Clock, send: Sender, settled: Settled, *, kinds: Sequence[str] = (),
                limits: Limits | None = None) -> int:
    """Try up to MOST_A_ROUND messages that are due, of `kinds` where any are named, one after the other; answers how
    many were tried.

    The claim (lease and the attempt's own number) is committed before the server is asked. A claim whose lease ran
    out without an outcome was cut off in the middle: it becomes `uncertain`, and is not sent again by itself. One
    message is claimed at a time, so that being cut off casts doubt on one only.
    """
    tried, limits = 0, limits or Limits()
    outages = limits.outages
    while tried < MOST_A_ROUND and not (limits.stopping and limits.stopping.is_set()):
        claim = _claim(database, clock, settled, (kinds, outages.closed()))
        if claim is None:
            break
        delivery = _attempt(database, claim.message_id, send)
        outages.note(claim.kind, is_reached=delivery.outcome != UNREACHED)
        _settle(database, clock, claim, delivery, settled)
        tried += 1
    return tried


def _attempt(database: Database, message_id: str, send: Sender) -> Delivery:
    """What came of asking the sender; an error of its own ends this message's try, not the others'."""
    try:
        with database.read() as session:
            return send(session, session.get_one(OutboxMessage, message_id))
    except ValueError as error:  # an address or a text that no letter can hold: trying again will not help
        return Delivery("refused", f"the letter cannot be written: {type(error).__name__}")
    except Exception as error:
        return Delivery("failed", type(error).__name__)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A message that is ours to try now; `number` is that of the attempt."""

    message_id: str
    number: int
    kind: str


def _claim(database: Database, clock: Clock, settled: Settled,
           which: tuple[Sequence[str], Sequence[str]]) -> _Claim | None:
    """The next message of the wanted kinds, but of none of the others; None when none is due."""
    now, (kinds, closed) = clock.now(), which
    with database.write() as session:
        due = session.scalars(
            select(OutboxMessage)
            .where(is_due(now), OutboxMessage.kind.in_(kinds) if kinds else true(), OutboxMessage.kind.not_in(closed),
                   or_(OutboxMessage.lease_until.is_(None), OutboxMessage.lease_until <= now))
            .order_by(OutboxMessage.due_at).limit(_LOOKED_AT).with_for_update(skip_locked=True)).all()
        for message in due:
            if message.lease_until is not None:
                _finish(session, clock, message, Delivery("uncertain", "cut off in the middle of an attempt"), settled)
                continue
            message.lease_until = now + LEASE
            message.attempts += 1
            return _Claim(message.id, message.attempts, message.kind)
        return None


def _settle(database: Database, clock: Clock, claim: _Claim, delivery: Delivery, settled: Settled) -> None:
    """Keep what our attempt came to. Where it was taken for cut off meanwhile, having been sent ends the doubt."""
    with database.write() as session:
        message = session.get(OutboxMessage, claim.message_id, with_for_update=True)
        if message is None:
            return
        if message.state == MessageState.pending:
            _finish(session, clock, message, delivery, settled)
        elif (message.state, message.attempts, delivery.outcome) == (MessageState.uncertain, claim.number, "sent"):
            message.attempts += 1
            _finish(session, clock, message, Delivery("sent", LATE), settled)


def _finish(session: Session, clock: Clock, message: OutboxMessage, delivery: Delivery, settled: Settled) -> None:
    now = clock.now()
    session.add(OutboxAttempt(message_id=message.id, number=message.attempts, at=now, outcome=delivery.outcome,
                              detail=delivery.detail[:2000]))
    message.lease_until = None
    if delivery.outcome in _STATES:
        message.state, message.done_at = _STATES[delivery.outcome], now
    elif delivery.outcome == UNREACHED:
        message.due_at = now + timedelta(minutes=RETRY_MINUTES[0])
    elif (failed := _failures(session, message)) > len(RETRY_MINUTES):
        message.state, message.done_at = MessageState.failed, now
    else:
        message.due_at = now + timedelta(minutes=RETRY_MINUTES[failed - 1])
    settled(session, message, delivery)


def _failures(session: Session, message: OutboxMessage) -> int:
    """How often the message itself failed, this time too; a server that was away is not its fault."""
    session.flush()
    unreached = session.scalar(select(func.count()).where(
        OutboxAttempt.message_id == message.id, OutboxAttempt.outcome == UNREACHED)) or 0
    return message.attempts - unreached


def send_again(session: Session, clock: Clock, message: OutboxMessage) -> None:
    """Have a message tried once more, after a person looked at what happened."""
    message.state, message.due_at, message.done_at = MessageState.pending, clock.now(), None
    message.lease_until = None
