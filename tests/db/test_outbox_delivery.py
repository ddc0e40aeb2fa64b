"""Messages go out once, and what happened to each try can be read."""
from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.delivery import LATE, LEASE, RETRY_MINUTES, Delivery, NewMessage, deliver_due, queue_message
from traceapp.outbox.mail import Letter, MailFolder, MailServer, mailer
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def queued(database: Database, clock: FixedClock) -> str:
    with database.write() as session:
        return queue_message(session, clock, NewMessage("recall.notice", "contact:1", "recall:1", {"a": 1})).id


def state_of(database: Database, message_id: str) -> tuple[str, int, list[str]]:
    with database.read() as session:
        message = session.get_one(OutboxMessage, message_id)
        attempts = session.scalars(select(OutboxAttempt.outcome).where(OutboxAttempt.message_id == message_id)
                                   .order_by(OutboxAttempt.number)).all()
        return message.state, message.attempts, list(attempts)


def nothing(*_: object) -> None:
    return None


def test_a_message_that_was_taken_is_not_sent_again(database: Database, clock: FixedClock) -> None:
    message_id = queued(database, clock)
    sent: list[str] = []

    def send(_: object, message: OutboxMessage) -> Delivery:
        sent.append(message.message_id)
        return Delivery("sent", "250 ok")

    assert deliver_due(database, clock, send, nothing) == 1
    clock.move_to(clock.now() + timedelta(days=2))
    assert deliver_due(database, clock, send, nothing) == 0
    assert len(sent) == 1
    assert state_of(database, message_id) == (MessageState.sent, 1, ["sent"])


def test_a_failed_try_waits_longer_each_time_and_ends_as_work_for_a_person(database: Database, clock: FixedClock) -> None:
    message_id = queued(database, clock)
    outcomes: list[str] = []
    for minutes in (0, *RETRY_MINUTES):
        clock.move_to(clock.now() + timedelta(minutes=minutes))
        assert deliver_due(database, clock, lambda *_: Delivery("failed", "451"), nothing) == 1
        outcomes.append("failed")
    assert state_of(database, message_id) == (MessageState.failed, len(outcomes), outcomes)


def test_a_try_that_was_cut_off_becomes_uncertain_and_is_not_repeated(database: Database, clock: FixedClock) -> None:
    message_id = queued(database, clock)

    def die(*_: object) -> Delivery:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(database, clock, die, nothing)
    clock.move_to(clock.now() + LEASE + timedelta(seconds=1))
    calls: list[str] = []
    deliver_due(database, clock, lambda *_: calls.append("again") or Delivery("sent"), nothing)
    assert calls == []
    assert state_of(database, message_id)[0] == MessageState.uncertain


@pytest.mark.parametrize(("outcome", "state", "attempts"), [
    ("sent", MessageState.sent, ["uncertain", "sent"]), ("failed", MessageState.uncertain, ["uncertain"])])
def test_who_was_taken_for_cut_off_by_a_faster_clock_says_in_the_end_that_it_was_sent(
        database: Database, clock: FixedClock, outcome: str, state: MessageState, attempts: list[str]) -> None:
    message_id = queued(database, clock)
    ahead, told = FixedClock(clock.now() + timedelta(hours=1)), list[tuple[str, str]]()

    def send(*_: object) -> Delivery:
        assert deliver_due(database, ahead, lambda *_: Delivery("sent", "another"), keep) == 0
        return Delivery(outcome, "250 ok")

    def keep(_: object, message: OutboxMessage, delivery: Delivery) -> None:
        told.append((message.state, delivery.detail))

    assert deliver_due(database, clock, send, keep) == 1
    assert state_of(database, message_id) == (state, len(attempts), attempts)
    assert [one for one, _ in told] == attempts
    assert (LATE in dict(told).values()) is (outcome == "sent")


def test_being_cut_off_casts_doubt_on_one_message_only(database: Database, clock: FixedClock) -> None:
    first, second, third = (queued(database, clock) for _ in range(3))

    def die_at_the_second(_: object, message: OutboxMessage) -> Delivery:
        if message.id == second:
            raise KeyboardInterrupt
        return Delivery("sent", "250 ok")

    with pytest.raises(KeyboardInterrupt):
        deliver_due(database, clock, die_at_the_second, nothing)
    clock.move_to(clock.now() + LEASE + timedelta(seconds=1))
    assert deliver_due(database, clock, lambda *_: Delivery("sent", "250 ok"), nothing) == 1
    assert [state_of(database, one)[0] for one in (first, second, third)] == [
        MessageState.sent, MessageState.uncertain, MessageState.sent]


def test_a_letter_that_cannot_be_written_does_not_hold_up_the_others(database: Database, clock: FixedClock) -> None:
    first, second, third = (queued(database, clock) for _ in range(3))

    def send(_: object, message: OutboxMessage) -> Delivery:
        if message.id == first:
            return Delivery("sent", str("质量@clinic.example".encode("ascii")))
        if message.id == second:
            raise RuntimeError("a fault of the sender")
        return Delivery("sent", "250 ok")

    assert deliver_due(database, clock, send, nothing) == 3
    assert state_of(database, first) == (MessageState.failed, 1, ["refused"])
    assert state_of(database, second) == (MessageState.pending, 1, ["failed"])
    assert state_of(database, third) == (MessageState.sent, 1, ["sent"])


def test_what_followed_from_a_try_is_kept_with_it(database: Database, clock: FixedClock) -> None:
    queued(database, clock)
    seen: list[str] = []
    deliver_due(database, clock, lambda *_: Delivery("written", "x"), lambda _s, _m, d: seen.append(d.outcome))
    assert seen == ["written"]


class _Keep:
    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.answer = "250 kept"

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        self.letters.append(envelope.content)  # type: ignore[attr-defined]
        return self.answer


@pytest.fixture
def smtp() -> Iterator[tuple[_Keep, int]]:
    keep = _Keep()
    controller = Controller(keep, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    yield keep, controller.port
    controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def letter() -> Letter:
    return Letter(to="ward@example.org", subject="召回通知 Recall", text="停止使用 Stop.\n", message_id="<abc@x>", at=AT)


def test_a_real_server_gets_the_letter_whole(smtp: tuple[_Keep, int]) -> None:
    keep, port = smtp
    delivery = MailServer(f"smtp://127.0.0.1:{port}", "recall@example.org").send(letter())
    assert delivery.outcome == "sent"
    assert b"Message-ID: <abc@x>" in keep.letters[0]


@pytest.mark.parametrize(("answer", "outcome"), [("451 try later", "failed"), ("550 no such ward", "refused")])
def test_a_refusal_is_told_apart_from_a_delay(smtp: tuple[_Keep, int], answer: str, outcome: str) -> None:
    keep, port = smtp
    keep.answer = answer
    assert MailServer(f"smtp://127.0.0.1:{port}", "r@example.org").send(letter()).outcome == outcome


def test_a_link_that_breaks_after_the_text_was_handed_over_is_uncertain() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _ = listener.accept()
        with link, link.makefile("rwb") as stream:
            def say(text: str) -> None:
                stream.write(text.encode() + b"\r\n")
                stream.flush()

            say("220 here")
            for answer in ("250 hello", "250 from", "250 to", "354 go on"):
                stream.readline()
                say(answer)
            while stream.readline() != b".\r\n":
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    delivery = MailServer(f"smtp://127.0.0.1:{listener.getsockname()[1]}", "r@example.org").send(letter())
    thread.join(5)
    listener.close()
    assert delivery.outcome == "uncertain"


def test_no_server_at_all_says_nothing_about_the_letter() -> None:
    assert MailServer(f"smtp://127.0.0.1:{_free_port()}", "r@example.org").send(letter()).outcome == "unreached"


def test_without_a_server_letters_go_to_a_folder_and_count_as_not_sent(tmp_path: Path) -> None:
    chosen = mailer("", "r@example.org", tmp_path)
    assert isinstance(chosen, MailFolder)
    assert chosen.send(letter()).outcome == "written"
    assert "abc.eml" in [path.name for path in (tmp_path / "mail").iterdir()]
