"""Signing in: who guesses is slowed down, who is right is not, and nobody elsewhere shuts a person out."""
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.applications import Applications
from tests.factories import PASSWORD, make_user
from tests.http_clients import csrf_of
from traceapp.audit.entries import entries_of
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.attempts import UNKNOWN_NAMES
from traceapp.identity.model import User

HOME, AWAY = "203.0.113.7", "198.51.100.9"
MARK = "traceapp-browser"


@pytest.fixture
def wang(app: Flask, sqlite: Database, clock: FixedClock) -> User:
    return make_user(sqlite, clock, "quality", "wang")


def enter(client: FlaskClient, password: str = PASSWORD, address: str = HOME, name: str = "wang",
          base: str = "http://localhost") -> TestResponse:
    """Sign in at the form, as a browser does."""
    world = {"REMOTE_ADDR": address}
    page = client.get("/sign-in?lang=en", environ_base=world, base_url=base).get_data(as_text=True)
    return client.post("/sign-in", data={"name": name, "password": password, "csrf_token": csrf_of(page)},
                       environ_base=world, base_url=base, headers={"Referer": base + "/sign-in"})


def statuses(client: FlaskClient, count: int, *, password: str = "wrong", address: str = AWAY) -> list[int]:
    return [enter(client, password, address).status_code for _ in range(count)]


def trail(database: Database, stream: str) -> list[tuple[str, dict[str, object]]]:
    with database.read() as session:
        return [(entry.action, json.loads(entry.data)) for entry in entries_of(session, stream)]


def test_guesses_end_in_too_many_and_the_right_password_then_does_not_help(client: FlaskClient, wang: User) -> None:
    assert statuses(client, 11) == 10 * [401] + [429]
    answer = enter(client, PASSWORD, AWAY)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_somebody_elsewhere_cannot_shut_the_owner_out(app: Flask, wang: User) -> None:
    owner = app.test_client()
    assert enter(owner).status_code == 303
    for network in range(11):
        statuses(app.test_client(), 10, address=f"198.51.{network}.1")
    assert enter(app.test_client(), PASSWORD, "192.0.2.1").status_code == 429
    assert enter(owner).status_code == 303


def test_the_owner_s_own_browser_is_limited_too(app: Flask, wang: User) -> None:
    owner = app.test_client()
    enter(owner)
    assert statuses(owner, 11) == 10 * [401] + [429]
    assert enter(app.test_client()).status_code == 303


def test_a_whole_house_signs_in_at_eight_o_clock(app: Flask, wang: User) -> None:
    assert {enter(app.test_client()).status_code for _ in range(65)} == {303}


def test_a_mark_of_another_person_does_not_count(app: Flask, sqlite: Database, clock: FixedClock, wang: User) -> None:
    make_user(sqlite, clock, "quality", "li")
    guesser = app.test_client()
    assert enter(guesser, name="li", address=AWAY).status_code == 303
    assert statuses(guesser, 11) == 10 * [401] + [429]


def test_the_mark_is_a_cookie_that_lasts_and_that_no_script_reads(client: FlaskClient, wang: User) -> None:
    said = next(one for one in enter(client).headers.getlist("Set-Cookie") if one.startswith(MARK))
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= set(said.split("; "))
    assert "Secure" not in said


def test_signing_out_keeps_the_mark_and_ends_the_session(client: FlaskClient, wang: User) -> None:
    enter(client)
    token = csrf_of(client.get("/console/account").get_data(as_text=True))
    client.post("/sign-out", data={"csrf_token": token})
    assert client.get_cookie(MARK) is not None
    assert client.get("/console/account").status_code == 302


@pytest.fixture
def https(settings: Settings, sqlite: Database, clock: FixedClock, applications: Applications) -> FlaskClient:
    return applications.open(replace(settings, base_url="https://trace.maker.example"), sqlite, clock).test_client()


def test_over_tls_the_mark_is_as_strict_as_the_session(https: FlaskClient, sqlite: Database, clock: FixedClock) -> None:
    make_user(sqlite, clock, "quality", "wang")
    answer = enter(https, base="https://trace.maker.example")
    said = {one.split("=")[0]: set(one.split("; ")[1:]) for one in answer.headers.getlist("Set-Cookie")}
    for name in ("__Host-traceapp", f"__Host-{MARK}"):
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= said[name]
        assert not [part for part in said[name] if part.startswith("Domain")]


def test_the_trail_holds_networks_and_no_typed_name(client: FlaskClient, sqlite: Database, wang: User) -> None:
    enter(client, "wrong", "2001:db8:77:1::5")
    enter(client, "wrong", AWAY, name="Correct-Horse-by-mistake")
    enter(client, PASSWORD, "2001:db8:77:ffff::9")
    network = "2001:db8:77::/48"
    assert trail(sqlite, f"user:{wang.id}")[:2] == [
        ("user.signed_in", {"network": network}),
        ("user.sign_in_refused", {"network": network, "known_browser": False})]
    assert trail(sqlite, UNKNOWN_NAMES) == [
        ("user.sign_in_refused", {"network": "198.51.100.0/24", "known_browser": False})]
    with sqlite.read() as session:
        text = str([entry.data for entry in entries_of(session, UNKNOWN_NAMES)])
    assert "mistake" not in text.lower()


def test_an_attempt_over_the_limit_is_recorded_as_such(client: FlaskClient, sqlite: Database, wang: User) -> None:
    statuses(client, 11)
    assert trail(sqlite, f"user:{wang.id}")[0][1]["over_limit"] is True


def test_a_form_that_outlived_its_session_is_given_back_and_can_be_sent_once_more(
        app: Flask, sqlite: Database, clock: FixedClock, wang: User) -> None:
    client, path = app.test_client(), "/console/account/password"
    ours = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    typed = {"note": "Two <b>wards</b>\nstill have some", "password": "a secret of mine", "csrf_token": "old"}
    late = client.post(path + "?lang=en", data=typed, headers=ours)
    page = late.get_data(as_text=True)
    assert late.status_code == 400 and "You were signed out" in page and "Sign in in another tab" in page
    assert f'action="{path}?lang=en"' in page and "Two &lt;b&gt;wards&lt;/b&gt;\nstill have some" in page
    assert "a secret of mine" not in page
    enter(client)
    again = client.post(path + "?lang=en", data=typed, headers=ours).get_data(as_text=True)
    assert "Send it once more" in again and "Sign in in another tab" not in again
    sent = client.post(path, data=typed | {"csrf_token": csrf_of(again)}, headers={"Referer": "http://localhost/"})
    assert sent.status_code != 400
    foreign = client.post(path, data=typed, headers={"Sec-Fetch-Site": "cross-site", "Accept": "text/html"})
    assert foreign.status_code == 400 and "still have some" not in foreign.get_data(as_text=True)


def test_whom_a_page_is_refused_is_led_back_to_where_they_begin(app: Flask, wang: User) -> None:
    client = app.test_client()
    assert 'href="/"' in client.get("/console/nowhere", headers={"Accept": "text/html"}).get_data(as_text=True)
    enter(client)
    refused = client.get("/console/accounts", headers={"Accept": "text/html"})
    assert refused.status_code == 403 and '<a href="/console">' in refused.get_data(as_text=True)
