"""The EPCIS document of a lot."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.epcis import write_json

from .facts import said_of
from .finding import key_of_text
from .model import Event, EventItem


def lot_document(session: Session, text: str) -> str:
    """Everything that happened to a lot as one EPCIS 2.0 document, in the order of time. Raises NotFound."""
    key = key_of_text(session, text)
    rows = session.scalars(
        select(Event).where(select(EventItem.lot_key).where(
            EventItem.lot_key == key, EventItem.subject_key == Event.subject_key,
            EventItem.event_id == Event.id).exists()).order_by(Event.event_time, Event.id)).all()
    if not rows:
        raise NotFound("No event names this lot.", code="no-events", place="lot")
    # The newest entry, not the present moment: the same events give the same document.
    return write_json([said_of(row) for row in rows], created_at=max(row.recorded_at for row in rows))
