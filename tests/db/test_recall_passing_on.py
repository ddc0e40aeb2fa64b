"""Whoever got units from a consignee is told with a link of its own, and answers by itself."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.factories_recall import VAULT, House, Tray, make_house, running
from tests.gateways import Gateway
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, Stale
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.outbox.gateway import HttpGateway
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.answer import AnswerLine, consignee_actor
from traceapp.recall.handing import Posts
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.notices import UNCERTAIN_TASK
from traceapp.recall.passed_answer import AnswerPassed, answer_passed, passed_by_id, passed_of_token
from traceapp.recall.passed_sending import PassedSender
from traceapp.recall.passing_on import (
    CALL_PASSED_TASK,
    PASSED_KINDS,
    PassOn,
    lines_of,
    pass_on,
    passed_under_older_keys,
    reseal_passed,
    sealed_about,
)
from traceapp.recall.reminders import remind_passed
from traceapp.recall.telling_model import PassedNotice
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import open_tasks

KEY = "YS12YXVsdC1rZXktb2YtdGhlLXRlc3Qtc3VpdGUhISE="
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
    ({"name": " "}, "name"), ({"email": "no address"}, "email"),
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


def deliver_passed(database: Database, clock: FixedClock, tray: Tray, url: str = "") -> None:
    sender = PassedSender(Posts(tray, HttpGateway(url, "") if url else None), VAULT, "https://recall.example", clock)
    deliver_due(database, clock, sender.send, sender.settled, kinds=PASSED_KINDS)


def state_of(database: Database, passed_id: str) -> str:
    with database.read() as session:
        return str(session.get_one(PassedNotice, passed_id).state)


def test_it_reads_who_gave_it_how_much_and_answers_by_itself(database: Database, clock: FixedClock,
                                                             house: House) -> None:
    recall, tray = running(database, clock, house), Tray()
    ward = passed(database, clock, recall, house, replace(WARD, units={house.first.lot_key: Decimal(40)}))
    with Gateway() as gateway:
        deliver_passed(database, clock, tray, gateway.url)
    (letter,) = tray.letters
    token = VAULT.open_text(ward.sealed_token, sealed_about(ward.id))
    assert f"https://recall.example/r/p/{token}" in letter.text
    assert "Clinic One told us" in letter.text
    assert "批号 P-1，转给贵单位 40 件" in letter.text
    assert f"/r/p/{token}" in gateway.heard[0].body["text"]
    assert state_of(database, ward.id) == "sent"
    with database.write() as session:
        answer_passed(session, clock, passed_of_token(session, token, lock=True), AnswerPassed(
            (AnswerLine(house.first.lot_key, Decimal(30), Decimal(10), Decimal(0)),), "Nurse Li", seen=0))
        with pytest.raises(Stale):
            answer_passed(session, clock, passed_of_token(session, token, lock=True), AnswerPassed(
                (AnswerLine(house.first.lot_key, Decimal(40), Decimal(0), Decimal(0)),), "Nurse Wu", seen=0))
    assert state_of(database, ward.id) == "answered"
    with database.read() as session:
        assert session.get_one(RecallLedger, (house.first.lot_key, recall.id, house.maker.clinic.id)).on_hand is None


@pytest.mark.parametrize(("line", "by", "place"), [
    ((1, 1, 0), "Li", "explanation"), ((-1, 41, 0), "Li", "on_hand"), ((40, 0, 0), " ", "answered_by")])
def test_an_answer_that_leaves_something_open_says_where(sqlite: Database, clock: FixedClock,
                                                         line: tuple[int, int, int], by: str, place: str) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    ward = passed(sqlite, clock, recall, house, replace(WARD, units={house.first.lot_key: Decimal(40)}))
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        answer_passed(session, clock, passed_by_id(session, ward.id, lock=True), AnswerPassed(
            (AnswerLine(house.first.lot_key, *map(Decimal, line)),), by))
    assert [name.partition(":")[0] for name in refused.value.errors] == [place]


def test_silent_ones_are_reminded_and_then_telephoned(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    ward = passed(sqlite, clock, recall, house, replace(WARD, phone="", units={house.first.lot_key: Decimal(40)}))
    deliver_passed(sqlite, clock, Tray())
    clock.move_to(clock.now() + timedelta(days=3))
    for number in (1, 2, 3):
        with sqlite.write() as session:
            assert (remind_passed(session, clock), remind_passed(session, clock)) == (1, 0)
        tray = Tray()
        deliver_passed(sqlite, clock, tray)
        assert f"Reminder {number}" in tray.letters[0].subject or f"第 {number} 次" in tray.letters[0].subject
        clock.move_to(clock.now() + timedelta(days=2))
    with sqlite.write() as session:
        remind_passed(session, clock)
    with sqlite.read() as session:
        assert [task.about for task in open_tasks(session) if task.kind == CALL_PASSED_TASK] == [f"notice:{ward.id}"]


def test_what_a_server_did_not_clearly_take_is_work(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    ward = passed(sqlite, clock, recall, house, replace(WARD, phone="", units={house.first.lot_key: Decimal(40)}))
    deliver_passed(sqlite, clock, Tray("uncertain"))
    assert state_of(sqlite, ward.id) == "uncertain"
    with sqlite.read() as session:
        assert UNCERTAIN_TASK in {task.kind for task in open_tasks(session)}


def test_a_link_moves_under_the_new_key(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    ward = passed(sqlite, clock, recall, house, replace(WARD, units={house.first.lot_key: Decimal(40)}))
    new = Vault(f"YW5vdGhlci12YXVsdC1rZXktb2YtMzItYnl0ZXMhISE=,{KEY}")
    with sqlite.write() as session:
        assert passed_under_older_keys(session, new) == 1
        reseal_passed(session, house.writer, clock, 10, vault=new)
    with sqlite.read() as session:
        assert passed_under_older_keys(session, new) == 0
        moved = session.get_one(PassedNotice, ward.id).sealed_token
    assert new.open_text(moved, sealed_about(ward.id)) == VAULT.open_text(ward.sealed_token, sealed_about(ward.id))


def test_who_waits_for_a_gateway_that_is_away_is_telephoned(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    one = passed(database, clock, recall, house, PassOn("Ward 3", {house.first.lot_key: Decimal(40)}, "w3@c.example"))
    clock.move_to(clock.now() + timedelta(days=4))
    with database.write() as session:
        assert remind_passed(session, clock) == 1
        assert [task.kind for task in open_tasks(session) if task.about == f"notice:{one.id}"] == [CALL_PASSED_TASK]
    deliver_passed(database, clock, Tray())
    with database.read() as session:
        assert not [task for task in open_tasks(session) if task.about == f"notice:{one.id}"]
        assert session.get_one(PassedNotice, one.id).reminded_at is None


def test_a_letter_names_every_batch_that_was_passed_on_however_many(sqlite: Database, clock: FixedClock,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.recall.letter_facts._PART", 1)
    house, tray = make_house(sqlite, clock), Tray()
    recall = running(sqlite, clock, house)
    passed(sqlite, clock, recall, house, PassOn("Ward 3", {
        house.first.lot_key: Decimal(40), house.second.lot_key: Decimal(7)}, "w3@c.example"))
    deliver_passed(sqlite, clock, tray)
    assert "batch P-1, passed on to you: 40 pcs" in tray.letters[0].text
    assert "batch P-2, passed on to you: 7 pcs" in tray.letters[0].text
