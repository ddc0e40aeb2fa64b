"""A despatch of a recalled batch that only another system's event tells of is not lost: whom it names is work by name."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from tests.db.test_trace_capture import document
from tests.factories import PASSWORD
from tests.factories_recall import VAULT, House, decided, make_house, running
from tests.factories_trace import CASE_GTIN
from tests.statements import sent
from traceapp.catalog.service import NewParty, create_party
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.jobs.recall_sweep import follow_recall_scopes
from traceapp.recall.ending import refuse_untold
from traceapp.recall.following import follow_scopes
from traceapp.recall.left_before import book_left_before
from traceapp.recall.model import Recall
from traceapp.recall.notices import notice_for
from traceapp.recall.passing_on import PassOn, pass_on
from traceapp.recall.service import ApproveRecall, SubmitRecall, approve_recall, submit_recall
from traceapp.recall.told_despatches import are_despatches_told, follow_told
from traceapp.recall.untold import UNTOLD_DESPATCH_TASK, NoteUntold, note_untold, untold_rows
from traceapp.trace.capture import capture_document
from traceapp.trace.identity import party_uri
from traceapp.trace.left_before import ShipBeforeStop
from traceapp.trace.model import Lot
from traceapp.trace.shipping import ShipLine, ShipLots
from traceapp.worklist.tasks import open_tasks
from traceapp.world import build_world

SSCC, PALLET = "https://id.gs1.org/00/069012340000000023", "https://id.gs1.org/00/069012340000000030"


@dataclass
class Told:
    """A recall, and others that tell of its batches. `other` is a partner that no despatch of ours went to."""

    database: Database
    clock: FixedClock
    house: House
    recall: Recall
    other: str

    def hears(self, *events: dict[str, Any]) -> None:
        with self.database.write() as session:
            capture_document(session, self.house.writer, self.clock, document(*events))

    def follows(self) -> int:
        with self.database.write() as session:
            follow_scopes(session, self.clock)
            return follow_told(session, self.clock)

    def rows(self) -> list[tuple[Any, ...]]:
        with self.database.read() as session:
            return [(one.number, one.name_en or one.row.sent_to, one.row.units, one.row.state)
                    for one in untold_rows(session, self.recall.id)]

    def tasks(self) -> list[str]:
        with self.database.read() as session:
            return [str(task.params["name_en"]) for task in open_tasks(session) if task.kind == UNTOLD_DESPATCH_TASK]


@pytest.fixture
def told(database: Database, clock: FixedClock) -> Told:
    return begun(database, clock)


def begun(database: Database, clock: FixedClock, *, is_running: bool = True) -> Told:
    house = make_house(database, clock)
    recall = (running if is_running else decided)(database, clock, house)
    with database.write() as session:
        other = create_party(session, house.writer, clock, NewParty("WARD", "三病区", "Ward Three", roles=(
            "user_facility",)))
    made = Told(database, clock, house, recall, other.id)
    made.follows()
    clock.move_to(clock.now() + timedelta(hours=1))
    return made


def left(house: House, units: int | None, to: str | None, *, day: int = 10, by: str | None = None, step: str = "shipping",
         uri: str | None = None, **more: Any) -> dict[str, Any]:
    stated = {"epcClass": uri or house.second.uri} | ({} if units is None else {"quantity": units})
    return {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": f"2026-11-{day:02}T05:00:00Z", "bizStep": step,
            "eventTimeZoneOffset": "+00:00", "quantityList": [stated],
            **({"destinationList": [{"type": "owning_party", "destination": to}]} if to else {}),
            **({"sourceList": [{"type": "owning_party", "source": by}]} if by else {}), **more}


def party(code: str) -> str:
    return party_uri(None, code)


def test_who_is_named_by_another_systems_event_becomes_work(told: Told) -> None:
    told.hears(left(told.house, 30, party("WARD")))
    assert (told.follows(), told.rows(), told.tasks()) == (1, [("P-2", "Ward Three", D(30), "waiting")], ["Ward Three"])
    assert told.follows() == 0
    with told.database.read() as session, pytest.raises(Conflict) as refused:
        refuse_untold(session, session.get_one(Recall, told.recall.id))
    assert refused.value.code == "untold-despatch"
    with told.database.read() as session:
        assert session.get_one(Lot, told.house.second.lot_key).shipped == 1000, "others change no stock of ours"


def test_what_our_books_have_is_no_work_and_what_is_more_is(told: Told) -> None:
    told.hears(left(told.house, 600, party("CLINIC")), left(told.house, 400, party("CLINIC"), day=11))
    assert told.follows() == 0
    told.hears(left(told.house, 1, party("CLINIC"), day=12), left(told.house, None, party("CLINIC"), day=13))
    assert (told.follows(), told.rows()) == (1, [("P-2", "Clinic One", D(1), "waiting")])


def test_what_comes_back_to_us_and_batches_outside_are_no_work(told: Told) -> None:
    told.hears(left(told.house, 5, party("OWN"), by=party("CLINIC")),
               left(told.house, 5, party("WARD"), uri=told.house.other.uri))
    assert (told.follows(), told.rows()) == (0, [])


def test_somebody_whom_we_do_not_know_is_named_as_the_event_does(told: Told) -> None:
    told.hears(left(told.house, 5, "https://id.gs1.org/417/6901234000054"))
    assert (told.follows(), told.tasks()) == (1, ["https://id.gs1.org/417/6901234000054"])


def test_packs_are_units_and_containers_are_what_is_in_them(told: Told) -> None:
    cases = told.house.second.uri.replace(told.house.second.uri.split("/01/")[1][:14], CASE_GTIN)

    def packed(parent: str, action: str, day: int, **children: Any) -> dict[str, Any]:
        return {"type": "AggregationEvent", "action": action, "eventTime": f"2026-11-{day:02}T01:00:00Z",
                "eventTimeZoneOffset": "+00:00", "parentID": parent, **children}

    told.hears(packed(SSCC, "ADD", 5, childQuantityList=[{"epcClass": cases, "quantity": 2}]),
               packed(SSCC, "DELETE", 6, childQuantityList=[{"epcClass": told.house.second.uri, "quantity": 50}]),
               packed(PALLET, "ADD", 7, childEPCs=[SSCC]))
    gone = left(told.house, 1, party("WARD"))
    del gone["quantityList"]
    told.hears(gone | {"epcList": [PALLET]})
    assert (told.follows(), told.rows()) == (1, [("P-2", "Ward Three", D(350), "waiting")])


def test_what_was_packed_is_heard_of_after_it_left(told: Told) -> None:
    gone = left(told.house, 1, party("WARD"))
    del gone["quantityList"]
    told.hears(gone | {"epcList": [SSCC]})
    assert told.follows() == 0
    told.clock.move_to(told.clock.now() + timedelta(minutes=30))
    told.hears({"type": "AggregationEvent", "action": "ADD", "eventTime": "2026-11-04T01:00:00Z", "parentID": SSCC,
                "eventTimeZoneOffset": "+00:00", "childQuantityList": [{"epcClass": told.house.second.uri,
                                                                        "quantity": 70}]})
    assert (told.follows(), told.rows()) == (1, [("P-2", "Ward Three", D(70), "waiting")])


def test_what_a_consignee_sent_on_leads_to_that_consignee_until_it_named_them(told: Told) -> None:
    told.hears(left(told.house, 30, party("WARD"), by=party("CLINIC")))
    assert told.follows() == 1
    with told.database.read() as session:
        one, = untold_rows(session, told.recall.id)
        assert one.row.giver_id == told.house.maker.clinic.id
    with told.database.write() as session:
        notice = notice_for(session, told.recall.id, told.house.maker.clinic.id, lock=True)
        pass_on(session, told.house.writer, told.clock, notice, PassOn(
            "Ward Three", {told.house.second.lot_key: D(30)}, email="ward@hospital.example"), vault=VAULT)
    told.clock.move_to(told.clock.now() + timedelta(hours=2))
    told.follows()
    assert [state for *_rest, state in told.rows()] == ["noted"]
    assert told.tasks() == []


def test_booking_it_ends_that_work_and_begins_the_one_of_the_books(told: Told) -> None:
    told.hears(left(told.house, 30, party("WARD")))
    told.follows()
    with told.database.write() as session:
        book_left_before(session, told.house.writer, told.clock, ShipBeforeStop(ShipLots(
            told.other, "D-9", told.clock.now() - timedelta(days=12), None, "",
            (ShipLine(told.house.second.lot_key, None, D(30)),)), "the carrier told us"))
    assert [(units, state) for _number, _name, units, state in told.rows()] == [(D(30), "waiting"), (D(30), "noted")]
    assert told.tasks() == ["Ward Three"]
    told.follows()
    assert [state for *_rest, state in told.rows()] == ["waiting", "noted"]


def test_an_event_that_its_sender_takes_back_is_work_no_more(told: Told) -> None:
    event = left(told.house, 30, party("WARD")) | {"eventID": "urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845aa"}
    told.hears(event)
    told.follows()
    told.hears(event | {"errorDeclaration": {"declarationTime": "2026-11-20T00:00:00Z", "reason": "incorrect_data"}})
    told.follows()
    assert ([state for *_rest, state in told.rows()], told.tasks()) == (["noted"], [])


def test_somebody_says_why_nobody_has_to_be_told(told: Told) -> None:
    told.hears(left(told.house, 30, party("WARD")))
    told.follows()
    with told.database.write() as session:
        one, = untold_rows(session, told.recall.id)
        note_untold(session, told.house.writer, told.clock, NoteUntold(
            told.recall.id, one.row.lot_key, one.row.event_id, "the same as D-1"))
    told.hears(left(told.house, 30, party("HOSPITAL"), day=12))
    assert told.follows() == 1
    assert sorted((name, state) for _number, name, _units, state in told.rows()) == [
        ("Hospital Two", "waiting"), ("Ward Three", "noted")]


def test_what_was_told_before_the_recall_is_found_once_it_is_decided(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    with database.write() as session:
        other = create_party(session, house.writer, clock, NewParty("WARD", "三病区", "Ward Three", roles=(
            "user_facility",)))
        capture_document(session, house.writer, clock, document(left(house, 30, party("WARD"))))
    clock.move_to(clock.now() + timedelta(hours=1))
    told = Told(database, clock, house, decided(database, clock, house), other.id)
    assert (told.follows(), told.tasks()) == (1, ["Ward Three"])
    with database.write() as session:
        book_left_before(session, house.writer, clock, ShipBeforeStop(ShipLots(
            other.id, "D-9", clock.now() - timedelta(days=12), None, "",
            (ShipLine(house.second.lot_key, None, D(30)),)), "the carrier told us"))
        submit_recall(session, house.writer, clock, SubmitRecall(told.recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(told.recall.id, PASSWORD), vault=VAULT)
    told.follows()
    assert (told.tasks(), [state for *_rest, state in told.rows()]) == ([], ["noted"])


def test_the_scheduler_looks_by_itself_and_only_when_something_was_told(settings: Settings, database: Database,
                                                                        clock: FixedClock) -> None:
    told = begun(database, clock)
    world = build_world(settings, database=database, clock=clock)
    clock.move_to(clock.now() + timedelta(hours=1))
    follow_recall_scopes(world)
    told.hears(left(told.house, 30, party("WARD")))
    assert follow_recall_scopes(world) == 1
    clock.move_to(clock.now() + timedelta(hours=1))
    follow_recall_scopes(world)
    with database.read() as session:
        assert not are_despatches_told(session, clock)


def test_many_despatches_cost_no_more_statements_than_they_become_tasks(sqlite: Database, clock: FixedClock) -> None:
    told = begun(sqlite, clock)

    def cost(day: int, count: int) -> int:
        told.hears(*(left(told.house, 1 + number, party("CLINIC"), day=day) for number in range(count)))
        with sqlite.write() as session, sent(sqlite) as statements:
            assert follow_told(session, clock) == 0
        return len(statements)

    assert cost(11, 20) <= cost(10, 2)
