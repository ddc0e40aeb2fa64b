"""While the scope of a recall grows, what it adds is nobody's business outside: not on the page behind a link, not in a
reminder, not to consumers and subscribers, until somebody approved it."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.db.test_recall_consumers import ANNA, complains, counts, seek
from tests.db.test_recall_consumers import send as deliver_consumers
from tests.db.test_recall_revisions import corrected
from tests.db.test_recall_subscribers import confirmed, told
from tests.factories import PASSWORD
from tests.factories_recall import VAULT, House, Tray, deliver, make_house, running, token_of
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.answer import AnswerLine, RecordAnswer, none_left, notice_of_token, record_answer
from traceapp.recall.bounces import NoteBounce, take_bounce
from traceapp.recall.consumers import ConsumerCounts
from traceapp.recall.model import Notice, Recall
from traceapp.recall.queries import ledger_of
from traceapp.recall.reminders import remind_due
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


def add_other(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    """The batch of the other glue comes into the scope."""
    extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "another glue"))
    keys = tuple(lot.lot_key for lot in (house.glue, house.bulk, house.first, house.second, house.other))
    set_scope(session, house.writer, clock, SetScope(recall.id, keys))


def submit(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    add_other(session, clock, house, recall)
    submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))


def approve(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def test_the_page_of_a_consignee_shows_and_takes_what_it_was_told_of(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    token = token_of(database, recall, house.maker.hospital.id)
    with database.write() as session:
        submit(session, clock, house, recall)
    with database.read() as session:
        view = notice_of_token(session, token)
        assert [line.number for line in view.lines] == ["P-1"]
        on_the_telephone = ledger_of(session, recall.id, house.maker.hospital.id)
        assert [line.number for line in on_the_telephone] == ["P-1"]
    with pytest.raises(InvalidInput) as refused, database.write() as session:
        record_answer(session, clock, RecordAnswer(
            token, (AnswerLine(house.other.lot_key, *(view.lines[0].shipped * 0,) * 3),), "Nurse"))
    assert refused.value.code == "unknown-lot"
    with database.write() as session:
        record_answer(session, clock, RecordAnswer(token, none_left(view), "Nurse"))
    with database.write() as session:
        assert session.get_one(Notice, (recall.id, house.maker.hospital.id)).answered_at == clock.now()
        approve(session, clock, house, recall)
        view = notice_of_token(session, token)
        assert [(line.number, line.counted is None) for line in view.lines] == [("P-1", False), ("P-9", True)]
        assert session.get_one(Notice, (recall.id, house.maker.hospital.id)).answered_at is None


def test_a_reminder_names_what_the_consignee_was_told_of(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall, tray = running(sqlite, clock, house), Tray()
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        submit(session, clock, house, recall)
    clock.move_to(clock.now() + timedelta(days=8))
    with sqlite.write() as session:
        assert remind_due(session, clock) == 2
    deliver(sqlite, clock, tray)
    assert [("P-1" in letter.text, "P-9" in letter.text) for letter in tray.letters] == [(True, False)] * 2


def test_a_consumer_hears_of_a_batch_when_its_recall_is_approved_also_who_was_told_of_another(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    for lot in (house.first, house.other):
        complains(database, clock, lot, ANNA)
    recall, first, again = running(database, clock, house), Tray(), Tray()
    assert seek(database, clock) == 1
    deliver_consumers(database, clock, first)
    with database.write() as session:
        submit(session, clock, house, recall)
    assert seek(database, clock) == 0
    clock.move_to(clock.now() + timedelta(hours=1))
    with database.write() as session:
        approve(session, clock, house, recall)
    clock.move_to(clock.now() - timedelta(hours=1))  # set back: told again once all the same
    assert [seek(database, clock), seek(database, clock)] == [1, 0]
    deliver_consumers(database, clock, again)
    assert ["P-9" in letter.text for tray in (first, again) for letter in tray.letters] == [False, True]
    assert counts(database, recall) == ConsumerCounts(0, 1, 0, 0)


def test_who_asked_for_mail_about_a_batch_hears_nothing_of_the_recall_that_it_may_come_into(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    confirmed(sqlite, clock, lot_key=house.other.lot_key)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        add_other(session, clock, house, recall)
        corrected(session, clock, house, recall.id)
    assert told(sqlite, clock) == 0
    with sqlite.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve(session, clock, house, recall)
    assert told(sqlite, clock)


@pytest.mark.parametrize(("which", "state"), [(0, "sent"), (-1, "not_sent")])
def test_the_letter_about_further_batches_counts_as_not_sent_when_it_comes_back(
        sqlite: Database, clock: FixedClock, which: int, state: str) -> None:
    house = make_house(sqlite, clock)
    recall, hospital = running(sqlite, clock, house), house.maker.hospital.id
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        submit(session, clock, house, recall)
    clock.move_to(clock.now() + timedelta(hours=1))
    with sqlite.write() as session:
        approve(session, clock, house, recall)
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        letters = [one for one in session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
                   if one.payload.get("consignee") == hospital]
        assert len(letters) == 2
        assert take_bounce(session, SYSTEM, clock, NoteBounce(letters[which].message_id, "5.1.1"))
        assert session.get_one(Notice, (recall.id, hospital)).state == state


def test_the_letter_about_further_batches_says_which_are_new_and_a_first_letter_says_nothing_of_it(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall, first = running(database, clock, house), Tray()
    deliver(database, clock, first)
    assert not any("增加" in letter.text or "NEW" in letter.text for letter in first.letters)
    with database.write() as session:
        submit(session, clock, house, recall)
        approve(session, clock, house, recall)
    tray = Tray()
    deliver(database, clock, tray)
    (letter,) = tray.letters
    assert letter.subject.startswith("紧急：召回增加批次") and letter.subject.endswith("URGENT: recall of further batches")
    assert "本次召回增加了批次：P-9。" in letter.text and "This recall takes in further batches: P-9." in letter.text
    assert "批号 P-9（增加的批次）" in letter.text and "batch P-9 (NEW)" in letter.text
    assert "batch P-1," in letter.text
    assert letter.html is not None and "<strong>P-9（增加的批次）</strong>" in letter.html
