"""Calls to whoever is on duty go out by mail: to whom at which step, in which words, and what follows when none did."""
from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from tests.factories import make_user
from tests.factories_complaint import VAULT, a_report, submit
from traceapp.complaint.escalating import escalate_late
from traceapp.complaint.model import Complaint
from traceapp.complaint.service import TriageComplaint, triage_complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.identity.accounts import set_email, set_language
from traceapp.identity.model import User
from traceapp.jobs.sweeps import deliver
from traceapp.outbox.model import OutboxMessage
from traceapp.worklist.model import Task
from traceapp.worklist.rostering import AddShift, add_shift
from traceapp.world import World

Sent = tuple[str, EmailMessage]


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[Sent]]]:
    """The address of a mail server that takes everything, and what it took."""
    taken: list[Sent] = []

    class Inbox:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
            taken.append((envelope.rcpt_tos[0], cast(EmailMessage, email.message_from_bytes(
                envelope.content, policy=email.policy.default))))
            return "250 taken"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Inbox(), hostname="127.0.0.1", port=port)
    server.start()
    yield f"smtp://127.0.0.1:{port}", taken
    server.stop()


@pytest.fixture
def go(sqlite: Database, clock: FixedClock, inbox: tuple[str, list[Sent]], tmp_path: Path) -> Callable[[], list[Sent]]:
    """Escalate what is late, deliver, and answer what the server took by now."""
    settings = SimpleNamespace(mail_url=inbox[0], mail_from="traceapp@maker.example", var_dir=tmp_path,
                               base_url="https://trace.example", text_url="", text_token="")
    world = cast(World, SimpleNamespace(database=sqlite, clock=clock, vault=VAULT, settings=settings))

    def run() -> list[Sent]:
        with sqlite.write() as session:
            escalate_late(session, clock)
        deliver(world)
        return inbox[1]

    return run


def a_person(database: Database, clock: FixedClock, name: str, *, role: str = "quality", language: str = "en",
             address: str = "yes", on_duty: bool = False) -> User:
    user = make_user(database, clock, role, name)
    actor = Actor(id=user.id, role=role, name=name)
    with database.write() as session:
        set_language(session, actor, clock, language)
        set_email(session, actor, clock, f"{name}@maker.example" if address else "")
        if on_duty:
            add_shift(session, actor, clock, AddShift(user.id, tuple(range(7)), "00:00", "00:00", date(2020, 1, 1)))
    return user


def late(database: Database, clock: FixedClock) -> Complaint:
    complaint = submit(database, clock, a_report(harm="no", terms=("packaging",))).complaint
    clock.move_to(clock.now() + timedelta(hours=49))
    return complaint


def kinds(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Task.kind).where(Task.state == "open", Task.kind.like("duty.%"))))


def test_whoever_is_on_duty_reads_what_whose_until_when_and_where_in_their_language(
        sqlite: Database, clock: FixedClock, go: Callable[[], list[Sent]]) -> None:
    a_person(sqlite, clock, "li", language="zh", on_duty=True)
    complaint = late(sqlite, clock)
    ((to, letter),) = go()
    text = letter.get_content()
    assert (to, letter["Content-Language"]) == ("li@maker.example", "zh")
    assert complaint.reference in letter["Subject"] and "承诺已超时" in letter["Subject"]
    assert "首次答复时限：2026-11-24 16:00（北京时间）" in text and "您正在值班" in text
    assert f"https://trace.example/console/complaints/{complaint.id}" in text
    assert "Red and itching" not in text and go() == [(to, letter)] and kinds(sqlite) == set()


def test_each_further_step_calls_the_next_one_and_at_last_the_managers(
        sqlite: Database, clock: FixedClock, go: Callable[[], list[Sent]]) -> None:
    for name in ("li", "wang"):
        a_person(sqlite, clock, name, on_duty=True)
    a_person(sqlite, clock, "boss", role="quality_manager")
    late(sqlite, clock)
    assert len(go()) == 1
    for hours in (72, 600):  # triage, then the decision
        clock.move_to(clock.now() + timedelta(hours=hours))
        go()
    called = [to.partition("@")[0] for to, _letter in go()]
    assert sorted(called[:2]) == ["li", "wang"] and called[2] == "boss"
    letters = [letter.get_content() for _to, letter in go()]
    assert "because you are on duty" in letters[0] and "still open" in letters[1] and "still open" in letters[2]
    assert "Due for decision: 2026-12-22 16:00 (UTC+8)." in letters[2]


def test_without_a_roster_every_manager_is_written_to_and_it_is_a_task(
        sqlite: Database, clock: FixedClock, go: Callable[[], list[Sent]]) -> None:
    for name in ("boss", "chief"):
        a_person(sqlite, clock, name, role="quality_manager")
    late(sqlite, clock)
    assert sorted(to for to, _letter in go()) == ["boss@maker.example", "chief@maker.example"]
    assert "nobody is on duty" in go()[0][1].get_content() and kinds(sqlite) == {"duty.gap"}


def test_a_grave_report_is_told_at_once_with_or_without_a_roster(
        sqlite: Database, clock: FixedClock, go: Callable[[], list[Sent]]) -> None:
    a_person(sqlite, clock, "boss", role="quality_manager")
    submit(sqlite, clock, a_report(harm="yes", seriousness=("died",)))
    assert [to for to, _letter in go()] == ["boss@maker.example"]
    a_person(sqlite, clock, "li", on_duty=True)
    submit(sqlite, clock, a_report(harm="yes", seriousness=("died",), narrative="another"))
    to, letter = go()[-1]
    assert to == "li@maker.example" and "look at once" in letter["Subject"] and "critical" in letter.get_content()


def test_who_has_no_address_is_replaced_by_the_managers_and_a_task_says_so(
        sqlite: Database, clock: FixedClock, go: Callable[[], list[Sent]]) -> None:
    a_person(sqlite, clock, "li", address="", on_duty=True)
    a_person(sqlite, clock, "boss", role="quality_manager")
    late(sqlite, clock)
    ((to, letter),) = go()
    assert to == "boss@maker.example" and "no e-mail address" in letter.get_content()
    assert kinds(sqlite) == {"duty.no_address"}


def test_when_nobody_has_an_address_it_is_a_task(
        sqlite: Database, clock: FixedClock, go: Callable[[], list[Sent]]) -> None:
    late(sqlite, clock)
    assert go() == [] and kinds(sqlite) == {"duty.gap", "duty.no_address"}


def test_a_call_that_did_not_go_out_is_a_task_and_one_that_is_not_needed_any_more_is_not_sent(
        sqlite: Database, clock: FixedClock, tmp_path: Path) -> None:
    a_person(sqlite, clock, "li", on_duty=True)
    settings = SimpleNamespace(mail_url="", mail_from="a@maker.example", var_dir=tmp_path, base_url="https://t.example",
                               text_url="", text_token="")
    world = cast(World, SimpleNamespace(database=sqlite, clock=clock, vault=VAULT, settings=settings))
    first, second = (submit(sqlite, clock, a_report(harm="yes", seriousness=("died",), narrative=text)).complaint
                     for text in ("one", "two"))
    with sqlite.write() as session:
        triage_complaint(session, Actor(id="u", role="quality_manager", name="B"), clock,
                         TriageComplaint(second.id, "complaint", "yes", ("death",)))
    assert deliver(world) == 2
    with sqlite.read() as session:
        states = {one.subject_key.partition(":")[2]: one.state for one in session.scalars(select(OutboxMessage))}
    assert states == {first.id: "written", second.id: "failed"} and kinds(sqlite) == {"duty.not_told"}


@pytest.mark.parametrize("text", ["li", "li@", "li@maker", "a b@maker.example", "x@maker.example\nBcc: y@z.example"])
def test_what_is_no_address_is_refused(sqlite: Database, clock: FixedClock, text: str) -> None:
    user = make_user(sqlite, clock, "quality", "li")
    with pytest.raises(InvalidInput), sqlite.write() as session:
        set_email(session, Actor(id=user.id, role="quality", name="li"), clock, text)
