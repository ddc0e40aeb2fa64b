"""Mail to a subscriber that comes back ends the mail to its address, and staff see how many were not reached, never who."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.db.test_recall_revisions import correction
from tests.db.test_recall_subscribers import ask, confirmed, counted, link_of, sent, told
from tests.factories_recall import House, Tray, make_house, running
from traceapp.audit.model import AuditEntry
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.bounces import NoteBounce, take_bounce
from traceapp.recall.model import Recall
from traceapp.recall.public_model import RecallSubscriber
from traceapp.recall.revising import correct_notice
from traceapp.recall.subscriber_bounces import KEPT_DAYS, MOST_BOUNCES, SubscriberCounts, forget_suspended, is_gone
from traceapp.recall.subscriber_mail import NEWS_KIND
from traceapp.recall.subscribing import confirm_mail
from traceapp.recall.telling import telling_of
from traceapp.worklist.tasks import open_tasks

GONE, FULL, SPAM = "5.1.1 smtp; 550 5.1.1 User unknown", "4.2.2 mailbox full", "550 5.7.1 rejected as spam"


def comes_back(database: Database, clock: FixedClock, said: str) -> bool:
    """The last mail of news comes back."""
    with database.write() as session:
        number = session.scalars(select(OutboxMessage.message_id).where(OutboxMessage.kind == NEWS_KIND)
                                 .order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc())).first()
        assert number is not None
        return take_bounce(session, SYSTEM, clock, NoteBounce(number, said))


def changed(database: Database, clock: FixedClock, house: House, recall: Recall) -> None:
    """Something else is news of the recall."""
    clock.move_to(clock.now() + timedelta(hours=1))
    with database.write() as session:
        correct_notice(session, house.manager, clock, replace(correction(recall.id), texts={
            "contact": f"400 {clock.now():%H%M} 2222"}))


def subscribers(database: Database, recall: Recall) -> SubscriberCounts | None:
    with database.read() as session:
        return telling_of(session, recall.id).subscribers


def test_a_mailbox_that_is_gone_gets_no_more_mail_and_is_counted_without_a_name(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    for address in ("gone@home.example", "stays@home.example"):
        confirmed(database, clock, address, product_id=house.first.product_id)
    recall = running(database, clock, house)
    assert told(database, clock) == 2
    assert subscribers(database, recall) == SubscriberCounts(2, 0, 0, 0, 0)
    assert sent(database, clock, Tray()) == 2
    assert (comes_back(database, clock, GONE), comes_back(database, clock, GONE)) == (True, False)
    assert subscribers(database, recall) == SubscriberCounts(0, 1, 1, 0, 1)
    changed(database, clock, house, recall)
    assert told(database, clock) == 1
    with database.read() as session:
        assert not open_tasks(session) or "home.example" not in str([task.params for task in open_tasks(session)])
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "subscriber.suspended")).one()
        assert set(json.loads(entry.data)) == {"message", "bounces"}


def test_what_a_server_refuses_at_once_counts_as_what_comes_back(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    confirmed(sqlite, clock)
    recall = running(sqlite, clock, house)
    told(sqlite, clock)
    sent(sqlite, clock, Tray("refused"))  # "250 ok" says nothing of the mailbox
    assert subscribers(sqlite, recall) == SubscriberCounts(0, 0, 1, 0, 0)
    with sqlite.read() as session:
        assert session.scalars(select(RecallSubscriber.bounces)).one() == 1


@pytest.mark.parametrize(("said", "suspended"), [(FULL, 1), (SPAM, 0)])
def test_mail_that_comes_back_again_and_again_ends_but_not_for_what_a_server_has_against_us(
        sqlite: Database, clock: FixedClock, said: str, suspended: int) -> None:
    house = make_house(sqlite, clock)
    confirmed(sqlite, clock)
    recall = running(sqlite, clock, house)
    for time in range(MOST_BOUNCES):
        if time:
            changed(sqlite, clock, house, recall)
        assert told(sqlite, clock) == 1
        assert sent(sqlite, clock, Tray()) == 1
        assert comes_back(sqlite, clock, said)
    assert subscribers(sqlite, recall) == SubscriberCounts(0, 0, MOST_BOUNCES, 0, suspended)


def test_what_still_waits_for_such_an_address_stays_here(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    confirmed(sqlite, clock)
    recall, tray = running(sqlite, clock, house), Tray()
    told(sqlite, clock)
    sent(sqlite, clock, Tray())
    comes_back(sqlite, clock, FULL)
    changed(sqlite, clock, house, recall)
    assert told(sqlite, clock) == 1
    with sqlite.write() as session:
        session.scalars(select(RecallSubscriber)).one().suspended_at = clock.now()
    sent(sqlite, clock, tray)
    assert tray.letters == []


def test_who_asks_again_and_confirms_gets_mail_again(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    confirmed(sqlite, clock)
    recall, tray = running(sqlite, clock, house), Tray()
    told(sqlite, clock)
    sent(sqlite, clock, Tray())
    comes_back(sqlite, clock, GONE)
    ask(sqlite, clock)
    sent(sqlite, clock, tray)
    with sqlite.write() as session:
        confirm_mail(session, clock, link_of(tray.letters[0].text))
    changed(sqlite, clock, house, recall)
    assert told(sqlite, clock) == 1
    assert sent(sqlite, clock, tray) == 1


def test_an_address_that_gets_no_mail_is_forgotten_after_a_while(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    confirmed(sqlite, clock)
    running(sqlite, clock, house)
    told(sqlite, clock)
    sent(sqlite, clock, Tray())
    comes_back(sqlite, clock, GONE)
    with sqlite.write() as session:
        assert forget_suspended(session, clock) == 0
        clock.move_to(clock.now() + timedelta(days=KEPT_DAYS))
        assert (forget_suspended(session, clock), forget_suspended(session, clock)) == (1, 0)
        assert counted(session) == (0, 0, 0)


def test_a_mail_that_asks_for_confirmation_may_come_back_too(sqlite: Database, clock: FixedClock) -> None:
    ask(sqlite, clock)
    sent(sqlite, clock, Tray())
    with sqlite.write() as session:
        number = session.scalars(select(OutboxMessage.message_id)).one()
        assert take_bounce(session, SYSTEM, clock, NoteBounce(number, GONE))
        assert session.scalars(select(RecallSubscriber.suspended_at)).one() is None


@pytest.mark.parametrize(("said", "expected"), [
    (GONE, True), ("5.2.1 disabled", True), ("550 5.1.10 null MX", True), ("not an address that mail servers take: é", True),
    (FULL, False), (SPAM, False), ("550 5.1.8 bad sender's system", False), ("450 4.1.1 try later", False),
    ("550 no such user here, ask 15.1.1.7", False), ("", False)])
def test_only_a_server_that_names_the_mailbox_says_that_it_is_gone(said: str, expected: bool) -> None:
    assert is_gone(said) is expected
