"""Storing events once. What is derived from them is written by `derive`, nowhere else."""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.core.ids import name_key
from traceapp.db.among import among
from traceapp.epcis import event_from, event_hash

from . import derive
from .announcing import announce
from .event_row import EVENT_COLUMNS, NewEvent, Recorded, event_row, event_row_id, event_values
from .following import follow_act
from .model import Event, SeenEvent
from .stored import said_of
from .terms import found_by, write_terms

_LONGEST_NAME = 200
_ADD_EVENT = insert(Event)
_SEEN = select(SeenEvent.name).where(among(SeenEvent.name, "names"))


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
    write_terms(session, [(row, found_by(said)[1])])
    announce(session, clock, f"event:{row.id}")
    derived = derive.derive_own(session, row, said)
    follow_act(session, actor, clock, derived)
    return derived


@cache
def _remember(dialect: str) -> Executable:
    """Take a name unless it is taken; answers a row when it was free. Made once: acts are many."""
    add = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return add(SeenEvent).on_conflict_do_nothing().returning(SeenEvent.name)


def store_once(session: Session, row: NewEvent, names: tuple[str, ...]) -> bool:
    """Insert the event under its names, unless the first of them is known. Answers whether it was inserted."""
    connection = session.connection()
    remember = _remember(connection.dialect.name)
    seen = [{"name": seen_name(name), "subject_key": row.subject_key, "id": row.id} for name in names]
    for position, values in enumerate(seen):
        if connection.execute(remember, values).first() is None and position == 0:
            return False
    connection.execute(_ADD_EVENT, dict(zip(EVENT_COLUMNS, event_values(row), strict=True)))
    return True


def voided(session: Session, event_ids: Sequence[str]) -> set[str]:
    """Which of these events were declared wrong by their senders."""
    found: set[str] = set()
    by_name = {seen_name(f"{event_id}#error"): event_id for event_id in event_ids}
    names = sorted(by_name)
    for start in range(0, len(names), 2000):
        found |= {by_name[name] for name in session.connection().scalars(_SEEN, {"names": names[start:start + 2000]})}
    return found


__all__ = ["Recorded", "event_row", "event_row_id", "record_act", "said_of", "seen_name", "store_once", "voided"]
