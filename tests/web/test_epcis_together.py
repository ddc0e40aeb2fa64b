"""Many who capture at once: nobody waits while a document is read, each event is stored once, nobody sees an error of
ours."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from tests.applications import Applications
from tests.db.test_trace_capture import derived
from tests.factories_web import Console
from tests.http_clients import ApiClient
from tests.web.test_epcis_capture import LOT, Partner, document, seen
from tests.web.test_exchange_pages import send
from traceapp.cli import main
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.epcis import EPCIS_CONTEXT
from traceapp.trace import capture_reading
from traceapp.trace.capture import CaptureDocument, ReadDocument, capture_document, read_document
from traceapp.trace.model import Capture, Event, Lot, SeenEvent
from traceapp.trace.rebuilding import rebuild
from traceapp.worklist.work import add_work

CLIENTS = 6
BEHAVIOUR = "GS1-Capture-Error-Behaviour"


@pytest.fixture
def app(settings: Settings, database: Database, clock: FixedClock, applications: Applications) -> Flask:
    """The application over each of the two databases."""
    return applications.open(settings, database, clock)


@pytest.fixture
def partners(app: Flask, database: Database, clock: FixedClock) -> list[Partner]:
    return [Partner(ApiClient(app, database, clock, "operator")) for _ in range(CLIENTS)]


@contextmanager
def another_writer(database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """While an event is read, somebody else writes who would not wait; says of which events."""
    found, wrote = capture_reading.found_by, []
    other = Database(database.url.render_as_string(hide_password=False), lock_wait_seconds=0.05)

    def found_meanwhile(event: Any) -> Any:
        with other.write() as session:
            add_work(session, clock, "test", "somebody:else")
        wrote.append(event.type)
        return found(event)

    monkeypatch.setattr(capture_reading, "found_by", found_meanwhile)
    yield wrote
    other.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("path", "body", "status"), [
    ("/capture", document(seen(1), seen(2)), 202), ("/events", {"@context": [EPCIS_CONTEXT], **seen(3)}, 201)])
def test_others_write_while_a_document_that_was_sent_is_read(
        partners: list[Partner], database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, path: str,
        body: Any, status: int) -> None:
    with another_writer(database, clock, monkeypatch) as wrote:
        assert partners[0].send(path, body).status_code == status
    assert len(wrote) == (2 if path == "/capture" else 1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_others_write_while_a_document_of_the_command_line_is_read(
        settings: Settings, database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("DATABASE_URL", settings.database_url), ("VAR_DIR", str(settings.var_dir)), ("DEVELOPMENT", "1")):
        monkeypatch.setenv(f"TRACEAPP_{name}", value)
    monkeypatch.setattr("traceapp.db.migrate.upgrade", lambda _: None)  # the tables of tests are made without it
    (tmp_path / "sent.json").write_text(json.dumps(document(seen(1), seen(2))))
    with another_writer(database, clock, monkeypatch) as wrote:
        assert main(["epcis", "capture", str(tmp_path / "sent.json")]) == 0
    assert len(wrote) == 2


def test_others_write_while_a_file_of_the_console_is_read(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = console.browser("quality")
    with another_writer(console.database, console.clock, monkeypatch) as wrote:
        assert send(browser, json.dumps(document(seen(1), seen(2))).encode()).status_code == 303
    assert len(wrote) == 2


def at_once(partners: list[Partner], send: Callable[[Partner, int], Any]) -> list[Any]:
    """What everybody is answered who sends at the same moment."""
    with ThreadPoolExecutor(len(partners)) as threads:
        return list(threads.map(send, partners, range(len(partners))))


def packed(number: int) -> dict[str, Any]:
    """A pallet with two cartons; the cartons stand in other events, too."""
    return {"type": "AggregationEvent", "action": "ADD", "eventTime": f"2026-11-02T05:00:{number:02}Z",
            "eventTimeZoneOffset": "+00:00", "parentID": f"https://id.gs1.org/00/0952123400000000{number % 3}9",
            "childEPCs": [f"https://id.gs1.org/01/09521234000013/21/{carton}" for carton in (number, number + 1)]}


def stored_once(database: Database, events: int) -> None:
    """Each event is there, once, under one name, and what was derived is what a rebuild derives."""
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == events
        assert session.scalar(select(func.count(Event.hash.distinct()))) == events
        assert session.scalar(select(func.count()).select_from(SeenEvent)) == events
    before = derived(database)
    with database.write() as session:
        assert rebuild(session) == events
    assert derived(database) == before


def test_the_same_document_sent_by_all_at_once_is_one_capture(partners: list[Partner], database: Database) -> None:
    whole = document(*(event for number in range(1, 20) for event in (seen(number), packed(number))))
    answers = at_once(partners, lambda partner, _number: partner.send("/capture", whole))
    assert [answer.status_code for answer in answers] == [202] * CLIENTS
    stored_once(database, 38)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Capture)) == 1
        assert session.scalar(select(func.count()).select_from(Lot)) == 24


@pytest.mark.parametrize("behaviour", ["rollback", "proceed"])
def test_documents_that_overlap_sent_at_once_store_each_event_once(
        partners: list[Partner], database: Database, behaviour: str) -> None:
    def some(number: int) -> dict[str, Any]:
        events = [event for index in range(number, number + 12) for event in (packed(index), seen(index))]
        return document(*(events if number % 2 else reversed(events)))

    answers = at_once(partners, lambda partner, number: partner.send(
        "/capture", some(number), **{BEHAVIOUR: behaviour}))
    assert [answer.status_code for answer in answers] == [202] * CLIENTS
    jobs = [partner.get(answer.headers["Location"]).get_json() for partner, answer in zip(partners, answers, strict=True)]
    assert [job["success"] for job in jobs] == [True] * CLIENTS
    stored_once(database, 2 * (12 + CLIENTS - 1))


def test_one_event_sent_by_all_at_once_has_one_address(partners: list[Partner], database: Database) -> None:
    event = {"@context": [EPCIS_CONTEXT], **packed(1)}
    answers = at_once(partners, lambda partner, _number: partner.send("/events", event))
    assert {(answer.status_code, answer.headers.get("Location")) for answer in answers} == {
        (201, answers[0].headers["Location"])}
    stored_once(database, 1)


def test_of_one_identifier_for_different_events_sent_at_once_one_is_stored(
        partners: list[Partner], database: Database) -> None:
    answers = at_once(partners, lambda partner, number: partner.send(
        "/capture", document(seen(number + 1, eventID="urn:uuid:7"))))
    jobs = [partner.get(answer.headers["Location"]).get_json() for partner, answer in zip(partners, answers, strict=True)]
    assert sorted(job["success"] for job in jobs) == [False] * (CLIENTS - 1) + [True]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 1


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_who_captures_of_the_same_lot_waits_for_the_other_s_end(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    def brought(second: int) -> ReadDocument:
        event = {**seen(second), "action": "ADD", "quantityList": [{"epcClass": LOT, "quantity": second, "uom": "KGM"}]}
        return read_document(CaptureDocument("t", json.dumps(document(event)).encode()))

    def captured(second: int) -> None:
        with database.write() as session:
            capture_document(session, actor, clock, brought(second))

    captured(1)
    with ThreadPoolExecutor(1) as threads:
        with database.write() as session:
            capture_document(session, actor, clock, brought(2))
            later = threads.submit(captured, 4)
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not later.done():
                with database.reading() as connection:
                    if connection.scalar(waits):
                        break
        later.result(30)
    with database.read() as session:
        assert session.scalars(select(Lot.made)).all() == [7]
