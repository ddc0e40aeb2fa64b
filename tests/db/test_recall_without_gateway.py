"""A consignee that can be reached by text message alone, where no gateway is set: somebody's work by its name."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_recall import VAULT, House, Tray, make_house, running
from traceapp.catalog.model import PartyContact
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.outbox.gateway import TextFolder
from traceapp.outbox.mail import Post
from traceapp.recall.change_sending import ChangeSender
from traceapp.recall.handing import Posts
from traceapp.recall.model import Recall
from traceapp.recall.notices import NOT_SENT_TASK, TELEPHONE_TASK
from traceapp.recall.reminders import remind_due
from traceapp.recall.revising import CorrectNotice, correct_notice
from traceapp.recall.sending import NoticeSender
from traceapp.recall.service import NoteAttempt, note_attempt
from traceapp.recall.telling import telling_of


def sent(database: Database, clock: FixedClock, house: House, post: Post, texts: Path) -> Recall:
    """A running recall of whose two consignees the clinic has nothing but a mobile number."""
    with database.write() as session:
        for contact in session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)):
            contact.email, contact.mobile = "", "+8613800000000"
    recall = running(database, clock, house)
    sender = NoticeSender(post, VAULT, "https://recall.example", clock, TextFolder(texts))
    deliver_due(database, clock, sender.send, sender.settled)
    return recall


def test_who_has_only_a_mobile_number_stands_in_the_work_that_is_left(database: Database, clock: FixedClock,
                                                                      tmp_path: Path) -> None:
    house = make_house(database, clock)
    recall = sent(database, clock, house, Tray(), tmp_path)
    with database.read() as session:
        left = telling_of(session, recall.id)
    assert [(row.consignee_id, row.kind) for row in left.work] == [(house.maker.clinic.id, NOT_SENT_TASK)]
    assert left.work_count == 1


def test_who_was_reached_and_told_leaves_the_work_that_is_left_and_comes_back_when_silent(
        database: Database, clock: FixedClock, tmp_path: Path) -> None:
    house = make_house(database, clock)
    recall = sent(database, clock, house, Tray(), tmp_path)
    clinic = house.maker.clinic.id
    for reached, left in ((False, [NOT_SENT_TASK]), (True, [])):
        with database.write() as session:
            note_attempt(session, house.writer, clock, NoteAttempt(recall.id, clinic, "telephone", reached))
        with database.read() as session:
            assert [row.kind for row in telling_of(session, recall.id).work] == left
    with database.write() as session:
        for contact in session.scalars(select(PartyContact).where(PartyContact.party_id == clinic)):
            contact.mobile = ""
    clock.move_to(clock.now() + timedelta(days=3))
    with database.write() as session:
        remind_due(session, clock)
    with database.read() as session:
        assert TELEPHONE_TASK in [row.kind for row in telling_of(session, recall.id).work]


def test_a_correction_that_only_became_a_file_is_work_by_the_name_of_its_consignee(
        database: Database, clock: FixedClock, tmp_path: Path) -> None:
    house = make_house(database, clock)
    recall, clinic = sent(database, clock, house, Tray(), tmp_path), house.maker.clinic.id
    with database.write() as session:
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, clinic, "telephone", True))
        correct_notice(session, house.manager, clock, CorrectNotice(
            recall.id, {"contact": "400 111 2222"}, "电话已更正。", "The telephone number is another.", "typed wrong", PASSWORD))
    sender = ChangeSender(Posts(Tray(), TextFolder(tmp_path)), VAULT, "https://recall.example", clock)
    deliver_due(database, clock, sender.send, sender.settled)
    with database.read() as session:
        assert [(row.consignee_id, row.kind) for row in telling_of(session, recall.id).work] == [(clinic, NOT_SENT_TASK)]
