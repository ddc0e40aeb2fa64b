"""Consumers who complained and left a contact are told once, by the way that they left, and nobody sees who."""
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.factories_complaint import a_report, scanned
from tests.factories_recall import TEXTS, VAULT, House, Tray, decided, make_house, running
from tests.factories_recall import submitted as submitted_recall
from tests.gateways import Gateway
from traceapp.audit.model import AuditEntry
from traceapp.complaint.service import submit_complaint
from traceapp.core.actor import PUBLIC
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.outbox.gateway import HttpGateway
from traceapp.recall.consumers import (
    CONSUMER_KINDS,
    CONSUMERS_TASK,
    ConsumerCounts,
    ConsumerSender,
    are_consumers_untold,
    consumer_counts,
    tell_consumers,
)
from traceapp.recall.handing import Posts
from traceapp.recall.model import Recall
from traceapp.recall.states import Depth
from traceapp.trace.model import Lot
from traceapp.vault.service import PersonDetails, erase_person
from traceapp.worklist.tasks import open_tasks

ANNA = PersonDetails(name="Anna", email="anna@home.example")


def complains(database: Database, clock: FixedClock, lot: Lot, person: PersonDetails) -> str:
    with database.write() as session:
        made = submit_complaint(session, PUBLIC, clock, a_report(lot=scanned(lot), contact=person), vault=VAULT)
        assert made.complaint.person_id
        return made.complaint.person_id


def seek(database: Database, clock: FixedClock) -> int:
    with database.write() as session:
        return tell_consumers(session, clock, vault=VAULT)


def send(database: Database, clock: FixedClock, tray: Tray, url: str = "") -> None:
    sender = ConsumerSender(Posts(tray, HttpGateway(url, "") if url else None), VAULT, "https://recall.example", clock)
    deliver_due(database, clock, sender.send, sender.settled, kinds=CONSUMER_KINDS)


def counts(database: Database, recall: Recall) -> ConsumerCounts | None:
    with database.read() as session:
        return consumer_counts(session, [recall.id]).get(recall.id)


def test_each_contact_is_told_once_whatever_it_complained_of(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    for lot in (house.first, house.first, house.second, house.other):
        complains(database, clock, lot, ANNA)
    recall, tray = running(database, clock, house), Tray()
    assert seek(database, clock) == 1
    send(database, clock, tray)
    assert (seek(database, clock), counts(database, recall)) == (0, ConsumerCounts(0, 1, 0, 0))
    (letter,) = tray.letters
    assert letter.to == "anna@home.example"
    assert "batch P-1" in letter.text
    assert "batch P-2" in letter.text
    assert "P-9" not in letter.text
    assert f"https://recall.example/recalls/{recall.reference}" in letter.text
    complains(database, clock, house.first, replace(ANNA, email="later@home.example"))
    assert seek(database, clock) == 1


def test_nothing_that_is_kept_says_who_was_told(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    complains(sqlite, clock, house.first, ANNA)
    running(sqlite, clock, house)
    seek(sqlite, clock)
    send(sqlite, clock, Tray("refused"))
    with sqlite.read() as session:
        kept = json.dumps([[entry.action, entry.data] for entry in session.scalars(select(AuditEntry))])
        assert [task.kind for task in open_tasks(session) if task.kind == CONSUMERS_TASK] == [CONSUMERS_TASK]
    assert "anna" not in kept.lower()
    assert '"person.told"' in kept


def test_who_left_a_number_gets_a_message(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    complains(sqlite, clock, house.first, PersonDetails(name="B", phone="138 0000 0000"))
    complains(sqlite, clock, house.first, PersonDetails(name="C", phone="0512-0000 0000"))
    recall = running(sqlite, clock, house)
    assert seek(sqlite, clock) == 2
    with Gateway() as gateway:
        send(sqlite, clock, Tray(), gateway.url)
    assert [heard.body["to"] for heard in gateway.heard] == ["+8613800000000"]
    assert counts(sqlite, recall) == ConsumerCounts(0, 1, 1, 0)


def untouched(database: Database, clock: FixedClock, house: House) -> None:
    with database.read() as session:
        assert not are_consumers_untold(session)
    assert seek(database, clock) == 0


@pytest.mark.parametrize("change", [{"depth": Depth.retail}, {"is_drill": True}])
def test_a_shallow_recall_and_a_drill_tell_no_consumer(sqlite: Database, clock: FixedClock,
                                                       change: dict[str, object]) -> None:
    house = make_house(sqlite, clock)
    complains(sqlite, clock, house.first, ANNA)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        for name, value in change.items():
            setattr(session.get_one(Recall, recall.id), name, value)
    untouched(sqlite, clock, house)


def test_before_the_approval_nobody_is_told(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    complains(sqlite, clock, house.first, ANNA)
    decided(sqlite, clock, house)
    submitted_recall(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.second.lot_key,)))
    untouched(sqlite, clock, house)


def test_who_was_erased_meanwhile_is_not_written_to_and_is_no_work(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    person_id = complains(sqlite, clock, house.first, ANNA)
    recall, tray = running(sqlite, clock, house), Tray()
    seek(sqlite, clock)
    with sqlite.write() as session:
        erase_person(session, house.manager, clock, person_id, "asked for it")
    send(sqlite, clock, tray)
    assert (tray.letters, counts(sqlite, recall)) == ([], ConsumerCounts(0, 0, 1, 0))
    with sqlite.read() as session:
        assert not [task for task in open_tasks(session) if task.kind == CONSUMERS_TASK]
