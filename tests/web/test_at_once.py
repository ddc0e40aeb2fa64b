"""What the server may answer without a thread: the same as the ordinary way, never by waiting for another machine."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder

from tests.applications import Applications
from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from tests.statements import traced
from traceapp.app import Application
from traceapp.code.model import Scan
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.web.at_once import TRIED, Done

CODE = f"/01/{UNIT_GTIN}/10/B1"
PAGE = f"/s{CODE}"


@pytest.fixture
def app(settings: Settings, database: Database, clock: FixedClock, actor: Actor, applications: Applications) -> Application:
    """The application over each of the two databases, with a batch."""

    def batches(session: Session) -> None:
        hand = make_hand(session, actor, clock)
        for number in ("B1", "B2"):
            make_batch(hand, number)

    made_once(database, clock, batches)
    return applications.open(settings, database, clock)


def environ(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    made = EnvironBuilder(path, method=method, base_url="http://127.0.0.1:8000", headers={
        "Accept": "*/*", "Accept-Language": "en", "Accept-Encoding": "gzip", **headers}).get_environ()
    return {**made, "REQUEST_URI": path, "REMOTE_ADDR": "203.0.113.7"}


def ordinarily(app: Application, path: str, method: str = "GET") -> Done:
    told: list[Any] = []
    body = b"".join(app(environ(path, method), lambda status, headers, *_: told.extend((status, headers))))
    return Done(told[0], told[1], body)


def without_number(done: Done | None) -> tuple[str, dict[str, str], bytes]:
    assert done is not None
    return done.status, {name: value for name, value in done.headers if name != "X-Request-ID"}, done.body


@pytest.mark.parametrize("path", [PAGE, CODE, f"{CODE}?linkType=linkset"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_says_what_the_ordinary_way_says(app: Application, path: str, method: str) -> None:
    for _ in range(2):  # the first teaches it the headers
        ordinary = ordinarily(app, path, method)
    assert without_number(app.at_once(environ(path, method))) == without_number(ordinary)


@pytest.mark.parametrize("path", [PAGE, CODE])
def test_a_file_is_asked_at_once_and_a_database_elsewhere_is_not(app: Application, database: Database, path: str) -> None:
    for _ in range(2):
        ordinarily(app, path)
    assert app.at_once(environ(path)) is not None  # kept
    other = path.replace("/B1", "/B2")
    found = app.at_once(environ(other))
    assert (found is not None) == database.is_sqlite
    assert ordinarily(app, other).status == (found.status if found else ordinarily(app, path).status)


def test_a_scan_at_once_is_noted_like_any_other(app: Application, database: Database) -> None:
    for _ in range(2):
        ordinarily(app, PAGE)
    for _ in range(3):
        assert app.at_once(environ(PAGE)) is not None
    app.extensions["traceapp.consumer"].scans.flush()
    with database.read() as session:
        assert session.query(Scan).count() == 5


@pytest.mark.parametrize(("path", "method"), [
    ("/", "GET"), ("/console/today", "GET"), ("/report", "POST"), (PAGE, "POST"), ("/s/01/09520426001013/10/X", "GET"),
    (f"/01/{UNIT_GTIN[:-1]}9/10/X", "GET"), ("/healthz", "GET")])
def test_everything_else_is_left_to_the_ordinary_way(app: Application, path: str, method: str) -> None:
    for one in (PAGE, PAGE, CODE):
        ordinarily(app, one)
    assert app.at_once(environ(path, method)) is None


@pytest.mark.parametrize(("proxies", "network"), [(0, "203.0.113.0/24"), (1, "198.51.100.0/24")])
def test_a_proxy_is_believed_as_far_as_the_settings_say(
        app: Application, settings: Settings, database: Database, clock: FixedClock, applications: Applications,
        proxies: int, network: str) -> None:
    behind = applications.open(replace(settings, trusted_proxies=proxies), database, clock)
    for _ in range(2):
        ordinarily(behind, PAGE)
    behind.extensions["traceapp.consumer"].scans.flush()
    with database.write() as session:
        session.query(Scan).delete()
    assert behind.at_once(environ(PAGE, **{"X-Forwarded-For": "198.51.100.9"})) is not None
    behind.extensions["traceapp.consumer"].scans.flush()
    with database.read() as session:
        assert [scan.network for scan in session.query(Scan)] == [network]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("marks", "looks"), [({TRIED: True}, 1), ({}, 2)])
def test_a_batch_that_was_not_found_at_once_is_looked_for_once_more_for_its_page(
        app: Application, database: Database, marks: dict[str, bool], looks: int) -> None:
    for _ in range(2):
        ordinarily(app, PAGE)
    asked = environ(PAGE.replace("/B1", "/NONE"))
    assert app.at_once(asked) is None
    with traced(database) as statements:
        b"".join(app(asked | marks, lambda *_: None))
    assert len([one for one in statements if "FROM lot l" in one]) == looks


def test_before_the_headers_are_known_nothing_is_answered_at_once(app: Application) -> None:
    assert app.at_once(environ(PAGE)) is None
    assert app.at_once(environ(CODE)) is None
