"""Until when things are in their containers, by others' events, in whatever order they come."""
from __future__ import annotations

import random
from typing import Any

import pytest

from tests.db.test_trace_capture import capture, derived, document
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.capture import rebuild
from traceapp.trace.finding import key_of_text
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.position_query import places_of

BOX, PALLET = "urn:epc:id:sscc:6901234.0000000001", "urn:epc:id:sscc:6901234.0000000002"
ONE, OTHER = "urn:epc:id:sgtin:6901234.000111.1", "urn:epc:id:sgtin:6901234.000111.2"


def packing(action: str, parent: str, children: list[str], hour: int, **more: Any) -> dict[str, Any]:
    return {"type": "AggregationEvent", "action": action, "eventTime": f"2026-11-01T{hour:02}:00:00Z",
            "eventTimeZoneOffset": "+00:00", "parentID": parent,
            **({"childEPCs": children} if children else {}), **more}


def weighed(uri: str, quantity: int) -> dict[str, Any]:
    return {"childQuantityList": [{"epcClass": uri, "quantity": quantity, "uom": "KGM"}]}


def reach(database: Database, uri: str, direction: str = "downstream", **more: Any) -> set[str]:
    with database.read() as session:
        return {node.uri for node in trace_lot(session, key_of_text(session, uri), direction, **more).nodes}


REUSED = (packing("ADD", BOX, [ONE], 1), packing("ADD", PALLET, [BOX], 2), packing("DELETE", PALLET, [], 3),
          packing("DELETE", BOX, [ONE], 4), packing("ADD", BOX, [OTHER], 5), packing("ADD", PALLET + "9", [BOX], 6))


@pytest.mark.parametrize("seed", range(4))
def test_a_box_that_is_used_again_carries_only_what_is_in_it(
        database: Database, actor: Actor, clock: FixedClock, seed: int) -> None:
    events = list(REUSED)
    random.Random(seed).shuffle(events)
    for part in (events[:3], events[3:]):
        capture(database, actor, clock, document(*part))
    assert len(reach(database, ONE)) == 3
    assert len(reach(database, ONE, by_time=False)) == 4
    assert len(reach(database, OTHER)) == 3
    assert not reach(database, ONE) & reach(database, OTHER) - reach(database, BOX)
    assert len(reach(database, PALLET, "upstream")) == 3


def test_what_is_in_a_container_is_where_a_later_document_saw_the_container(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(packing("ADD", BOX, [ONE], 1, bizLocation={"id": "urn:x:plant"})))
    capture(database, actor, clock, document({
        "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-02T01:00:00Z", "eventTimeZoneOffset": "+00:00",
        "epcList": [BOX], "bizStep": "receiving", "bizLocation": {"id": "urn:x:ward"}}))
    with database.read() as session:
        assert [one.place for one in places_of(session, [key_of_text(session, ONE)])] == ["urn:x:ward"]
    before = derived(database)
    with database.write() as session:
        rebuild(session)
    assert derived(database) == before


def test_a_rebuild_gives_the_same_ends(database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(*REUSED))
    before = derived(database)
    with database.write() as session:
        rebuild(session)
    assert derived(database) == before


def test_a_quantity_is_out_when_all_of_it_was_taken_out(database: Database, actor: Actor, clock: FixedClock) -> None:
    flour = "urn:x:flour"
    capture(database, actor, clock, document(
        packing("ADD", BOX, [], 1, **weighed(flour, 10)), packing("DELETE", BOX, [], 2, **weighed(flour, 4)),
        packing("ADD", PALLET, [BOX], 3)))
    assert len(reach(database, flour)) == 3
    capture(database, actor, clock, document(
        packing("DELETE", BOX, [], 4, **weighed(flour, 6)), packing("ADD", PALLET + "9", [BOX], 5)))
    assert len(reach(database, flour)) == 3
    assert len(reach(database, BOX)) == 3


def test_a_taking_out_that_was_declared_wrong_did_not_happen(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    out = packing("DELETE", BOX, [], 2, eventID="urn:uuid:00000000-0000-4000-8000-000000000001")
    capture(database, actor, clock, document(packing("ADD", BOX, [ONE], 1), out, packing("ADD", PALLET, [BOX], 3)))
    assert len(reach(database, ONE)) == 2
    wrong = {"declarationTime": "2026-11-02T00:00:00Z", "reason": "incorrect_data"}
    capture(database, actor, clock, document({**out, "errorDeclaration": wrong}))
    assert len(reach(database, ONE)) == 3
