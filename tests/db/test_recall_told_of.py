"""Who is told of which batches is kept as such: no clock that was set back, and no letter from before, hides a batch."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from tests.db.test_recall_consumers import ANNA, complains, counts, seek, send
from tests.db.test_recall_consumers_again import again
from tests.db.test_recall_growing_untold import approve, submit
from tests.factories_recall import House, Tray, deliver, make_house, running
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.bounces import NoteBounce, take_bounce
from traceapp.recall.consumers import CONSUMER_KIND, ConsumerCounts
from traceapp.recall.executing import NoteAttempt, note_attempt, tries_of
from traceapp.recall.model import Notice, Recall
from traceapp.recall.reminders import remind_due
from traceapp.recall.told import untold
from traceapp.recall.told_ways import told_ways


def grows_after_the_clock_was_set_back(database: Database, clock: FixedClock, house: House, recall: Recall,
                                       by: timedelta = timedelta(hours=1)) -> None:
    with database.write() as session:
        submit(session, clock, house, recall)
    clock.move_to(clock.now() - by)
    with database.write() as session:
        approve(session, clock, house, recall)


def test_a_consumer_is_told_of_what_a_scope_takes_in_after_the_clock_was_set_back(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    for lot in (house.first, house.other):
        complains(database, clock, lot, ANNA)
    recall, tray = running(database, clock, house), Tray()
    clock.move_to(clock.now() + timedelta(minutes=1))
    assert seek(database, clock) == 1
    send(database, clock, tray)
    grows_after_the_clock_was_set_back(database, clock, house, recall)
    assert (seek(database, clock), seek(database, clock)) == (1, 0)
    send(database, clock, tray)
    assert ["P-9" in letter.text for letter in tray.letters] == [False, True]


def test_a_second_letter_of_a_clock_set_back_is_the_one_that_counts(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    for lot in (house.first, house.other):
        complains(database, clock, lot, ANNA)
    recall = running(database, clock, house)
    seek(database, clock)
    send(database, clock, Tray())
    grows_after_the_clock_was_set_back(database, clock, house, recall)
    seek(database, clock)
    send(database, clock, Tray())
    with database.write() as session:
        number = session.scalars(select(OutboxMessage.message_id).where(OutboxMessage.kind == CONSUMER_KIND)
                                 .order_by(OutboxMessage.id.desc())).first()
        assert number is not None
        take_bounce(session, house.writer, clock, NoteBounce(number, "550"))
    assert counts(database, recall) == ConsumerCounts(queued=0, told=0, refused=1, uncertain=0)
    tray = Tray()
    assert again(database, clock, house, recall) == 1
    send(database, clock, tray)
    assert ["P-9" in letter.text for letter in tray.letters] == [True]


def test_who_complains_of_another_batch_in_scope_is_told_of_it_once(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    complains(database, clock, house.first, ANNA)
    recall, tray = running(database, clock, house), Tray()
    assert seek(database, clock) == 1
    send(database, clock, tray)
    for lot in (house.second, house.second, house.first):
        complains(database, clock, lot, ANNA)
        assert seek(database, clock) == (1 if len(tray.letters) == 1 else 0)
        send(database, clock, tray)
    assert [("P-1" in letter.text, "P-2" in letter.text) for letter in tray.letters] == [(True, False), (True, True)]
    assert counts(database, recall) == ConsumerCounts(0, 1, 0, 0)


def test_a_letter_that_still_waits_names_the_other_batch_too(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    complains(database, clock, house.first, ANNA)
    running(database, clock, house)
    tray = Tray()
    assert seek(database, clock) == 1
    complains(database, clock, house.second, ANNA)
    assert (seek(database, clock), seek(database, clock)) == (1, 0)
    send(database, clock, tray)
    assert [("P-1" in letter.text, "P-2" in letter.text) for letter in tray.letters] == [(True, True)]


def test_a_call_before_the_clock_was_set_back_tells_a_consignee_nothing_of_a_further_batch(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall, hospital = running(database, clock, house), house.maker.hospital.id
    with database.write() as session:
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, hospital, "telephone", True, "told"))
    grows_after_the_clock_was_set_back(database, clock, house, recall)
    with database.read() as session:
        assert hospital in untold(session, recall.id)
        notice = session.get_one(Notice, (recall.id, hospital))
        assert tries_of(session, recall.id, [(hospital, notice.id)]) == {hospital: []}
    deliver(database, clock, Tray())
    with database.read() as session:
        assert hospital not in untold(session, recall.id)
        assert tries_of(session, recall.id, [(hospital, notice.id)]) == {hospital: ["e-mail"]}
        assert dict(told_ways(session, recall.id)).get("telephone") is None
    with database.write() as session:
        number = session.scalars(select(OutboxMessage.message_id).where(
            OutboxMessage.subject_key == f"notice:{notice.id}").order_by(OutboxMessage.id.desc())).first()
        assert number is not None
        take_bounce(session, house.writer, clock, NoteBounce(number, "550"))
        assert hospital in untold(session, recall.id)


def test_a_reminder_while_the_clock_is_behind_is_a_try(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall, hospital = running(database, clock, house), house.maker.hospital.id
    deliver(database, clock, Tray())
    grows_after_the_clock_was_set_back(database, clock, house, recall, timedelta(days=10))
    deliver(database, clock, Tray())
    clock.move_to(clock.now() + timedelta(days=4))
    with database.write() as session:
        assert remind_due(session, clock) > 0
    deliver(database, clock, Tray())
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, hospital))
        assert tries_of(session, recall.id, [(hospital, notice.id)])[hospital] == ["e-mail", "e-mail"]
