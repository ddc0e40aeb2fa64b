"""Deriving everything again from the events."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from . import derive_foreign, foreign_lots
from .derive import derive_own
from .facts import said_of, voided
from .following import follow_rebuilt
from .model import (
    Event,
    EventItem,
    Hold,
    Inspection,
    ItemPosition,
    Lot,
    LotEdge,
    Production,
    Shipment,
    ShipmentLine,
    TestResult,
)
from .one_at_a_time import one_at_a_time
from .query_model import EventTerm
from .sensor_model import Excursion, SensorReading
from .sensor_rows import derive_readings
from .terms import found_by, write_terms

DERIVED = (EventTerm, EventItem, LotEdge, TestResult, Inspection, ShipmentLine, Shipment, Production,
           ItemPosition, SensorReading, Excursion, Hold, Lot)
_CHUNK = 500


def rebuild(session: Session) -> int:
    """Throw the derived tables away and derive them again from the events, in the order of recording; answers how
    many events there are. Every lot's revision moves on, so that no cached page outlives it."""
    one_at_a_time(session)
    revisions = dict(session.execute(select(Lot.lot_key, Lot.revision)).all())
    session.expunge_all()
    for model in DERIVED:
        session.connection().execute(delete(model))
    count = 0
    for is_captured, group in groupby(_events(session), key=lambda row: row.capture_id is not None):
        while rows := list(islice(group, _CHUNK)):
            count += len(rows)
            if is_captured:
                _derive_captured(session, rows)
            else:
                _derive_own(session, rows)
    session.flush()
    follow_rebuilt(session)
    changed = [{"key": key, "next": revision + 1} for key, revision in revisions.items()]
    if changed:
        session.connection().execute(
            update(Lot).where(Lot.lot_key == bindparam("key")).values(revision=bindparam("next")), changed)
    session.expire_all()
    return count


def lacks_positions(session: Session) -> bool:
    """Whether there are lots of ours from before positions were kept: a rebuild works them out."""
    return session.scalar(select(Lot.lot_key).where(
        Lot.is_own == 1, ~select(ItemPosition.lot_key).where(ItemPosition.lot_key == Lot.lot_key).exists()).limit(1)
    ) is not None


def _events(session: Session) -> Iterator[Event]:
    """All events by id, a chunk at a time."""
    last = ""
    while rows := session.scalars(select(Event).where(Event.id > last).order_by(Event.id).limit(_CHUNK)).all():
        yield from rows
        last = rows[-1].id


def _derive_own(session: Session, rows: list[Event]) -> None:
    for row in rows:
        said = said_of(row)
        write_terms(session, [(row, found_by(said)[1])])
        derive_own(session, row, said)
        derive_readings(session, [(row, said)], lambda item: item.key)


def _derive_captured(session: Session, rows: list[Event]) -> None:
    said = [(row, said_of(row)) for row in rows]
    resolver = derive_foreign.Resolver.of(session, [event for _, event in said])
    found = {row.id: found_by(event, resolver.key) for row, event in said}
    write_terms(session, [(row, found[row.id][1]) for row, _event in said])
    void = voided(session, [row.event_id for row in rows])
    standing = [(row, event) for row, event in said if event.error_declaration is None and row.event_id not in void]
    told = []
    for row, event in standing:
        items, own = derive_foreign.items_by_key([event], resolver), derive_foreign.touched_by(event, resolver)
        told.append(derive_foreign.Told(row, event, own, derive_foreign.rows_of_items(found[row.id][0], own, items)))
    stand = {row.id for row, _event in standing}
    derive_foreign.write_unheeded(session, [one for one in said if one[0].id not in stand], resolver)
    touched = derive_foreign.derive_captured(session, told, resolver)
    derive_readings(session, standing, resolver.key)
    foreign_lots.refresh(session, touched)
