"""A mail server that hangs: who waits for it can stop waiting, and still knows whether it may have the letter."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.factories_recall import make_house, running
from tests.mail_servers import GREETING, UP_TO_DATA, UP_TO_TEXT, SilentServer
from traceapp.config import Settings
from traceapp.core.clock import FixedClock, SystemClock, monotonic_seconds
from traceapp.db import Database
from traceapp.outbox import handing_over, mail
from traceapp.outbox.delivery import Delivery, Limits, NewMessage, deliver_due, queue_message
from traceapp.outbox.handing_over import CutOff, HandingOver
from traceapp.outbox.mail import Letter, MailServer
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage

ROOT = Path(__file__).resolve().parents[2]
LETTER = Letter(to="ward@example.org", subject="Recall", text="Stop.\n", message_id="<abc@x>",
                at=datetime(2026, 11, 22, 8, tzinfo=UTC))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_STOP_SECONDS", 0.1)


def stopped_when_silent(server: SilentServer) -> Delivery:
    """What the attempt came to, the service being stopped once the server has fallen silent."""
    stopping, found = threading.Event(), list[Delivery]()
    sending = threading.Thread(target=lambda: found.append(MailServer(server.url, "r@example.org", stopping).send(LETTER)))
    sending.start()
    assert server.is_silent.wait(10)
    assert sending.is_alive()
    stopping.set()
    sending.join(5)
    assert not sending.is_alive()
    return found[0]


@pytest.mark.parametrize("answers", [(), GREETING, UP_TO_DATA], ids=["no greeting", "no hello", "no leave to send"])
def test_a_letter_whose_text_never_went_out_has_failed(quick: None, answers: tuple[str, ...]) -> None:
    with SilentServer(*answers) as server:
        assert stopped_when_silent(server) == Delivery("failed", "cut off: the service stops")
        assert b"Stop.\r\n" not in server.heard


def test_a_letter_whose_text_went_out_is_uncertain(quick: None) -> None:
    with SilentServer(*UP_TO_TEXT) as server:
        assert stopped_when_silent(server) == Delivery("uncertain", "cut off: the service stops")
        assert b"Stop.\r\n" in server.heard


def test_an_answer_that_comes_while_the_service_stops_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_STOP_SECONDS", 10)
    stopping = threading.Event()

    def converse(attempt: HandingOver) -> None:
        attempt.begin_text()
        stopping.set()
        attempt.end("sent", "250 kept", is_answer=True)

    assert HandingOver(converse).run(stopping, 10) == Delivery("sent", "250 kept")


def test_a_server_that_drags_on_is_given_up_before_the_claim_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_over, "LONGEST_SECONDS", 0.1)
    with SilentServer() as server:
        assert MailServer(server.url, "r@example.org").send(LETTER) == Delivery(
            "failed", "cut off: the server took too long")


def test_no_text_goes_out_once_nobody_waits_any_more() -> None:
    stopping, is_over, refused = threading.Event(), threading.Event(), threading.Event()

    def converse(attempt: HandingOver) -> None:
        is_over.wait(10)
        try:
            attempt.begin_text()
        except CutOff:
            refused.set()

    stopping.set()
    assert HandingOver(converse).run(stopping, 0.05).outcome == "failed"
    is_over.set()
    assert refused.wait(5)


def _raise(error: Exception) -> Callable[[HandingOver], None]:
    def converse(_attempt: HandingOver) -> None:
        raise error

    return converse


@pytest.mark.parametrize(("error", "outcome"), [(UnicodeError("no such address"), "refused"), (KeyError("x"), "failed")])
def test_a_fault_of_ours_ends_the_attempt_at_once(error: Exception, outcome: str) -> None:
    assert HandingOver(_raise(error)).run(threading.Event(), 1).outcome == outcome


def test_an_address_that_smtp_cannot_say_is_refused_for_good() -> None:
    with SilentServer("220 here", "250 hello", "250 from") as server:
        letter = Letter("质量@example.org", LETTER.subject, LETTER.text, LETTER.message_id, LETTER.at)
        assert MailServer(server.url, "r@example.org").send(letter).outcome == "refused"


def test_no_letter_is_begun_while_the_service_stops(database: Database, clock: FixedClock) -> None:
    stopping = threading.Event()
    with database.write() as session:
        for number in range(3):
            queue_message(session, clock, NewMessage("recall.notice", f"contact:{number}", "recall:1"))

    def send(_session: object, _message: OutboxMessage) -> Delivery:
        stopping.set()
        return Delivery("failed", "cut off")

    assert deliver_due(database, clock, send, lambda *_: None, limits=Limits(stopping)) == 1
    with database.read() as session:
        assert sorted(session.scalars(select(OutboxMessage.attempts))) == [0, 0, 1]


def _begin_jobs(settings: Settings, mail_url: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TRACEAPP_VAR_DIR": str(settings.var_dir),
                   "TRACEAPP_DATABASE_URL": settings.database_url, "TRACEAPP_SECRET_KEY": settings.secret_key,
                   "TRACEAPP_VAULT_KEY": settings.vault_key, "TRACEAPP_MAIL_URL": mail_url}
    return subprocess.Popen([sys.executable, "-m", "traceapp", "jobs"], cwd=ROOT, env=environment,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.parametrize(("answers", "number", "outcome"), [
    ((), signal.SIGTERM, "failed"), (UP_TO_TEXT, signal.SIGINT, "uncertain")], ids=["no greeting", "no last answer"])
def test_the_scheduler_stops_within_seconds_beside_a_server_that_hangs(
        sqlite: Database, settings: Settings, answers: tuple[str, ...], number: signal.Signals, outcome: str) -> None:
    clock = FixedClock(SystemClock().now())
    running(sqlite, clock, make_house(sqlite, clock))
    with SilentServer(*answers) as server:
        process = _begin_jobs(settings, server.url)
        try:
            assert server.is_silent.wait(60)
            begun = monotonic_seconds()
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
    assert monotonic_seconds() - begun < 15  # half of what the server may take; a busy machine needs some of it to end
    assert process.returncode == 0, said
    with sqlite.read() as session:
        assert session.scalars(select(OutboxAttempt.outcome)).all() == [outcome]
        wanted = MessageState.pending if outcome == "failed" else MessageState.uncertain
        assert wanted in session.scalars(select(OutboxMessage.state)).all()
