"""What did not clearly reach consumers is sent again by a person, once to each, and what reached them is not."""
from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.db.test_recall_changes_told import changes_sent
from tests.db.test_recall_consumers import ANNA, complains, counts, seek, send
from tests.db.test_recall_revisions import corrected, withdrawn
from tests.factories_recall import House, Tray, make_house, running
from tests.gateways import Gateway
from tests.statements import sent
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.outbox.delivery import NewMessage, queue_messages
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.consumers import CONSUMER_KIND, CONSUMERS_TASK, ConsumerCounts
from traceapp.recall.consumers_again import send_consumers_again, unsent_to_consumers
from traceapp.recall.model import Recall
from traceapp.recall.states import RecallState
from traceapp.recall.telling_model import ConsumerNotice
from traceapp.vault.service import PersonDetails, erase_person
from traceapp.worklist.tasks import open_tasks

BEN = PersonDetails(name="Ben", email="ben@home.example")


def told(database: Database, clock: FixedClock, *outcomes: str) -> tuple[House, Recall, Tray]:
    """Anna and Ben complained; what came of their letters."""
    house = make_house(database, clock)
    for person in (ANNA, BEN):
        complains(database, clock, house.first, person)
    recall, tray = running(database, clock, house), Tray(*outcomes)
    assert seek(database, clock) == 2
    send(database, clock, tray)
    return house, recall, tray


def again(database: Database, clock: FixedClock, house: House, recall: Recall) -> int:
    with database.write() as session:
        waiting = unsent_to_consumers(session, session.get_one(Recall, recall.id))
        assert send_consumers_again(session, house.writer, clock, recall.id) == waiting
    return waiting


def is_work(database: Database) -> bool:
    with database.read() as session:
        return any(task.kind == CONSUMERS_TASK for task in open_tasks(session))


@pytest.mark.parametrize("outcome", ["refused", "uncertain"])
def test_only_whom_nothing_clearly_reached_gets_it_again_under_its_message_id(
        database: Database, clock: FixedClock, outcome: str) -> None:
    house, recall, first = told(database, clock, "sent", outcome)
    assert is_work(database)
    assert again(database, clock, house, recall) == 1
    assert not is_work(database)
    assert counts(database, recall) == ConsumerCounts(queued=1, told=1, refused=0, uncertain=0)
    second = Tray()
    send(database, clock, second)
    (letter,) = second.letters
    assert (letter.to, letter.message_id) == (first.letters[1].to, first.letters[1].message_id)
    assert counts(database, recall) == ConsumerCounts(queued=0, told=2, refused=0, uncertain=0)
    assert again(database, clock, house, recall) == 0


def test_what_fails_again_is_work_again(sqlite: Database, clock: FixedClock) -> None:
    house, recall, _tray = told(sqlite, clock, "refused")
    assert again(sqlite, clock, house, recall) == 2
    send(sqlite, clock, Tray("refused"))
    assert is_work(sqlite)
    assert counts(sqlite, recall) == ConsumerCounts(0, 0, 2, 0)


def test_who_was_reached_one_way_does_not_get_the_other_again(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    complains(sqlite, clock, house.first, PersonDetails(name="B", email="b@home.example", phone="139 0000 0000"))
    recall = running(sqlite, clock, house)
    seek(sqlite, clock)
    with Gateway() as gateway:
        send(sqlite, clock, Tray("refused"), gateway.url)
    assert counts(sqlite, recall) == ConsumerCounts(0, 1, 0, 0)
    assert again(sqlite, clock, house, recall) == 0


def test_who_was_told_of_a_further_lot_gets_one_letter_about_all(sqlite: Database, clock: FixedClock) -> None:
    house, recall, _tray = told(sqlite, clock, "refused")
    with sqlite.write() as session:  # Anna's notice was queued once more, as when another lot of hers came in
        notice = session.scalars(select(ConsumerNotice).order_by(ConsumerNotice.id)).first()
        assert notice is not None
        queue_messages(session, clock, [NewMessage(CONSUMER_KIND, f"person:{notice.person_id}", f"consumer:{notice.id}", {
            "recall": recall.id, "person": notice.person_id})])
    send(sqlite, clock, Tray("refused"))
    assert again(sqlite, clock, house, recall) == 2
    second = Tray()
    send(sqlite, clock, second)
    assert sorted(letter.to for letter in second.letters) == [ANNA.email, BEN.email]


def test_to_whom_no_way_leads_stays_work(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    for person in (ANNA, PersonDetails(name="C", phone="0512-0000 0000")):
        complains(sqlite, clock, house.first, person)
    recall = running(sqlite, clock, house)
    seek(sqlite, clock)
    send(sqlite, clock, Tray("refused"))
    assert again(sqlite, clock, house, recall) == 1
    assert counts(sqlite, recall) == ConsumerCounts(1, 0, 1, 0)
    assert is_work(sqlite)


def test_nothing_goes_again_to_who_was_erased(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    person_id = complains(sqlite, clock, house.first, ANNA)
    recall = running(sqlite, clock, house)
    seek(sqlite, clock)
    with sqlite.write() as session:
        erase_person(session, house.manager, clock, person_id, "asked for it")
    send(sqlite, clock, Tray())
    assert again(sqlite, clock, house, recall) == 0


def test_a_change_goes_again_after_the_end_and_of_a_withdrawn_notice_the_withdrawal_alone(
        sqlite: Database, clock: FixedClock) -> None:
    house, recall, _tray = told(sqlite, clock)
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)
    changes_sent(sqlite, clock, "refused")
    with sqlite.write() as session:
        session.get_one(Recall, recall.id).state = RecallState.terminated
    assert again(sqlite, clock, house, recall) == 2
    changes_sent(sqlite, clock, "uncertain")
    with sqlite.write() as session:
        session.get_one(Recall, recall.id).state = RecallState.notifying
        withdrawn(session, clock, house, recall.id)
    changes_sent(sqlite, clock, "refused")
    assert again(sqlite, clock, house, recall) == 2
    assert {letter.subject.partition("：")[0] for letter in changes_sent(sqlite, clock)[0]
            if letter.to in (ANNA.email, BEN.email)} == {"召回通知撤回"}


def test_a_drill_and_an_ended_recall_send_nothing(sqlite: Database, clock: FixedClock) -> None:
    house, recall, _tray = told(sqlite, clock, "refused")
    for change, code in (({"state": RecallState.terminated}, "wrong-state"), ({"is_drill": True}, "drill")):
        with sqlite.write() as session:
            for name, value in change.items():
                setattr(session.get_one(Recall, recall.id), name, value)
        with sqlite.write() as session, pytest.raises(Conflict) as refused:
            send_consumers_again(session, house.writer, clock, recall.id)
        assert refused.value.code == code
    assert is_work(sqlite)


def test_what_could_go_again_is_counted_without_reading_a_letter(database: Database, clock: FixedClock) -> None:
    house, recall, _tray = told(database, clock, "sent", "refused")
    with database.write() as session:
        corrected(session, clock, house, recall.id)
    changes_sent(database, clock, "refused")
    with database.read() as session:
        case = session.get_one(Recall, recall.id)
        with sent(database) as statements:
            assert unsent_to_consumers(session, case) == 2  # Ben's notice, and the change to Anna, who was told
        assert len(statements) == 1
        assert not [row for row in session.identity_map.values() if isinstance(row, OutboxMessage)]
