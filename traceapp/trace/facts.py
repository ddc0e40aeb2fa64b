"""Storing events once. What is derived from them is written by `derive`, nowhere else."""
from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.core.ids import name_key, new_id
from traceapp.epcis import Event as Said
from traceapp.epcis import dumps, event_from, event_hash, load_json

from . import derive
from .announcing import announce
from .model import Event, SeenEvent
from .terms import write_terms

_LONGEST_NAME = 200
_EVENT_COLUMNS = tuple(Event.__table__.columns.keys())
_ADD_EVENT = insert(Event)
_REMEMBERED_MOMENTS = 4096
_COUNTER_BITS = 24
_counts: OrderedDict[int, int] = OrderedDict()
_counting = threading.Lock()


def event_row_id(at: datetime) -> str:
    """A time-ordered id like `new_id`, and in order of making also within one millisecond of this process, so that
    a rebuild reads events in the order in which they were recorded.

    Source: RFC 9562, section 6.2, method 1.
    """
    fresh = int(new_id(at), 16)
    millisecond = fresh >> 80
    with _counting:
        count = _counts.pop(millisecond, -1) + 1
        _counts[millisecond] = count
        if len(_counts) > _REMEMBERED_MOMENTS:
            _counts.popitem(last=False)
    # The counter takes the twelve bits after the version and the top twelve of the random part after the variant.
    high, low = divmod(count & ((1 << _COUNTER_BITS) - 1), 1 << 12)
    mask = (((1 << 12) - 1) << 64) | (((1 << 12) - 1) << 50)
    return f"{fresh & ~mask | high << 64 | low << 50:032x}"


def seen_name(name: str) -> str:
    """What `seen_event` keeps for an event's identifier or hash; a very long one is kept by its key."""
    return name if len(name) <= _LONGEST_NAME else f"urn:traceapp:long:{name_key(name)}"


def record_act(session: Session, actor: Actor, clock: Clock, subject_key: str,
               document: dict[str, Any]) -> derive.Derived:
    """Store the event of an act of ours and derive what follows. Raises Conflict when the very same act is stored
    already (a second click on the same form)."""
    said = event_from(document)
    digest = event_hash(said)
    kept = {"eventID": digest} | {name: value for name, value in document.items() if name != "@context"}
    row = event_row(said, digest, subject_key, Recorded(clock.now(), actor.id), kept)
    if not store_once(session, row, (digest,)):
        raise Conflict("This has been recorded already; nothing was recorded twice.", code="already-recorded")
    write_terms(session, [(row, said)])
    announce(session, clock, f"event:{row.id}")
    return derive.derive_own(session, row, said)


@cache
def _remember(dialect: str) -> Executable:
    """Take a name unless it is taken; answers a row when it was free. Made once: acts are many."""
    add = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return add(SeenEvent).on_conflict_do_nothing().returning(SeenEvent.name)


def store_once(session: Session, row: Event, names: tuple[str, ...]) -> bool:
    """Insert the event under its names, unless the first of them is known. Answers whether it was inserted."""
    connection = session.connection()
    remember = _remember(connection.dialect.name)
    seen = [{"name": seen_name(name), "subject_key": row.subject_key, "id": row.id} for name in names]
    for position, values in enumerate(seen):
        if connection.execute(remember, values).first() is None and position == 0:
            return False
    connection.execute(_ADD_EVENT, {column: getattr(row, column) for column in _EVENT_COLUMNS})
    return True


@dataclass(frozen=True, slots=True)
class Recorded:
    """When, by whom and with which document an event came."""

    at: datetime
    actor_id: str
    capture_id: str | None = None


def event_row(said: Said, digest: str, subject_key: str, recorded: Recorded,
              document: dict[str, Any] | None = None) -> Event:
    """The row of an event, to be handed to `store_once`; `document` is what is kept, by default what was read."""
    return Event(
        subject_key=subject_key, id=event_row_id(recorded.at), event_id=said.event_id or digest, type=said.type,
        action=said.action, event_time=said.event_time, zone_offset=said.offset, recorded_at=recorded.at,
        biz_step=said.biz_step, disposition=said.disposition, read_point=said.read_point,
        biz_location=said.biz_location, hash=digest, context=dumps(said.context),
        document=dumps(said.document if document is None else document),
        capture_id=recorded.capture_id, actor_id=recorded.actor_id)


def voided(session: Session, event_ids: Sequence[str]) -> set[str]:
    """Which of these events were declared wrong by their senders."""
    found: set[str] = set()
    by_name = {seen_name(f"{event_id}#error"): event_id for event_id in event_ids}
    names = sorted(by_name)
    for start in range(0, len(names), 500):
        found |= {by_name[name] for name in session.scalars(
            select(SeenEvent.name).where(SeenEvent.name.in_(names[start:start + 500])))}
    return found


def said_of(row: Event) -> Said:
    """The event of a stored row, read again."""
    return event_from(load_json(row.document), json.loads(row.context))


__all__ = ["Recorded", "event_row", "event_row_id", "record_act", "said_of", "seen_name", "store_once",
           "voided"]
