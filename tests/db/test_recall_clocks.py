"""Legal clocks of recalls: their decision, start, extension and end, in every market; on both databases."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from tests.db.test_legal_clocks import PROOF
from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, VAULT, House, ended, make_house, opened, running
from traceapp.catalog.model import Party
from traceapp.catalog.registrations import NewRegistration, register_product
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.clocks import recalls_without_clocks, start_clocks
from traceapp.recall.ledger import SettleLine, settle_line
from traceapp.recall.model import Recall, RecallLedger
from traceapp.recall.service import (
    ApproveRecall,
    ExtendRecall,
    SetScope,
    SubmitRecall,
    approve_recall,
    extend_recall,
    set_scope,
    submit_recall,
)
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import EndClock, clocks_about, end_clock
from traceapp.worklist.tasks import tasks_about


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def clocks(database: Database, recall: Recall, *, state: str = "running") -> dict[str, LegalClock]:
    with database.read() as session:
        return {one.rule_id: one for one in clocks_about(session, f"recall:{recall.id}") if one.state == state}


def sold_in(database: Database, clock: FixedClock, house: House, market: str) -> None:
    with database.write() as session:
        register_product(session, house.writer, clock, house.maker.plaster.id, NewRegistration(market))


def closed(database: Database, clock: FixedClock, house: House, recall: Recall) -> None:
    with database.write() as session:
        for line in session.query(RecallLedger).filter_by(recall_id=recall.id).all():
            settle_line(session, house.writer, clock, SettleLine(recall.id, line.consignee_id, line.lot_key, "gone"))
        ended(session, clock, house, recall.id)


@pytest.mark.parametrize(("recall_class", "notice", "days"), [("I", "CN-MR-01", 1), ("II", "CN-MR-02", 3), ("III", "CN-MR-03", 7)])
def test_the_second_signature_begins_the_clocks_of_the_class(
        sqlite: Database, clock: FixedClock, recall_class: str, notice: str, days: int) -> None:
    house = make_house(sqlite, clock)
    assert clocks(sqlite, opened(sqlite, clock, house)) == {}
    recall = running(sqlite, clock, house, replace(TEXTS, recall_class=recall_class, root_lot_keys=(house.first.lot_key,)))
    found = clocks(sqlite, recall)
    assert list(found) == sorted([notice, "CN-MR-04", "CN-MR-06"], key=lambda one: (found[one].due_at, one))
    assert {one.started_at for one in found.values()} == {recall.approved_at}
    assert (found[notice].due_at - clock.now()).days in (days, days - 1)
    assert not found["CN-MR-06"].has_limit


def test_a_plan_without_a_day_by_law_is_a_duty_to_set_one(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.read() as session:
        duties = {task.kind: task for task in tasks_about(session, f"recall:{recall.id}") if task.state == "open"}
    assert duties["clock.decide"].due_at == clocks(database, recall)["CN-MR-06"].due_at
    assert duties["clock.report"].due_at == min(one.due_at for one in clocks(database, recall).values())


def test_every_market_of_the_batches_is_asked(database: Database, clock: FixedClock, house: House) -> None:
    with database.write() as session:
        session.get_one(Party, house.maker.hospital.id).country = "CA"
    sold_in(database, clock, house, "US")
    sold_in(database, clock, house, "DE")
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(house.first.lot_key,)))
    found = clocks(database, recall)
    assert {one.rule_id: one.ground for one in found.values()} == {
        "CN-MR-02": "home", "CN-MR-04": "home", "CN-MR-06": "home", "CA-MD-03": "shipped", "CA-MD-04": "shipped",
        "US-MD-06": "sold", "US-RC-01": "sold", "US-RC-02": "sold", "EU-MD-04": "sold", "EU-MD-07": "sold"}
    assert {rule for rule, one in found.items() if one.due_at == recall.approved_at} == {"US-RC-01", "EU-MD-04"}
    assert found["US-RC-02"].is_repeating and not found["US-MD-06"].is_repeating


def test_canada_asks_for_nothing_of_the_third_class_but_a_person_says_so(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    sold_in(sqlite, clock, house, "CA")
    recall = running(sqlite, clock, house, replace(TEXTS, recall_class="III", root_lot_keys=(house.first.lot_key,)))
    assert {one.rule_id for one in clocks(sqlite, recall).values() if one.jurisdiction == "CA"} == {"undetermined"}


def test_a_status_report_is_followed_by_the_next_until_the_recall_ends(
        database: Database, clock: FixedClock, house: House) -> None:
    sold_in(database, clock, house, "US")
    recall = running(database, clock, house)
    first = clocks(database, recall)["US-RC-02"]
    clock.move_to(clock.now() + timedelta(days=10))
    with database.write() as session:
        end_clock(session, house.writer, clock, EndClock(first.id, "reported", "first status", **PROOF))
    second = clocks(database, recall)["US-RC-02"]
    assert second.id != first.id and second.started_at == clock.now() and second.is_repeating
    assert second.due_at > first.due_at
    closed(database, clock, house, recall)
    with database.write() as session:
        end_clock(session, house.writer, clock, EndClock(second.id, "reported", "last status", **PROOF))
    assert "US-RC-02" not in clocks(database, recall)


def test_no_further_report_is_due_once_a_person_says_so(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    sold_in(sqlite, clock, house, "US")
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        end_clock(session, house.writer, clock, EndClock(
            clocks(sqlite, recall)["US-RC-02"].id, "not_reportable", "FDA was told of the end"))
    assert "US-RC-02" not in clocks(sqlite, recall)


def test_the_end_begins_the_closing_report_and_leaves_its_task(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    clock.move_to(clock.now() + timedelta(days=30))
    closed(database, clock, house, recall)
    found = clocks(database, recall)
    assert found["CN-MR-05"].started_at == clock.now() and found["CN-MR-05"].why == ["recall_completed"]
    with database.read() as session:
        assert {task.kind for task in tasks_about(session, f"recall:{recall.id}") if task.state == "open"} == {
            "clock.report", "clock.decide"}, "of one clock the law gives no day, and nobody has said one"


def test_taking_a_recall_to_further_batches_begins_the_clock_of_an_extension(
        database: Database, clock: FixedClock, house: House) -> None:
    sold_in(database, clock, house, "US")
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(house.first.lot_key,)))
    assert "US-MD-06" in clocks(database, recall) and "US-MD-07" not in clocks(database, recall)
    with database.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "the second lot has the same glue"))
        set_scope(session, house.writer, clock, SetScope(
            recall.id, (house.first.lot_key, house.second.lot_key),
            root_lot_keys=(house.first.lot_key, house.second.lot_key)))
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    assert "US-MD-07" in clocks(database, recall) and "CN-MR-02" in clocks(database, recall)


def test_recalls_from_before_there_were_clocks_are_found_once(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.write() as session:
        session.execute(delete(LegalClock))
    clock.move_to(clock.now() + timedelta(days=5))
    with database.write() as session:
        found = recalls_without_clocks(session, 10)
        assert [one.id for one in found] == [recall.id]
        start_clocks(session, SYSTEM, clock, found[0])
    assert clocks(database, recall)["CN-MR-02"].started_at == recall.approved_at
    with database.write() as session:
        assert recalls_without_clocks(session, 10) == []
