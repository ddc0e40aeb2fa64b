"""Whoever got units from a consignee is told with a link of its own, and answers by itself."""
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.factories_recall import VAULT, House, make_house, running
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.answer import consignee_actor
from traceapp.recall.model import Notice, Recall
from traceapp.recall.passing_on import CALL_PASSED_TASK, PassOn, lines_of, pass_on
from traceapp.recall.telling_model import PassedNotice
from traceapp.worklist.tasks import open_tasks

WARD = PassOn("Ward 3", {}, "ward3@clinic.example", "+86 138 0000 0000")


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def passed(database: Database, clock: FixedClock, recall: Recall, house: House, command: PassOn) -> PassedNotice:
    with database.write() as session:
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id), with_for_update=True)
        return pass_on(session, consignee_actor(notice), clock, notice, command, vault=VAULT)


def queued(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return sorted((kind, recipient) for kind, recipient in session.execute(
            select(OutboxMessage.kind, OutboxMessage.recipient).where(OutboxMessage.kind.startswith("recall.passed"))))


def test_who_got_units_is_told_by_every_way_that_it_can_be_reached(database: Database, clock: FixedClock,
                                                                   house: House) -> None:
    recall = running(database, clock, house)
    ward = passed(database, clock, recall, house, replace(WARD, units={house.first.lot_key: Decimal(40)}))
    assert queued(database) == [("recall.passed", f"passed:{ward.id}"), ("recall.passed.text", f"passed:{ward.id}")]
    assert ward.mobile == "+8613800000000"


def test_the_same_contact_named_again_is_told_only_of_what_is_new(database: Database, clock: FixedClock,
                                                                  house: House) -> None:
    recall = running(database, clock, house)
    mailed = replace(WARD, phone="", units={house.first.lot_key: Decimal(40)})
    first = passed(database, clock, recall, house, mailed)
    passed(database, clock, recall, house, replace(mailed, email="WARD3@clinic.example", units={
        house.first.lot_key: Decimal(30)}))
    assert len(queued(database)) == 1
    passed(database, clock, recall, house, replace(mailed, units={house.second.lot_key: Decimal(7)}))
    assert len(queued(database)) == 2
    with database.read() as session:
        assert {line.lot_key: line.units for line in lines_of(session, [first.id])[first.id]} == {
            house.first.lot_key: 30, house.second.lot_key: 7}


@pytest.mark.parametrize(("change", "place"), [
    ({"name": " "}, "name"), ({"email": "", "phone": ""}, "email"), ({"email": "no address"}, "email"),
    ({"phone": "+12"}, "phone"), ({"units": {}}, "units"), ({"units": {"other": Decimal(1)}}, "units:other")])
def test_what_cannot_be_told_is_refused_at_its_field(sqlite: Database, clock: FixedClock, change: dict[str, object],
                                                     place: str) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with pytest.raises(InvalidInput) as refused:
        passed(sqlite, clock, recall, house, replace(WARD, **{"units": {house.first.lot_key: Decimal(1)}, **change}))
    assert refused.value.place == place


def test_no_more_is_passed_on_than_came_in(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    passed(sqlite, clock, recall, house, replace(WARD, units={house.first.lot_key: Decimal(300)}))
    with pytest.raises(InvalidInput) as refused:
        passed(sqlite, clock, recall, house, PassOn("Ward 4", {house.first.lot_key: Decimal(51)}, "w4@clinic.example"))
    assert (refused.value.code, refused.value.place) == ("passed-too-many", f"units:{house.first.lot_key}")
    passed(sqlite, clock, recall, house, PassOn("Ward 4", {house.first.lot_key: Decimal(50)}, "w4@clinic.example"))


def test_who_has_only_a_line_in_an_office_is_telephoned(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    ward = passed(sqlite, clock, recall, house, PassOn("Ward 5", {house.first.lot_key: Decimal(1)},
                                                       phone="0512-0000 0000"))
    assert (ward.state, queued(sqlite)) == ("not_sent", [])
    with sqlite.read() as session:
        assert [task.params["consignee_id"] for task in open_tasks(session) if task.kind == CALL_PASSED_TASK] == [
            house.maker.clinic.id]
