"""Whoever was told of a recall is told of each change of its notice, once, by the same ways; nobody else is."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.db.test_recall_consumers import ANNA, complains, seek
from tests.db.test_recall_consumers import send as deliver_consumers
from tests.db.test_recall_passing_on import deliver_passed, passed
from tests.db.test_recall_revisions import BASE, corrected, withdrawn
from tests.factories import PASSWORD
from tests.factories_recall import VAULT, House, Tray, deliver, make_house, running, submitted
from tests.gateways import Gateway, Heard
from traceapp.catalog.model import PartyContact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.outbox.gateway import HttpGateway
from traceapp.outbox.mail import Letter
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.change_sending import ChangeSender
from traceapp.recall.change_telling import CHANGE_KINDS
from traceapp.recall.handing import Posts
from traceapp.recall.model import Notice, Recall, RecallLedger, RecallLot
from traceapp.recall.passing_on import PassOn
from traceapp.recall.public import public_recall
from traceapp.recall.service import (
    ExtendRecall,
    NoteAttempt,
    SetScope,
    SubmitRecall,
    extend_recall,
    note_attempt,
    set_scope,
    submit_recall,
)
from traceapp.trace.model import Lot
from traceapp.vault.service import PersonDetails
from traceapp.worklist.tasks import open_tasks


def changes_sent(database: Database, clock: FixedClock, outcome: str = "sent") -> tuple[list[Letter], list[Heard]]:
    tray = Tray(outcome)
    with Gateway() as gateway:
        sender = ChangeSender(Posts(tray, HttpGateway(gateway.url, "")), VAULT, BASE, clock)
        deliver_due(database, clock, sender.send, sender.settled, kinds=CHANGE_KINDS)
    return tray.letters, gateway.heard


def test_consignees_those_they_passed_units_on_to_and_consumers_are_told_by_letter_and_message(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    complains(database, clock, house.first, ANNA)
    complains(database, clock, house.first, PersonDetails(name="B", phone="139 0000 0000"))
    with database.write() as session:
        for contact in session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)):
            contact.mobile = "+8613700000000"
    recall = running(database, clock, house)
    seek(database, clock)
    passed(database, clock, recall, house, PassOn(
        "Ward 3", {house.first.lot_key: Decimal(40)}, "ward3@clinic.example", "+86 138 0000 0000"))
    with Gateway() as gateway:
        deliver_passed(database, clock, Tray(), gateway.url)
        deliver_consumers(database, clock, Tray(), gateway.url)
    deliver(database, clock, Tray())
    with database.write() as session:
        corrected(session, clock, house, recall.id)
    letters, messages = changes_sent(database, clock)
    assert sorted(letter.to for letter in letters) == ["anna@home.example", "quality@clinic.example",
                                                       "quality@clinic.example", "ward3@clinic.example"]
    assert sorted(heard.body["to"] for heard in messages) == ["+8613700000000", "+8613800000000", "+8613900000000"]
    assert all("The telephone number is another." in letter.text for letter in letters)
    by_number = {heard.body["to"]: heard.body["text"] for heard in messages}
    assert f"{BASE}/r/p/" in by_number["+8613800000000"]
    assert f"{BASE}/recalls/{recall.reference}" in by_number["+8613900000000"]
    assert by_number["+8613900000000"].startswith(f"召回通知更正 {recall.reference}：电话号码改了。")
    assert changes_sent(database, clock) == ([], [])


def test_to_whom_nothing_went_out_yet_nothing_of_a_change_goes_and_a_withdrawn_notice_stays_here(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    with database.write() as session:
        corrected(session, clock, house, recall.id)
    assert changes_sent(database, clock) == ([], [])
    tray = Tray()
    with database.write() as session:
        withdrawn(session, clock, house, recall.id)
    deliver(database, clock, tray)
    assert (tray.letters, changes_sent(database, clock)) == ([], ([], []))


def test_corrections_that_still_wait_when_the_notice_is_withdrawn_stay_here(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)
        corrected(session, clock, house, recall.id, contact="0512-0000 9999")
        withdrawn(session, clock, house, recall.id)
    letters, _messages = changes_sent(sqlite, clock)
    assert [letter.subject.partition("：")[0] for letter in letters] == ["召回通知撤回"] * 2
    with sqlite.read() as session:
        assert not [task for task in open_tasks(session) if task.kind.startswith("recall.")]


def test_who_was_only_telephoned_is_telephoned_again(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        for contact in session.scalars(select(PartyContact)):
            contact.is_active = False
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, house.maker.clinic.id, "telephone", True))
        corrected(session, clock, house, recall.id)
        told = session.get_one(Notice, (recall.id, house.maker.clinic.id)).id
    with sqlite.read() as session:
        assert [task.about for task in open_tasks(session) if task.kind == "recall.telephone"] == [f"notice:{told}"]


@pytest.mark.parametrize(("outcome", "kind"), [("refused", "recall.not_sent"), ("uncertain", "recall.uncertain")])
def test_a_change_that_did_not_clearly_reach_them_is_work_and_is_not_sent_again_by_itself(
        sqlite: Database, clock: FixedClock, outcome: str, kind: str) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    ward = passed(sqlite, clock, recall, house, PassOn("Ward 3", {house.first.lot_key: Decimal(4)},
                                                              "ward3@clinic.example"))
    deliver_passed(sqlite, clock, Tray())
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)
    assert len(changes_sent(sqlite, clock, outcome)[0]) == 3
    with sqlite.read() as session:
        work = [task.about for task in open_tasks(session) if task.kind == kind]
    assert (len(work), f"notice:{ward.id}" in work) == (3, True)
    clock.move_to(clock.now() + timedelta(days=2))
    assert changes_sent(sqlite, clock) == ([], [])


def growing(database: Database, clock: FixedClock, house: House, recall: Recall) -> None:
    with database.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "another glue"))
        set_scope(session, house.writer, clock, SetScope(recall.id, tuple(
            lot.lot_key for lot in (house.glue, house.bulk, house.first, house.second, house.other))))


@pytest.mark.parametrize("is_submitted", [False, True])
def test_a_notice_can_be_withdrawn_while_its_scope_grows_and_what_nobody_was_told_of_goes(
        database: Database, clock: FixedClock, is_submitted: bool) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    deliver(database, clock, Tray())
    told_of = recall.scope_hash
    growing(database, clock, house, recall)
    with database.write() as session:
        if is_submitted:
            submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        withdrawn(session, clock, house, recall.id)
    with database.read() as session:
        case = session.get_one(Recall, recall.id)
        assert (case.state, case.scope_hash, case.scope_number) == ("cancelled", told_of, 1)
        found = public_recall(session, recall.reference)
        assert found is not None
        assert (found.status, {lot.number for lot in found.lots}) == ("withdrawn", {"P-1", "P-2"})
        assert house.other.lot_key not in set(session.scalars(select(RecallLot.lot_key)))
        assert set(session.scalars(select(RecallLedger.lot_key))) == {house.first.lot_key, house.second.lot_key}
        assert session.get_one(Lot, house.first.lot_key).is_on_hold
        assert not session.get_one(Lot, house.first.lot_key).is_recalled
        assert [task.kind for task in open_tasks(session) if task.kind.startswith("recall.")] == []
    letters, _messages = changes_sent(database, clock)
    assert sorted(letter.to for letter in letters) == ["quality@clinic.example", "quality@clinic.example"]
    assert "样品弄混了" in letters[0].text


def test_what_nobody_was_told_of_is_cancelled_not_withdrawn(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = submitted(sqlite, clock, house)
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        withdrawn(session, clock, house, recall.id)
    assert refused.value.code == "not-told"
    with sqlite.read() as session:
        assert session.scalar(select(OutboxMessage.id)) is None
