"""What did not clearly arrive is sent again when a person says so: under its own number, and what arrived never twice."""
from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.db.test_recall_changes_told import changes_sent
from tests.db.test_recall_passing_on import deliver_passed, passed
from tests.db.test_recall_revisions import corrected, withdrawn
from tests.factories_recall import House, Tray, deliver, ended, make_house, running
from traceapp.catalog.model import PartyContact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.outbox.lookup import messages_about
from traceapp.recall.cases import notice_stream
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.passing_on import PassOn
from traceapp.recall.sending_again import SendNoticeAgain, is_unsent, send_notice_again, send_passed_again
from traceapp.recall.service import SettleLine, settle_line
from traceapp.recall.telling_model import PassedNotice
from traceapp.worklist.tasks import open_tasks

WORK = ("recall.not_sent", "recall.uncertain")


def told(database: Database, clock: FixedClock) -> tuple[House, Recall, PassedNotice]:
    """A running recall: the clinic, the hospital and ward 3 of the clinic were told."""
    house = make_house(database, clock)
    recall = running(database, clock, house)
    ward = passed(database, clock, recall, house, PassOn("Ward 3", {house.first.lot_key: Decimal(4)},
                                                         "ward3@clinic.example"))
    deliver_passed(database, clock, Tray())
    deliver(database, clock, Tray())
    return house, recall, ward


def again(database: Database, clock: FixedClock, house: House, recall: Recall) -> int:
    with database.write() as session:
        return send_notice_again(session, house.writer, clock, SendNoticeAgain(recall.id, house.maker.clinic.id))


def work(database: Database) -> list[str]:
    with database.read() as session:
        return [task.about for task in open_tasks(session) if task.kind in WORK]


def is_offered(database: Database, recall: Recall, notice_id: str) -> bool:
    with database.read() as session:
        return is_unsent(session.get_one(Recall, recall.id), [
            message for message, _tries in messages_about(session, notice_stream(notice_id))])


@pytest.mark.parametrize("outcome", ["refused", "uncertain", "written"])
def test_a_change_that_did_not_arrive_is_sent_again_under_its_number_and_never_by_itself(
        database: Database, clock: FixedClock, outcome: str) -> None:
    house, recall, ward = told(database, clock)
    with database.write() as session:
        corrected(session, clock, house, recall.id)
    first = {letter.message_id for letter in changes_sent(database, clock, outcome)[0]}
    assert changes_sent(database, clock) == ([], [])
    with database.read() as session:
        clinic = session.get_one(Notice, (recall.id, house.maker.clinic.id))
    assert is_offered(database, recall, clinic.id) and is_offered(database, recall, ward.id)
    assert again(database, clock, house, recall) == 1
    with database.write() as session:
        assert send_passed_again(session, house.writer, clock, ward.id) == 1
    assert {f"notice:{clinic.id}", f"notice:{ward.id}"}.isdisjoint(work(database))
    second = {letter.message_id: letter.to for letter in changes_sent(database, clock)[0]}
    assert sorted(second.values()) == ["quality@clinic.example", "ward3@clinic.example"] and first > second.keys()
    assert not is_offered(database, recall, clinic.id)
    assert again(database, clock, house, recall) == 0
    with database.write() as session:
        assert send_passed_again(session, house.writer, clock, ward.id) == 0
    assert changes_sent(database, clock) == ([], [])


def test_what_fails_again_is_work_again(sqlite: Database, clock: FixedClock) -> None:
    house, recall, ward = told(sqlite, clock)
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)
    changes_sent(sqlite, clock, "refused")
    with sqlite.write() as session:
        send_passed_again(session, house.writer, clock, ward.id)
    assert f"notice:{ward.id}" not in work(sqlite)
    changes_sent(sqlite, clock, "uncertain")
    assert f"notice:{ward.id}" in work(sqlite)


def test_a_contact_that_was_put_right_gets_the_change_and_one_entered_anew_gets_it_once(
        sqlite: Database, clock: FixedClock) -> None:
    house, recall, _ward = told(sqlite, clock)
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)
        session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)).one().is_active = False
    assert len(changes_sent(sqlite, clock)[0]) == 2
    with pytest.raises(Conflict) as refused:
        again(sqlite, clock, house, recall)
    assert refused.value.code == "no-address"
    with sqlite.write() as session:
        old = session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)).one()
        session.add(PartyContact(id="anew", party_id=old.party_id, name="Li", email="li@clinic.example", language="zh",
                                 duty="", phone="", mobile="", gets_recalls=True, is_active=True, notice_way="all"))
    again(sqlite, clock, house, recall)
    assert [letter.to for letter in changes_sent(sqlite, clock)[0]] == ["li@clinic.example"]
    with sqlite.write() as session:
        session.add(PartyContact(id="twin", party_id=old.party_id, name="Li again", email="LI@clinic.example",
                                 language="zh", duty="", phone="", mobile="", gets_recalls=True, is_active=True,
                                 notice_way="all"))
        session.get_one(PartyContact, "anew").is_active = False
    again(sqlite, clock, house, recall)
    assert changes_sent(sqlite, clock) == ([], [])


def test_after_a_withdrawal_it_alone_is_sent_again(sqlite: Database, clock: FixedClock) -> None:
    house, recall, ward = told(sqlite, clock)
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)
    changes_sent(sqlite, clock, "refused")
    with sqlite.write() as session:
        withdrawn(session, clock, house, recall.id)
    changes_sent(sqlite, clock, "refused")
    assert again(sqlite, clock, house, recall) == 1
    with sqlite.write() as session:
        assert send_passed_again(session, house.writer, clock, ward.id) == 1
    letters = changes_sent(sqlite, clock)[0]
    assert not is_offered(sqlite, recall, ward.id)
    assert len(letters) == 2 and all("withdrawn" in letter.text for letter in letters)


def test_a_notice_of_somebody_further_down_is_sent_again_too_and_only_while_the_recall_runs(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    ward = passed(sqlite, clock, recall, house, PassOn("Ward 3", {house.first.lot_key: Decimal(4)},
                                                       "ward3@clinic.example"))
    tray = Tray("refused", "sent")
    deliver_passed(sqlite, clock, tray)
    with sqlite.write() as session:
        assert send_passed_again(session, house.writer, clock, ward.id) == 1
        assert session.get_one(PassedNotice, ward.id).state == "queued"
    deliver_passed(sqlite, clock, tray)
    assert (len(tray.letters), tray.letters[0].message_id) == (2, tray.letters[1].message_id)
    with sqlite.write() as session:
        for line in session.scalars(select(RecallLedger)).all():
            settle_line(session, house.writer, clock, SettleLine(recall.id, line.consignee_id, line.lot_key, "gone"))
        ended(session, clock, house, recall.id)
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        send_passed_again(session, house.writer, clock, ward.id)
    assert refused.value.code == "wrong-state"
