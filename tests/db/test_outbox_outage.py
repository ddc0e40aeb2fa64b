"""A mail server that is away costs nobody his letter: the others wait untried, and go out at once when it is back."""
from __future__ import annotations

import socket
import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox import outage
from traceapp.outbox.delivery import RETRY_MINUTES, Delivery, Limits, NewMessage, deliver_due, queue_message
from traceapp.outbox.mail import MailServer
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage
from traceapp.outbox.outage import Outages

from .test_outbox_delivery import letter, nothing, queued, state_of

MAIL, TEXT = "recall.notice", "recall.notice.text"


def queue(database: Database, clock: FixedClock, kind: str, count: int) -> None:
    with database.write() as session:
        for number in range(count):
            queue_message(session, clock, NewMessage(kind, f"contact:{number}", f"recall:{number}", {}))


def states(database: Database, kind: str) -> Counter[str]:
    with database.read() as session:
        return Counter({state: count for state, count in session.execute(
            select(OutboxMessage.state, func.count()).where(OutboxMessage.kind == kind).group_by(OutboxMessage.state))})


def test_while_the_mail_server_is_away_one_letter_asks_for_it_and_text_messages_go_on(
        database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(database, clock, MAIL, 12)
    queue(database, clock, TEXT, 3)
    away, moment = [True], [1000.0]
    monkeypatch.setattr(outage, "monotonic_seconds", lambda: moment[0])

    def send(_: object, message: OutboxMessage) -> Delivery:
        return Delivery("unreached", "refused") if message.kind == MAIL and away[0] else Delivery("sent", "250")

    limits = Limits(outages=Outages())
    assert deliver_due(database, clock, send, nothing, kinds=(MAIL, TEXT), limits=limits) == 1 + 3
    assert (states(database, MAIL), states(database, TEXT)) == ({"pending": 12}, {"sent": 3})
    assert deliver_due(database, clock, send, nothing, kinds=(MAIL, TEXT), limits=limits) == 0
    moment[0] += outage.FIRST_WAIT
    assert deliver_due(database, clock, send, nothing, kinds=(MAIL, TEXT), limits=limits) == 1
    moment[0] += outage.LONGEST_WAIT
    away[0] = False
    assert deliver_due(database, clock, send, nothing, kinds=(MAIL, TEXT), limits=limits) == 10
    clock.move_to(clock.now() + timedelta(minutes=1))
    assert deliver_due(database, clock, send, nothing, kinds=(MAIL, TEXT), limits=limits) == 2
    assert states(database, MAIL) == {"sent": 12}


def test_the_server_is_asked_less_and_less_often_up_to_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [50.0]
    monkeypatch.setattr(outage, "monotonic_seconds", lambda: moment[0])
    outages, waits = Outages(), []
    for _ in range(6):
        outages.note(MAIL, is_reached=False)
        before = moment[0]
        while outages.closed():
            moment[0] += 1.0
        waits.append(moment[0] - before)
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    outages.note(MAIL, is_reached=True)
    outages.note(MAIL, is_reached=False)
    moment[0] += 5.0
    assert outages.closed() == ()


def test_a_server_that_is_away_for_days_does_not_make_the_letter_fail(database: Database, clock: FixedClock) -> None:
    message_id = queued(database, clock)
    for _ in range(3 * len(RETRY_MINUTES)):
        assert deliver_due(database, clock, lambda *_: Delivery("unreached", "down"), nothing) == 1
        clock.move_to(clock.now() + timedelta(minutes=1))
    assert deliver_due(database, clock, lambda *_: Delivery("failed", "451 busy"), nothing) == 1
    clock.move_to(clock.now() + timedelta(minutes=RETRY_MINUTES[0]))
    assert deliver_due(database, clock, lambda *_: Delivery("sent", "250"), nothing) == 1
    state, tries, outcomes = state_of(database, message_id)
    assert (state, tries) == (MessageState.sent, 3 * len(RETRY_MINUTES) + 2)
    assert Counter(outcomes) == {"unreached": 3 * len(RETRY_MINUTES), "failed": 1, "sent": 1}


def test_a_letter_that_fails_by_itself_ends_as_work_also_with_outages_between(
        database: Database, clock: FixedClock) -> None:
    message_id = queued(database, clock)
    for minutes in RETRY_MINUTES:
        for outcome, wait in (("failed", minutes), ("unreached", 1)):
            assert deliver_due(database, clock, lambda *_, outcome=outcome: Delivery(outcome, ""), nothing) == 1
            clock.move_to(clock.now() + timedelta(minutes=wait))
    assert state_of(database, message_id)[0] == MessageState.pending
    assert deliver_due(database, clock, lambda *_: Delivery("failed", ""), nothing) == 1
    assert state_of(database, message_id)[0] == MessageState.failed
    with database.read() as session:
        assert session.scalar(select(func.count()).where(OutboxAttempt.message_id == message_id)) == (
            2 * len(RETRY_MINUTES) + 1)


@pytest.mark.parametrize("says", [["554 nobody here"], ["421 closing"], ["220 here", "250-here\r\n250 AUTH PLAIN", "535 who?"]])
def test_a_server_that_turns_us_away_at_the_door_refused_no_letter(says: list[str]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _ = listener.accept()
        with link, link.makefile("rwb") as stream:
            for number, answer in enumerate(says):
                if number:
                    stream.readline()
                stream.write(answer.encode() + b"\r\n")
                stream.flush()
            while stream.readline():  # whatever else is asked
                stream.write(b"535 who?\r\n")
                stream.flush()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    delivery = MailServer(f"smtp://u:p@127.0.0.1:{listener.getsockname()[1]}", "r@example.org").send(letter())
    listener.close()
    thread.join(5)
    assert delivery.outcome == "unreached", delivery
