"""Which tries count for a consignee that stays silent: those about what it was told last, each occasion once."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.db.test_recall_clocks_again import extended
from tests.factories_recall import TEXTS, House, Tray, deliver, make_house, running
from traceapp.catalog.model import PartyContact
from traceapp.catalog.parties import NewContact, add_contact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.cases import notice_stream
from traceapp.recall.executing import tries_of
from traceapp.recall.ledger import AnswerByStaff, record_answer_by_staff
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import NO_ADDRESS_TASK
from traceapp.recall.service import DrawSample, NoteAttempt, draw_sample, note_attempt
from traceapp.recall.told import untold
from traceapp.worklist.model import Task


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def tried(session: Session, clock: FixedClock, house: House, recall: Recall, *ways: str) -> None:
    for consignee_id in session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall.id)).all():
        for way in ways:
            note_attempt(session, house.writer, clock, NoteAttempt(recall.id, consignee_id, way, False))


def test_tries_from_before_the_scope_grew_say_nothing_of_what_was_told_then(
        database: Database, clock: FixedClock, house: House) -> None:
    first, second = house.first.lot_key, house.second.lot_key
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(first,)))
    deliver(database, clock, Tray())
    with database.write() as session:
        tried(session, clock, house, recall, "telephone", "telephone", "visit")
    clock.move_to(clock.now() + timedelta(days=3))
    extended(database, clock, house, recall, first, second)  # the clinic got of the second batch, the hospital did not
    deliver(database, clock, Tray())
    with database.write() as session, pytest.raises(Conflict) as refused:
        draw_sample(session, house.writer, clock, DrawSample(recall.id, 1))
    assert refused.value.code == "silent"
    assert "第一诊所" in refused.value.text and "第二医院" not in refused.value.text
    with database.write() as session:
        tried(session, clock, house, recall, "telephone", "telephone")
        assert draw_sample(session, house.writer, clock, DrawSample(recall.id, 1)).state == "effectiveness"


def test_one_letter_to_three_people_of_a_consignee_is_one_try(
        database: Database, clock: FixedClock, house: House) -> None:
    with database.write() as session:
        for name in ("Li", "Wang"):
            add_contact(session, house.writer, clock, house.maker.clinic.id, NewContact(
                name, email=f"{name}@clinic.example"))
    recall = running(database, clock, house)
    tray = Tray()
    deliver(database, clock, tray)
    assert len(tray.letters) == 4  # three to the clinic, one to the hospital
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id))
        assert tries_of(session, recall.id, [(notice.consignee_id, notice.id)]) == {notice.consignee_id: ["e-mail"]}


def test_who_is_told_again_and_has_no_address_is_work_again(
        database: Database, clock: FixedClock, house: House) -> None:
    first, second = house.first.lot_key, house.second.lot_key
    with database.write() as session:
        session.execute(update(PartyContact).values(is_active=False))
    recall = running(database, clock, house, replace(TEXTS, root_lot_keys=(first,)))
    with database.write() as session:
        for consignee, units in ((house.maker.clinic, 350), (house.maker.hospital, 200)):
            record_answer_by_staff(session, house.writer, clock, AnswerByStaff(
                recall.id, consignee.id, (AnswerLine(first, D(units), D(0), D(0)),), "Nurse"))
    clock.move_to(clock.now() + timedelta(days=1))
    extended(database, clock, house, recall, first, second)
    with database.read() as session:
        clinic = session.get_one(Notice, (recall.id, house.maker.clinic.id))
        hospital = session.get_one(Notice, (recall.id, house.maker.hospital.id))
        waiting = session.scalars(select(Task.about).where(
            Task.kind == NO_ADDRESS_TASK, Task.state == "open")).all()
        assert untold(session, recall.id) == [clinic.consignee_id]
        assert list(waiting) == [notice_stream(clinic.id)] and hospital.answered_at is not None
