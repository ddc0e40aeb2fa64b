"""What happened to which lots since a moment."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from .derive_foreign import Resolver, touched_by
from .model import Event
from .stored import said_of

# Beyond so many events it is cheaper to look at the lots than at what happened.
MOST_EVENTS = 300


def lots_touched(session: Session, since: datetime, most: int = MOST_EVENTS) -> frozenset[str] | None:
    """The keys of all that is named by events that were recorded after a moment. None where there are too many of them,
    or where one belongs to a process, whose lots stand in its other events."""
    rows = session.scalars(select(Event).where(Event.recorded_at > since).order_by(Event.recorded_at, Event.id)
                           .limit(most + 1)).all()
    if len(rows) > most:
        return None
    said = [said_of(row) for row in rows]
    if any(event.transformation_id for event in said):
        return None
    resolver = Resolver.of(session, said) if said else Resolver()
    return frozenset(item.key for event in said for item in touched_by(event, resolver))
