"""Letters go out with the commit, what came of each is seen, the silent are asked again and then telephoned."""
from __future__ import annotations

import email
import email.policy
import socket
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from tests.factories_recall import TEXTS, House, Tray, deliver, ended, folder, make_house, running, token_of
from traceapp.catalog.model import PartyContact
from traceapp.catalog.parties import ChangeContact, NewContact, add_contact, change_contact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.outbox.delivery import LEASE, RETRY_MINUTES, UNREACHED, Delivery
from traceapp.outbox.mail import Letter, mailer
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.answer import RecordAnswer, none_left, notice_of_token, record_answer
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import NOT_SENT_TASK, NOTICE_KIND, TELEPHONE_TASK, UNCERTAIN_TASK
from traceapp.recall.reminders import remind_due
from traceapp.recall.sending import NoticeSender
from traceapp.recall.service import (
    SendNoticeAgain,
    SettleLine,
    send_notice_again,
    settle_line,
)
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import complete_task, open_tasks

DAY = timedelta(days=1)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def states(database: Database, recall: Recall) -> list[tuple[str, bool]]:
    with database.read() as session:
        return [(notice.state, notice.sent_at is not None) for notice in session.scalars(
            select(Notice).where(Notice.recall_id == recall.id).order_by(Notice.id))]


def said(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def kinds(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(task.kind for task in open_tasks(session) if not task.kind.startswith(("clock.", "assessor.")))


def remind(database: Database, clock: FixedClock) -> int:
    with database.write() as session:
        return remind_due(session, clock)


def test_each_consignee_gets_its_own_letter_with_its_own_quantities(database: Database, clock: FixedClock,
                                                                    house: House) -> None:
    recall, tray = running(database, clock, house), Tray()
    assert deliver(database, clock, tray) == 2
    assert deliver(database, clock, tray) == 0
    clinic = next(letter for letter in tray.letters if "第一诊所" in letter.text)
    hospital = next(letter for letter in tray.letters if "第二医院" in letter.text)
    assert "批号 P-1，发给贵单位 350 件" in clinic.text
    assert "P-2, sent to you: 1000 pcs" in clinic.text
    assert "P-2" not in hospital.text
    assert f"https://recall.example/r/{token_of(database, recall, house.maker.clinic.id)}" in clinic.text
    assert clinic.message_id != hospital.message_id
    assert states(database, recall) == [("sent", True), ("sent", True)]
    assert kinds(database) == []


def test_a_real_server_takes_each_letter_once(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    taken: list[tuple[list[str], bytes]] = []

    class Inbox:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
            taken.append((envelope.rcpt_tos, envelope.content))
            return "250 taken"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Inbox(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        post = mailer(f"smtp://127.0.0.1:{port}", "recall@maker.example", Path("unused"))
        assert deliver(sqlite, clock, post) == 2
        assert deliver(sqlite, clock, post) == 0
    finally:
        server.stop()
    letters = [email.message_from_bytes(content, policy=email.policy.default) for _to, content in taken]
    assert [to for to, _content in taken] == [["quality@clinic.example"]] * 2
    assert len({letter["Message-ID"] for letter in letters}) == 2
    assert any(token_of(sqlite, recall, house.maker.hospital.id) in said(letter) for letter in letters)
    assert states(sqlite, recall) == [("sent", True)] * 2


def test_without_a_mail_server_letters_are_files_and_show_as_not_sent(database: Database, clock: FixedClock,
                                                                      house: House, tmp_path: Path) -> None:
    recall = running(database, clock, house)
    deliver(database, clock, folder(tmp_path))
    files = sorted(tmp_path.glob("*.eml"))
    assert len(files) == 2
    letter = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert letter["Subject"].startswith("紧急：召回通知")
    assert "/r/" in said(letter)
    assert states(database, recall) == [("not_sent", False)] * 2
    assert kinds(database) == [NOT_SENT_TASK]


def test_a_letter_keeps_its_message_id_over_every_attempt(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall, tray = running(sqlite, clock, house), Tray("failed", "failed", "sent")
    for minutes in (0, *RETRY_MINUTES[:2]):
        clock.move_to(clock.now() + timedelta(minutes=minutes))
        deliver(sqlite, clock, tray)
    assert len(tray.letters) == 4
    assert len({letter.message_id for letter in tray.letters}) == 2
    assert states(sqlite, recall) == [("sent", True)] * 2


def test_a_refused_letter_is_work_and_can_be_sent_again_after_the_contact_is_right(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    deliver(database, clock, Tray("refused"))
    assert states(database, recall) == [("not_sent", False)] * 2
    assert kinds(database) == [NOT_SENT_TASK] * 2
    with database.write() as session:
        contact = session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)).one()
        change_contact(session, house.writer, clock, ChangeContact(contact.id, NewContact(
            "New", email="new@clinic.example")))
        assert send_notice_again(session, house.writer, clock, SendNoticeAgain(recall.id, house.maker.clinic.id)) == 1
    tray = Tray()
    assert deliver(database, clock, tray) == 1
    assert [letter.to for letter in tray.letters] == ["new@clinic.example"]
    with database.read() as session:
        assert session.get_one(Notice, (recall.id, house.maker.clinic.id)).state == "sent"
    assert kinds(database) == [NOT_SENT_TASK]


def test_sending_again_writes_to_a_contact_that_came_later_and_repeats_nothing(sqlite: Database,
                                                                               clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        add_contact(session, house.writer, clock, house.maker.clinic.id, NewContact("B", email="b@clinic.example"))
        assert send_notice_again(session, house.writer, clock, SendNoticeAgain(recall.id, house.maker.clinic.id)) == 1
    tray = Tray()
    deliver(sqlite, clock, tray)
    assert [letter.to for letter in tray.letters] == ["b@clinic.example"]


def test_sending_again_to_nobody_is_refused(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        contact = session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)).one()
        change_contact(session, house.writer, clock, ChangeContact(contact.id, NewContact("A", phone="110"),
                                                                   is_active=False))
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        send_notice_again(session, house.writer, clock, SendNoticeAgain(recall.id, house.maker.clinic.id))
    assert refused.value.code == "no-address"


def test_an_attempt_that_was_cut_off_shows_as_uncertain_and_is_work(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)

    class Dying:
        def send(self, _letter: object) -> object:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(sqlite, clock, Dying())  # type: ignore[arg-type]
    clock.move_to(clock.now() + LEASE + timedelta(seconds=1))
    tray = Tray("sent")
    deliver(sqlite, clock, tray)
    assert len(tray.letters) == 1, "only the letter that was being sent is in doubt"
    assert sorted(states(sqlite, recall)) == [("sent", True), ("uncertain", False)]
    assert kinds(sqlite) == [UNCERTAIN_TASK]


def test_one_of_two_contacts_reached_is_a_consignee_told(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        add_contact(session, house.writer, clock, house.maker.hospital.id, NewContact(
            "B", email="b@hospital.example", language="en"))
    recall = running(sqlite, clock, house)

    class Choosy(Tray):
        def send(self, letter: Letter) -> Delivery:
            self.letters.append(letter)
            return Delivery("refused" if letter.to == "b@hospital.example" else "sent")

    tray = Choosy()
    deliver(sqlite, clock, tray)
    assert len(tray.letters) == 3
    assert states(sqlite, recall) == [("sent", True)] * 2
    assert kinds(sqlite) == [NOT_SENT_TASK]
    english = next(letter for letter in tray.letters if letter.to == "b@hospital.example")
    assert english.subject.startswith("URGENT")


def test_a_key_that_is_missing_keeps_the_letter_waiting(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    running(sqlite, clock, house)
    other = NoticeSender(Tray(), Vault("YW5vdGhlci12YXVsdC1rZXktb2YtMzItYnl0ZXMhISE="), "https://x.example", clock)
    with sqlite.read() as session:
        message = session.scalars(select(OutboxMessage)).first()
        assert message is not None
        delivery = other.send(session, message)
    assert (delivery.outcome, delivery.detail) == ("failed", "vault-key-missing")


@pytest.mark.parametrize(("recall_class", "first", "again"), [("I", 1, 1), ("II", 3, 2), ("III", 7, 2)])
def test_reminders_follow_the_class_and_then_somebody_telephones(sqlite: Database, clock: FixedClock, recall_class: str,
                                                                 first: int, again: int) -> None:
    house = make_house(sqlite, clock)
    running(sqlite, clock, house, replace(TEXTS, recall_class=recall_class, root_lot_keys=(house.second.lot_key,)))
    deliver(sqlite, clock, Tray())
    clock.move_to(clock.now() + first * DAY - timedelta(minutes=1))
    assert remind(sqlite, clock) == 0
    clock.move_to(clock.now() + timedelta(minutes=1))
    for number in (1, 2, 3):
        assert remind(sqlite, clock) == 1
        assert remind(sqlite, clock) == 0
        tray = Tray()
        deliver(sqlite, clock, tray)
        assert [f"第 {number} 次提醒" in letter.subject for letter in tray.letters] == [True]
        clock.move_to(clock.now() + again * DAY)
    assert kinds(sqlite) == []
    assert remind(sqlite, clock) == 1
    assert remind(sqlite, clock) == 0
    assert kinds(sqlite) == [TELEPHONE_TASK]


def test_nobody_is_forgotten_when_the_call_brought_no_answer(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.second.lot_key,)))
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        session.get_one(Notice, (recall.id, house.maker.clinic.id)).reminders = 3
    clock.move_to(clock.now() + 3 * DAY)
    remind(sqlite, clock)
    with sqlite.write() as session:
        (task,) = [one for one in open_tasks(session) if one.about.startswith("notice:")]
        complete_task(session, house.writer, clock, task.id, "no answer")
    assert remind(sqlite, clock) == 0
    clock.move_to(clock.now() + 2 * DAY)
    assert remind(sqlite, clock) == 1
    assert kinds(sqlite) == [TELEPHONE_TASK]


def test_only_who_still_owes_an_answer_is_reminded(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    deliver(database, clock, Tray())
    with database.write() as session:
        token = token_of(database, recall, house.maker.hospital.id)
        view = notice_of_token(session, token)
        record_answer(session, clock, RecordAnswer(token, none_left(view), "Nurse"))
        settle_line(session, house.writer, clock, SettleLine(recall.id, house.maker.clinic.id, house.first.lot_key,
                                                             "lost"))
    clock.move_to(clock.now() + 3 * DAY)
    assert remind(database, clock) == 1  # the clinic, for its other lot
    with database.write() as session:
        settle_line(session, house.writer, clock, SettleLine(recall.id, house.maker.clinic.id, house.second.lot_key,
                                                             "lost"))
    clock.move_to(clock.now() + 3 * DAY)
    assert remind(database, clock) == 0


def test_a_reminder_that_lost_its_sense_is_not_sent_and_is_no_work(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.second.lot_key,)))
    deliver(sqlite, clock, Tray())
    clock.move_to(clock.now() + 3 * DAY)
    assert remind(sqlite, clock) == 1
    with sqlite.write() as session:
        token = token_of(sqlite, recall, house.maker.clinic.id)
        record_answer(session, clock, RecordAnswer(token, none_left(notice_of_token(session, token)), "Nurse"))
        ended(session, clock, house, recall.id)
    tray = Tray()
    assert deliver(sqlite, clock, tray) == 1
    assert tray.letters == []
    assert kinds(sqlite) == []


def test_a_letter_that_still_waits_in_the_outbox_is_followed_by_a_call_not_by_a_reminder(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    running(sqlite, clock, house)
    deliver(sqlite, clock, Tray("failed"))
    clock.move_to(clock.now() + 4 * DAY)
    assert (remind(sqlite, clock), kinds(sqlite)) == (2, [TELEPHONE_TASK] * 2)
    with sqlite.read() as session:
        assert set(session.scalars(select(OutboxMessage.kind))) == {NOTICE_KIND}


class Away:
    """A mail server that is not there."""

    def send(self, _letter: Letter) -> Delivery:
        return Delivery(UNREACHED, "nobody at home")


def test_who_waits_for_a_server_that_is_away_is_telephoned_when_the_answer_is_due(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    clock.move_to(clock.now() + 2 * DAY)
    deliver(database, clock, Away())
    assert (remind(database, clock), kinds(database)) == (0, [])
    clock.move_to(clock.now() + 2 * DAY)
    deliver(database, clock, Away())
    assert (remind(database, clock), kinds(database)) == (2, [TELEPHONE_TASK] * 2)
    assert remind(database, clock) == 0
    clock.move_to(clock.now() + DAY)
    deliver(database, clock, Tray())
    assert kinds(database) == []
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id))
        assert (notice.state, notice.reminders) == ("sent", 0)
    clock.move_to(clock.now() + 3 * DAY)
    assert (remind(database, clock), kinds(database)) == (2, [])
