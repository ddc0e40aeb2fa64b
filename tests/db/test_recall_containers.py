"""The label of a pallet or carton that comes back leads to its batches, units and consignee; each is counted once."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from sqlalchemy import select

from tests.db.test_trace_capture import document
from tests.factories_recall import House, make_house, running
from tests.factories_trace import CASE_GTIN, UNIT_GTIN
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Problem
from traceapp.db import Database
from traceapp.recall.book_model import RecallReturn
from traceapp.recall.model import Recall, RecallLedger
from traceapp.recall.returned_containers import ReturnedContainer, TakeContainer, container_of, sscc_in, take_container
from traceapp.trace.capture import capture_document
from traceapp.trace.identity import party_uri
from traceapp.trace.model import Lot

CARTON, OTHER, PALLET = "069012340000000023", "069012340000000030", "069012340000000047"
LINK = "https://id.gs1.org/00/"


class Gate:
    """A recall, and what was packed and sent to whom."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.house: House = make_house(database, clock)
        self.recall: Recall = running(database, clock, self.house)
        self.first, self.second = self.house.first.lot_key, self.house.second.lot_key

    def told(self, *events: dict[str, Any]) -> None:
        with self.database.write() as session:
            capture_document(session, self.house.writer, self.clock, document(*events))

    def look(self, code: str) -> ReturnedContainer:
        with self.database.read() as session:
            return container_of(session, code)

    def refused(self, code: str) -> str:
        with pytest.raises(Problem) as found:
            self.look(code)
        return found.value.code

    def take(self, code: str = CARTON, **more: Any) -> list[RecallReturn]:
        with self.database.write() as session:
            return take_container(session, self.house.writer, self.clock, TakeContainer(self.recall.id, code, **more))

    def untaken(self, code: str = CARTON, **more: Any) -> str:
        with pytest.raises(Problem) as found:
            self.take(code, **more)
        return found.value.code

    def came_back(self, lot_key: str, consignee: str) -> D:
        with self.database.read() as session:
            return session.get_one(RecallLedger, (lot_key, self.recall.id, consignee)).came_back

    def stock(self, lot_key: str) -> D:
        with self.database.read() as session:
            return session.get_one(Lot, lot_key).stock


@pytest.fixture
def gate(database: Database, clock: FixedClock) -> Gate:
    return Gate(database, clock)


def packed(parent: str, *children: tuple[str, int], day: int = 4, action: str = "ADD", epcs: tuple[str, ...] = ()
           ) -> dict[str, Any]:
    return {"type": "AggregationEvent", "action": action, "eventTime": f"2026-11-{day:02}T01:00:00Z",
            "eventTimeZoneOffset": "+00:00", "parentID": LINK + parent, "bizStep": "packing",
            **({"childEPCs": list(epcs)} if epcs else {}),
            **({"childQuantityList": [{"epcClass": uri, "quantity": count} for uri, count in children]}
               if children else {})}


def shipped(what: str, code: str | None = "CLINIC", day: int = 5) -> dict[str, Any]:
    to = {"destinationList": [{"type": "owning_party", "destination": party_uri(None, code)}]} if code else {}
    return {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": f"2026-11-{day:02}T05:00:00Z",
            "eventTimeZoneOffset": "+00:00", "bizStep": "shipping", "epcList": [LINK + what], **to}


def in_cases(uri: str) -> str:
    return uri.replace(UNIT_GTIN, CASE_GTIN)


@pytest.mark.parametrize("code", [f"00{CARTON}", f"(00){CARTON}", f"https://id.gs1.org/00/{CARTON}",
                                  f"https://trace.example/00/{CARTON}", CARTON, f"]C100{CARTON}"])
def test_however_it_is_scanned_it_is_the_same_container(code: str) -> None:
    assert sscc_in(code) == CARTON


@pytest.mark.parametrize("code", ["P-1", "06901234000000002", "0112345678901231", ""])
def test_anything_else_is_no_container(code: str) -> None:
    assert sscc_in(code) is None


def test_a_label_leads_to_batches_units_consignee_and_recall(gate: Gate) -> None:
    gate.told(packed(CARTON, (in_cases(gate.house.second.uri), 2), (gate.house.first.uri, 30)), shipped(CARTON))
    found = gate.look(f"00{CARTON}")
    assert [(line.number, line.units) for line in found.lines] == [("P-1", D(30)), ("P-2", D(400))]
    assert (found.consignee_en, [case.reference for case in found.cases]) == ("Clinic One", [gate.recall.reference])
    rows = gate.take()
    assert sorted(row.units for row in rows) == [30, 400]
    assert {row.sscc for row in rows} == {CARTON}
    clinic = gate.house.maker.clinic.id
    assert (gate.came_back(gate.first, clinic), gate.came_back(gate.second, clinic)) == (D(30), D(400))
    assert (gate.stock(gate.first), gate.stock(gate.second)) == (D(480), D(1400))


def test_nothing_is_counted_twice_not_even_by_the_pallet_around_it_or_a_carton_in_it(gate: Gate) -> None:
    gate.told(packed(CARTON, (gate.house.first.uri, 30)), packed(OTHER, (gate.house.second.uri, 40)),
              packed(PALLET, epcs=(LINK + CARTON, LINK + OTHER)), shipped(PALLET))
    assert gate.look(CARTON).consignee_en == "Clinic One", "it left in the pallet"
    gate.take(CARTON)
    assert [gate.untaken(code) for code in (CARTON, PALLET)] == ["container-taken"] * 2
    gate.take(OTHER)
    assert gate.untaken(OTHER) == "container-taken"
    clinic = gate.house.maker.clinic.id
    assert (gate.came_back(gate.first, clinic), gate.came_back(gate.second, clinic)) == (D(30), D(40))


def test_a_pallet_that_came_back_takes_its_cartons_with_it(gate: Gate) -> None:
    gate.told(packed(CARTON, (gate.house.first.uri, 30)), packed(OTHER, (gate.house.second.uri, 40)),
              packed(PALLET, epcs=(LINK + CARTON, LINK + OTHER)), shipped(PALLET))
    gate.take(PALLET)
    assert [gate.untaken(code) for code in (CARTON, OTHER, PALLET)] == ["container-taken"] * 3
    with gate.database.read() as session:
        assert sorted(session.scalars(select(RecallReturn.units))) == [30, 40]


def test_the_same_label_that_left_again_comes_back_again(gate: Gate) -> None:
    gate.told(packed(CARTON, (gate.house.second.uri, 30)), shipped(CARTON))
    gate.take()
    gate.clock.move_to(gate.clock.now() + timedelta(days=1))
    gate.told(shipped(CARTON, "OWN", 6), shipped(CARTON, day=8))
    gate.take()
    assert gate.came_back(gate.second, gate.house.maker.clinic.id) == 60


def test_what_is_counted_can_be_less_than_was_packed_but_not_more(gate: Gate) -> None:
    gate.told(packed(CARTON, (gate.house.first.uri, 30), (gate.house.second.uri, 40)), shipped(CARTON))
    for units in ({gate.first: D(31)}, {gate.house.other.lot_key: D(1)}, {gate.first: D(-1)}):
        assert gate.untaken(units=units) == "not-in-container"
    assert gate.untaken(units={gate.first: D(0)}) == "no-lines"
    assert [(row.lot_key, row.units) for row in gate.take(units={gate.first: D(29), gate.second: D(0)})] == [
        (gate.first, D(29))]


def test_what_was_taken_out_since_is_not_in_it_any_more(gate: Gate) -> None:
    gate.told(packed(CARTON, (gate.house.second.uri, 40)), shipped(CARTON),
              packed(CARTON, (gate.house.second.uri, 15), day=7, action="DELETE"))
    assert [line.units for line in gate.look(CARTON).lines] == [D(25)]


def test_what_is_not_known_is_refused_and_nothing_is_taken_in(gate: Gate) -> None:
    assert gate.refused(CARTON) == "unknown-sscc"
    gate.told(packed(CARTON, (gate.house.second.uri, 40)))
    assert gate.refused(CARTON) == "not-despatched"
    gate.told(shipped(CARTON, "NOBODY"))
    assert gate.refused(CARTON) == "unknown-taker"
    gate.told(shipped(OTHER))
    assert gate.refused(OTHER) == "container-empty"
    gate.told(packed(OTHER, (gate.house.second.uri, 4), ("https://id.gs1.org/01/09521141012345/10/X", 1)))
    assert gate.refused(OTHER) == "container-unclear"
    assert {gate.refused(code) for code in ("P-1", CARTON[:-1] + "4", f"00{CARTON[:-1]}4")} == {"no-sscc"}
    with gate.database.read() as session:
        assert session.scalars(select(RecallReturn)).all() == []


def test_a_batch_that_the_recall_is_not_about_is_taken_in_only_when_somebody_says_so(gate: Gate) -> None:
    gate.told(packed(CARTON, (gate.house.first.uri, 30), (gate.house.other.uri, 5)), shipped(CARTON, "HOSPITAL"))
    assert gate.untaken() == "not-in-scope"
    assert gate.came_back(gate.first, gate.house.maker.hospital.id) == 0
    assert [(row.lot_key == gate.first, row.is_in_scope) for row in gate.take(is_outside=True)] in (
        [(True, True), (False, False)], [(False, False), (True, True)])
    with gate.database.read() as session:
        assert session.get_one(Lot, gate.house.other.lot_key).is_on_hold


def test_more_than_the_consignee_got_by_our_books_is_refused_as_a_whole(gate: Gate) -> None:
    gate.told(packed(CARTON, (gate.house.second.uri, 10), (gate.house.first.uri, 351)), shipped(CARTON))
    assert gate.untaken() == "more-than-shipped"
    assert gate.came_back(gate.second, gate.house.maker.clinic.id) == 0
    assert gate.stock(gate.second) == 1000
    assert len(gate.take(units={gate.second: D(10), gate.first: D(350)})) == 2
