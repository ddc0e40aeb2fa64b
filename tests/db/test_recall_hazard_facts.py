"""The evaluation of a hazard begins from the case's own figures, and classes are kept by jurisdiction."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy.exc import DBAPIError

from tests.factories_recall import TEXTS, House, decided, make_house, opened, running
from tests.factories_surveillance import add_complaint
from traceapp.adverse_event.model import AdverseEvent
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.recall.classes import classifications_now, classifications_of
from traceapp.recall.hazard_facts import hazard_facts
from traceapp.recall.model import Recall
from traceapp.recall.service import ClassifyRecall, classify_recall
from traceapp.worklist.legal_clocks import clocks_about


@pytest.fixture
def house(sqlite: Database, clock: FixedClock) -> House:
    return make_house(sqlite, clock)


def test_reports_events_and_units_of_the_lots_in_scope_are_counted(sqlite: Database, clock: FixedClock,
                                                                   house: House) -> None:
    recall, at = opened(sqlite, clock, house), clock.now()
    with sqlite.write() as session:
        first = add_complaint(session, house.first, at, age_band="2-13", severity="major")
        add_complaint(session, house.second, at, age_band="2-13", severity="moderate")
        add_complaint(session, house.second, at, is_harm=False, severity="minor")
        add_complaint(session, house.second, at, master_id=first.id)  # a duplicate
        add_complaint(session, house.other, at)  # not in scope
        for number, (outcome, state, criteria) in enumerate((
                ("fatal", "assessed", ["death"]), ("recovered", "assessed", []), ("fatal", "nullified", ["death"]))):
            session.add(AdverseEvent(lot_key=house.first.lot_key, id=f"{number:032x}", reference=f"AE-{number}",
                                     awareness_at=at, created_at=at, outcome=outcome, state=state,
                                     seriousness=criteria, is_serious=bool(criteria)))
    with sqlite.read() as session:
        found = hazard_facts(session, session.get_one(Recall, recall.id), at)
    assert (found.reports, found.harmful, found.malfunctions) == (3, 2, 1)
    assert found.by_severity == {"major": 1, "moderate": 1} and found.by_age == {"2-13": 2}
    assert (found.events, found.deaths, found.serious) == (2, 1, 1)
    assert found.sent == {"EA": D(1550)} and found.lots == 3 and found.expected is not None


def classed(database: Database, clock: FixedClock, house: House, recall: Recall, **values: object) -> None:
    with database.write() as session:
        classify_recall(session, house.writer, clock, replace(ClassifyRecall(
            recall.id, "CN", "II", False, clock.now().date(), "reversible harm"), **values))  # type: ignore[arg-type]


def test_what_an_authority_assigns_counts_before_what_we_propose_and_every_row_stays(
        sqlite: Database, clock: FixedClock, house: House) -> None:
    recall = decided(sqlite, clock, house)
    classed(sqlite, clock, house, recall)
    classed(sqlite, clock, house, recall, jurisdiction="US", recall_class="III")
    classed(sqlite, clock, house, recall, is_assigned=True, recall_class="III", by_whom="NMPA", basis="letter 7")
    classed(sqlite, clock, house, recall, basis="we still think so")
    with sqlite.write() as session:
        now = classifications_now(session, recall.id)
        assert {place: (row.recall_class, row.by_whom) for place, row in now.items()} == {
            "CN": ("III", "NMPA"), "US": ("III", "")}
        rows = classifications_of(session, recall.id)
        assert [row.position for row in rows] == [1, 2, 3, 4]
        rows[0].basis = "rewritten"
        with pytest.raises(DBAPIError, match="append"):
            session.flush()
        session.rollback()


@pytest.mark.parametrize("values, place", (
    ({"is_assigned": True}, "by_whom"), ({"jurisdiction": "China"}, "jurisdiction"), ({"recall_class": "IV"}, "recall_class"),
    ({"basis": " "}, "basis")))
def test_a_class_without_its_ground_is_refused_at_its_field(sqlite: Database, clock: FixedClock, house: House,
                                                           values: dict[str, object], place: str) -> None:
    recall = opened(sqlite, clock, house)
    with pytest.raises(InvalidInput) as refused:
        classed(sqlite, clock, house, recall, **values)
    assert refused.value.place == place


def test_a_stricter_class_of_an_authority_begins_its_clocks_there(sqlite: Database, clock: FixedClock,
                                                                 house: House) -> None:
    recall = running(sqlite, clock, house, replace(TEXTS, recall_class="II", root_lot_keys=(house.first.lot_key,)))
    clock.move_to(clock.now() + timedelta(hours=5))

    def rules() -> set[str]:
        with sqlite.read() as session:
            return {one.rule_id for one in clocks_about(session, f"recall:{recall.id}") if one.state == "running"}

    before = rules()
    classed(sqlite, clock, house, recall, recall_class="I")  # proposed by us only
    assert rules() == before
    classed(sqlite, clock, house, recall, recall_class="I", is_assigned=True, by_whom="NMPA")
    assert rules() - before == {"CN-MR-01"}
