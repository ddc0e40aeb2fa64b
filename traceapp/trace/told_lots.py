"""Lots that others' events tell of, by a partner, paper or process that stands in the events."""
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.errors import Conflict
from traceapp.db.among import among

from .derive_foreign import Resolver, touched_by
from .facts import voided
from .model import Event, Lot
from .query_model import EventTerm
from .stored import said_of
from .terms import term_key

MOST_EVENTS = 5000
_PROCESS = "process"
_THERE = select(Lot.lot_key).where(among(Lot.lot_key, "keys"))


def lots_told(session: Session, terms: tuple[str, ...], names: Iterable[str],
              role: str | None = None) -> tuple[str, ...]:
    """The keys of the lots in events that have one of `names` under one of `terms`, in `role` or in any; not of events
    that were declared wrong. Raises Conflict when there are too many events to look at."""
    keys = [term_key(name) for name in names if name]
    rows = session.scalars(
        select(Event).join(EventTerm, (EventTerm.subject_key == Event.subject_key) & (EventTerm.event_id == Event.id))
        .where(EventTerm.name.in_(terms), EventTerm.key.in_(keys)).limit(MOST_EVENTS + 1)).all()
    if len(rows) > MOST_EVENTS:
        raise Conflict("More than %(most)d events name this. Begin from a lot instead.", code="too-many-events",
                       place="name", most=MOST_EVENTS)
    wrong = voided(session, [row.event_id for row in rows])
    said = [event for row in rows if row.event_id not in wrong if (event := said_of(row)).error_declaration is None]
    resolver = Resolver.of(session, said) if said else Resolver()
    found = sorted({item.key for event in said for item in touched_by(event, resolver)
                    if item.role != _PROCESS and role in (None, item.role)})
    return tuple(sorted(session.scalars(_THERE, {"keys": found}))) if found else ()
