"""The EPCIS document of a lot."""
from __future__ import annotations

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.epcis import write_json

from .facts import said_of
from .finding import key_of_text
from .model import Event, EventItem


def lot_document(session: Session, text: str) -> str:
    """Everything that happened to a lot as one EPCIS 2.0 document, in the order of time. Raises NotFound."""
    rows = session.scalars(_naming((key_of_text(session, text),))).all()
    if not rows:
        raise NotFound("No event names this lot.", code="no-events", place="lot")
    # The newest entry, not the present moment: the same events give the same document.
    return write_json([said_of(row) for row in rows], created_at=max(row.recorded_at for row in rows))


def _naming(keys: tuple[str, ...]) -> Select[Event]:
    """The events in which these items stand, found by the items: they are few, events are many."""
    theirs = (select(EventItem.subject_key, EventItem.event_id).where(EventItem.lot_key.in_(keys)).distinct()
              .subquery())
    return (select(Event).join(theirs, and_(Event.subject_key == theirs.c.subject_key, Event.id == theirs.c.event_id))
            .order_by(Event.event_time, Event.id))
