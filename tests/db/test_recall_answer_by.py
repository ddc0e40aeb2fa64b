"""By when each consignee has to answer: as its own letter said, whoever is written to later."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.db.test_recall_clocks_again import extended
from tests.db.test_recall_passing_on import WARD, deliver_passed, passed
from tests.factories_recall import TEXTS, House, Tray, deliver, make_house, running, token_of
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine, RecordAnswer, notice_of_token, record_answer
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.letters import moment_of
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import TELEPHONE_TASK
from traceapp.recall.passed_answer import passed_by_id, view_of
from traceapp.recall.policy import answer_due
from traceapp.recall.reminders import remind_due
from traceapp.worklist.tasks import open_tasks


class Grown:
    """A recall of P-1 (clinic and hospital); 20 days later it grows by what only the hospital got."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.house: House = make_house(database, clock)
        self.clinic, self.hospital = self.house.maker.clinic.id, self.house.maker.hospital.id
        first = self.house.first.lot_key
        self.recall: Recall = running(database, clock, self.house, replace(TEXTS, root_lot_keys=(first,)))
        self.first_due = answer_due(self.recall.recall_class, clock.now())
        deliver(database, clock, Tray())

    def grow(self, *keys: str) -> datetime:
        self.clock.move_to(self.clock.now() + timedelta(days=20))
        extended(self.database, self.clock, self.house, self.recall, self.house.first.lot_key, *keys)
        return answer_due(self.recall.recall_class, self.clock.now())

    def dues(self) -> tuple[datetime | None, datetime | None, datetime | None]:
        """Of the clinic, of the hospital, of the recall."""
        with self.database.read() as session:
            found = {row.consignee_id: row.answer_by for row in session.scalars(select(Notice))}
            return found[self.clinic], found[self.hospital], session.get_one(Recall, self.recall.id).answer_by

    def answer(self, consignee_id: str) -> None:
        token = token_of(self.database, self.recall, consignee_id)
        with self.database.write() as session:
            lines = [AnswerLine(line.lot_key, line.shipped, D(0), D(0))
                     for line in notice_of_token(session, token).lines]
            record_answer(session, self.clock, RecordAnswer(token, tuple(lines), "Nurse"))


@pytest.fixture
def grown(database: Database, clock: FixedClock) -> Grown:
    return Grown(database, clock)


def test_an_extension_leaves_the_day_to_those_who_are_not_told_anew(grown: Grown) -> None:
    assert grown.dues() == (grown.first_due,) * 3
    due = grown.grow(grown.house.other.lot_key)
    assert grown.dues() == (grown.first_due, due, due)
    tray = Tray()
    deliver(grown.database, grown.clock, tray)
    assert [moment_of(due, "Asia/Shanghai") in letter.text for letter in tray.letters] == [True] * len(tray.letters) != []
    with grown.database.write() as session:
        assert remind_due(session, grown.clock) == 1
    tray = Tray()
    deliver(grown.database, grown.clock, tray)
    assert tray.letters
    for letter in tray.letters:
        assert moment_of(grown.first_due, "Asia/Shanghai") in letter.text
        assert moment_of(due, "Asia/Shanghai") not in letter.text
    with grown.database.read() as session:
        shown = [notice_of_token(session, token_of(grown.database, grown.recall, key)).answer_by
                 for key in (grown.clinic, grown.hospital)]
    assert shown == [grown.first_due, due]


def test_in_time_is_who_answered_by_its_own_day(grown: Grown) -> None:
    grown.grow(grown.house.other.lot_key)
    for consignee_id in (grown.clinic, grown.hospital):
        grown.answer(consignee_id)
    with grown.database.read() as session:
        recall = session.get_one(Recall, grown.recall.id)
        counts = figures_of(session, grown.clock.now(), [recall])[recall.id].counts
    assert (counts.answered, counts.in_time) == (2, 1)


def test_what_grows_only_in_our_own_house_moves_nobody_s_day(grown: Grown) -> None:
    grown.grow(grown.house.bulk.lot_key)
    assert grown.dues() == (grown.first_due,) * 3


def test_who_got_units_from_a_consignee_keeps_its_day_and_gets_another_with_another_batch(
        grown: Grown) -> None:
    first, other = grown.house.first.lot_key, grown.house.other.lot_key

    def due(ward_id: str) -> datetime | None:
        with grown.database.read() as session:
            return view_of(session, passed_by_id(session, ward_id)).notice.answer_by

    ward = passed(grown.database, grown.clock, grown.recall, grown.house, replace(WARD, phone="", units={first: D(4)}))
    assert due(ward.id) == grown.first_due
    later = grown.grow(other, grown.house.second.lot_key)
    assert due(ward.id) == grown.first_due
    tray = Tray()
    deliver_passed(grown.database, grown.clock, tray)
    assert all(moment_of(grown.first_due, "Asia/Shanghai") in letter.text for letter in tray.letters)
    grown.clock.move_to(grown.clock.now() + timedelta(days=1))
    passed(grown.database, grown.clock, grown.recall, grown.house, replace(WARD, phone="", units={
        grown.house.second.lot_key: D(5)}))
    assert due(ward.id) == later + timedelta(days=1)


def test_work_about_a_consignee_is_due_by_its_own_day(grown: Grown) -> None:
    grown.grow(grown.house.other.lot_key)
    for _round in range(5):
        with grown.database.write() as session:
            remind_due(session, grown.clock)
        deliver(grown.database, grown.clock, Tray())
        grown.clock.move_to(grown.clock.now() + timedelta(days=3))
    with grown.database.read() as session:
        dues = {task.params["consignee_id"]: task.due_at for task in open_tasks(session) if task.kind == TELEPHONE_TASK}
    assert dues[grown.clinic] == grown.first_due
