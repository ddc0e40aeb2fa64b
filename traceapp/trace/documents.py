"""Finding a lot by what people type, and the EPCIS document of a lot."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.queries import product_of_gtin
from traceapp.core.errors import NotFound
from traceapp.core.ids import name_key
from traceapp.epcis import write_json
from traceapp.gs1 import Gs1Error, parse_anything

from .facts import said_of
from .identity import item_of, lot_key
from .model import Event, EventItem, Lot


def key_of_text(session: Session, text: str) -> str:
    """The key of the lot that the text means: a Digital Link, element string, scan data, EPC URN, private URI, or
    the number of exactly one lot. Raises NotFound."""
    wanted = text.strip()
    for key in _candidates(session, wanted):
        if session.scalar(select(Lot.lot_key).where(Lot.lot_key == key)) is not None:
            return key
    numbered = session.scalars(select(Lot.lot_key).where(Lot.number == wanted).limit(2)).all()
    if len(numbered) == 1:
        return numbered[0]
    if numbered:
        raise NotFound("More than one lot has the number %(lot)s. Give the code with its GTIN.", code="several-lots",
                       place="lot", lot=wanted)
    raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="lot", lot=wanted)


def _candidates(session: Session, text: str) -> list[str]:
    keys = [text] if len(text) == 32 else []
    try:
        parsed = parse_anything(text)
    except Gs1Error:
        item = item_of(text, is_class=True)
        gtin, number = item.gtin, item.number if item.kind == "lot" else None
        keys.append(item.key)
    else:
        values = dict(parsed.ai)
        gtin, number = values.get("01"), values.get("10")
        keys.append(name_key(parsed.constrained))
    found = product_of_gtin(session, gtin) if gtin and number else None
    return keys if found is None or number is None else [lot_key(found[0].identity_uri, number), *keys]


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
