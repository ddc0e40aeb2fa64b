"""The EPCIS document of a lot, or of several."""
from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.epcis import write_json

from .facts import said_of
from .finding import key_of_text
from .model import Event, EventItem

_AT_ONCE = 500


def lot_document(session: Session, text: str) -> str:
    """Everything that happened to a lot as one EPCIS 2.0 document, in the order of time. Raises NotFound."""
    return lots_document(session, (key_of_text(session, text),))


def lots_document(session: Session, keys: Sequence[str]) -> str:
    """Everything that happened to these lots as one EPCIS 2.0 document, each event once, in the order of time. Raises
    NotFound."""
    found: dict[str, Event] = {}
    for start in range(0, len(keys), _AT_ONCE):
        found.update((row.id, row) for row in session.scalars(_naming(tuple(keys[start:start + _AT_ONCE]))))
    if not found:
        raise NotFound("No event names this lot.", code="no-events", place="lot")
    events = sorted(found.values(), key=lambda row: (row.event_time, row.id))
    # The newest entry, not the present moment: the same events give the same document.
    return write_json([said_of(row) for row in events], created_at=max(row.recorded_at for row in events))


def _naming(keys: tuple[str, ...]) -> Select[Event]:
    """The events in which these items stand, found by the items: they are few, events are many."""
    theirs = (select(EventItem.subject_key, EventItem.event_id).where(EventItem.lot_key.in_(keys), EventItem.stands)
              .distinct().subquery())
    return (select(Event).join(theirs, and_(Event.subject_key == theirs.c.subject_key, Event.id == theirs.c.event_id))
            .order_by(Event.event_time, Event.id))
