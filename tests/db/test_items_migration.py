"""What events name is found after the upgrade as before it, though it is kept in another way."""
from __future__ import annotations

from typing import Any

from sqlalchemy import column, insert, select, table

from tests.db.test_event_query import ASKED, EVENTS, event, found, whole
from tests.db.test_migrations import empty
from tests.db.test_trace_capture import CASE_GTIN
from tests.factories_trace import make_batch, make_hand
from tests.migrated import migrate_to
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.db.migrate import differences, upgrade
from traceapp.trace.capture import capture_document
from traceapp.trace.derive_foreign import PROCESS
from traceapp.trace.model import Event, EventItem, Lot, MasterRecord
from traceapp.trace.query_model import EventTerm
from traceapp.trace.terms import ITEMS

__all__ = ["empty"]
_NAMES = {place: name for name, place in ITEMS.items()}
_BOTH = "urn:x:both"


def test_items_of_events_that_were_there_before_are_found_and_stand_as_before(
        empty: Database, sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    wrong = event(7, epcList=["urn:x:wrong"], bizStep="packing")
    declared = wrong | {"errorDeclaration": {"declarationTime": "2026-11-09T00:00:00Z", "reason": "incorrect_data"}}
    packs = event(8, quantityList=[{"epcClass": f"https://id.gs1.org/01/{CASE_GTIN}/10/B1", "quantity": 2}])
    twice = event(9, epcList=[_BOTH], quantityList=[{"epcClass": _BOTH, "quantity": 3}])
    with sqlite.write() as session:
        make_batch(make_hand(session, actor, clock))
        capture_document(session, actor, clock, whole([*EVENTS, wrong, packs, twice]))
        capture_document(session, actor, clock, whole([declared]))
    migrate_to(empty, "0026")
    _write_as_before(sqlite, empty)
    upgrade(empty)
    assert differences(empty) == []
    for model in (Event, EventItem, EventTerm):
        assert _rows(empty, model) == _rows(sqlite, model)
    for asked, numbers in ASKED:
        if asked.keys() & {"MATCH_epc", "MATCH_anyEPC", "MATCH_epcClass", "MATCH_outputEPC", "MATCH_parentID"}:
            assert found(empty, asked) == numbers


def _write_as_before(now: Database, before: Database) -> None:
    """The events, lots and master data of one database in the other, with items and terms as they were kept."""
    with now.read() as session, before.engine.begin() as connection:
        for model in (Event, Lot, MasterRecord, EventTerm):
            rows = [dict(row) for row in session.execute(select(model.__table__)).mappings()]
            connection.execute(insert(model.__table__), rows)
        uris = dict(session.execute(select(Lot.lot_key, Lot.uri)).all())
        items = session.scalars(select(EventItem)).all()
    terms = [{"name": _NAMES[one.role, one.is_class], "key": one.lot_key, "at": one.at, "event_id": one.event_id,
              "subject_key": one.subject_key, "value": one.value or uris[one.lot_key]} for one in items if one.role != PROCESS]
    names = ("lot_key", "event_id", "role", "subject_key", "quantity", "unit")
    old = table("event_item", *(column(name, EventItem.__table__.c[name].type) for name in names))
    with before.engine.begin() as connection:
        connection.execute(insert(EventTerm), terms)
        connection.execute(insert(old), [{name: getattr(one, name) for name in names} for one in items if one.stands])


def _rows(database: Database, model: Any) -> list[tuple[Any, ...]]:
    with database.read() as session:
        return sorted((tuple(row) for row in session.execute(select(model.__table__))), key=repr)
