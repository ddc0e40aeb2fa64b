"""Each fact by itself gives an authority its case, and nothing else does."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.db.test_legal_clocks import a_party, make_event
from tests.factories_surveillance import add_product, add_shipment
from traceapp.adverse_event.model import AdverseEvent
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.oversight.cases import CaseChoice, Reported, cases_chosen, standings
from traceapp.oversight.scope import Scope, cases_in, lots_in, reaches
from traceapp.submission.report_model import Report
from traceapp.trace.model import Lot
from traceapp.worklist.clock_model import ClockState, LegalClock

EUROPE = Scope(frozenset({"EU"}), frozenset(), "CN")
Change = Callable[[Session, AdverseEvent, FixedClock], None]


def a_clock(event: AdverseEvent, clock: FixedClock, jurisdiction: str = "EU",
            state: str = ClockState.running) -> LegalClock:
    return LegalClock(id=f"k-{jurisdiction}", about=f"adverse_event:{event.id}", reference=event.reference,
                      jurisdiction=jurisdiction, rule_id="r", rule={}, why=[], started_at=clock.now(), state=state,
                      due_at=clock.now() + timedelta(days=1), created_at=clock.now())


def a_report(event: AdverseEvent, clock: FixedClock, state: str = "sent") -> Report:
    return Report(id="r1", about=f"adverse_event:{event.id}", reference=event.reference, product_id=event.product_id,
                  jurisdiction="EU", form="f", format="xml", profile="masked", kind="initial", version=1, number="N",
                  case_revision=1, prepared_at=clock.now(), prepared_by="u", state=state, sha256="0" * 64,
                  sent_at=clock.now(), acknowledgement="A")


def ended_clock(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    session.add(a_clock(event, clock, state=ClockState.not_reportable))


def elsewhere_clock(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    session.add(a_clock(event, clock, "US"))


def sent_report(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    session.add(a_report(event, clock))


def unsent_report(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    session.add(a_report(event, clock, "prepared"))


def german_consignee(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    session.add(a_party("praxis", "DE", clock))
    event.consignee_id = "praxis"


def happened_in_france(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    event.details = event.details | {"event_country": "FR"}


def german_consignee_but_at_home(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    german_consignee(session, event, clock)
    event.details = event.details | {"event_country": "CN"}


def written_like_a_country(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    event.details = event.details | {"history": 'she wrote "event_country":"DE" herself'}


def shipped_to_germany(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    session.add(a_party("praxis", "DE", clock))
    add_shipment(session, session.scalars(select(Lot).where(Lot.lot_key == event.lot_key)).one(), 5, clock.now(), "praxis")


def shipped_to_america(session: Session, event: AdverseEvent, clock: FixedClock) -> None:
    session.add(a_party("ward", "US", clock))
    add_shipment(session, session.scalars(select(Lot).where(Lot.lot_key == event.lot_key)).one(), 5, clock.now(), "ward")


def nothing(_session: Session, _event: AdverseEvent, _clock: FixedClock) -> None:
    """The case as it came in at home."""


@pytest.mark.parametrize(("change", "is_theirs"), [
    (nothing, False), (ended_clock, True), (elsewhere_clock, False), (sent_report, True), (unsent_report, False),
    (german_consignee, True), (happened_in_france, True), (german_consignee_but_at_home, False),
    (written_like_a_country, False), (shipped_to_germany, True), (shipped_to_america, False)])
def test_one_fact_gives_an_authority_its_case(database: Database, clock: FixedClock, change: Change,
                                              is_theirs: bool) -> None:
    event = make_event(database, clock)
    with database.write() as session:
        change(session, session.scalars(select(AdverseEvent)).one(), clock)
    with database.read() as session:
        assert list(session.scalars(cases_in(EUROPE))) == [event.id] * is_theirs
        assert reaches(session, EUROPE, "adverse_event", event.id) == is_theirs
        assert list(session.scalars(lots_in(EUROPE))) == [event.lot_key] * is_theirs
        home = Scope(frozenset({"CN"}), frozenset(), "CN")
        assert list(session.scalars(cases_in(home))) == [event.id]


def test_products_narrow_a_scope_and_an_unknown_product_is_outside(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    with database.write() as session:
        other = add_product(session, clock.now(), "OTHER").id
    assert event.product_id is not None
    with database.write() as session:
        for products, is_there in (((), True), ((event.product_id,), True), ((event.product_id, other), True),
                                   ((other,), False)):
            scope = Scope(frozenset({"CN"}), frozenset(products), "CN")
            assert list(session.scalars(cases_in(scope))) == [event.id] * is_there
        session.scalars(select(AdverseEvent)).one().product_id = None
        session.flush()
        assert list(session.scalars(cases_in(Scope(frozenset({"CN"}), frozenset((other,)), "CN")))) == []
        assert list(session.scalars(cases_in(Scope(frozenset({"CN"}), frozenset(), "CN")))) == [event.id]


def test_a_scope_without_a_jurisdiction_reaches_nothing(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    with database.read() as session:
        for home in ("CN", ""):
            empty = Scope(frozenset(), frozenset(), home)
            assert list(session.scalars(cases_in(empty))) == list(session.scalars(lots_in(empty))) == []
            assert not reaches(session, empty, "adverse_event", event.id)


def test_a_kind_that_nobody_thought_of_is_never_in_scope(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    with database.read() as session:
        home = Scope(frozenset({"CN"}), frozenset(), "CN")
        assert not reaches(session, home, "complaint", event.complaint_id or "")
        assert reaches(session, None, "complaint", event.complaint_id or "")  # staff are bounded by permissions


def test_a_listing_tells_reported_cases_from_late_ones_in_the_jurisdictions_of_the_scope(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    with database.write() as session:
        session.add_all((a_clock(event, clock), a_report(event, clock)))
        session.flush()
        later = clock.now() + timedelta(days=2)
        america = Scope(frozenset({"US", "CN"}), frozenset(), "CN")
        for scope, reported, now, is_there in (
                (EUROPE, Reported.sent, clock.now(), True), (EUROPE, Reported.none, clock.now(), False),
                (EUROPE, Reported.late, clock.now(), False), (EUROPE, Reported.late, later, True),
                (EUROPE, Reported.acknowledged, later, False), (america, Reported.none, later, True)):
            found = list(session.scalars(cases_chosen(scope, CaseChoice(reported=reported), now)))
            assert found == [event.id] * is_there, (scope, reported)
        standing = standings(session, EUROPE, [event.id])[event.id]
        assert (standing.report and standing.report.id, standing.due_at) == ("r1", clock.now() + timedelta(days=1))
        assert standings(session, america, [event.id])[event.id].report is None
