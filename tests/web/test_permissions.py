"""The permission table, walked: every route, every role, nobody, and a token with one scope."""
from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from tests.factories import PASSWORD
from tests.factories_web import Browser, Console
from traceapp.core.actor import SYSTEM
from traceapp.identity.model import User
from traceapp.identity.policy import PERMISSIONS, Role, permissions_of
from traceapp.identity.service import NewToken, NewUser, create_token, create_user, prove_password, sign_in
from traceapp.web.permissions import PUBLIC, SIGNED_IN, WITH_ONE_TIME_PASSWORD

UNUSED = "0" * 32
_CONVERTED = {"UnicodeConverter": UNUSED, "PathConverter": "some/path", "IntegerConverter": 1}
SCOPE = "trace.read"


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ())))


def address(app: Flask, rule: Rule) -> str:
    """The path of a rule with a plausible value for each of its parameters."""
    values = {name: _CONVERTED.get(type(converter).__name__, UNUSED) for name, converter in rule._converters.items()}
    with app.test_request_context("/"):
        _, path = rule.build(values, append_unknown=False)  # type: ignore[misc]
    return str(path)


@cache
def walked(app: Flask) -> list[tuple[Rule, str, str]]:
    """(rule, method, path) of every route and method."""
    return [(rule, method, address(app, rule)) for rule in rules(app)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]


def test_every_endpoint_has_an_entry_and_every_entry_an_endpoint(console: Console) -> None:
    table: dict[str, str] = console.app.extensions["permissions"]
    endpoints = {rule.endpoint for rule in rules(console.app)}
    assert endpoints - set(table) == set()
    assert set(table) - endpoints - {"static"} == set()


def test_every_permission_that_a_route_asks_for_is_known(console: Console) -> None:
    asked = set(console.app.extensions["permissions"].values())
    assert asked - {PUBLIC, SIGNED_IN} <= set(PERMISSIONS)


@pytest.fixture(scope="module")
def gate(console: Console) -> Iterator[Console]:
    """The application with the table in force and an empty answer behind each allowed route."""
    views = dict(console.app.view_functions)
    for endpoint in views:
        if endpoint not in ("console.own_account", "identity.sign_in"):
            console.app.view_functions[endpoint] = lambda **_values: "through"
    yield console
    console.app.view_functions.update(views)


def sent(person: Browser, method: str, path: str, csrf: str, token: str | None = None) -> int:
    headers = {"Accept": "text/html", "X-CSRFToken": csrf} | ({"Authorization": f"Bearer {token}"} if token else {})
    return person.client.open(path, method=method, headers=headers).status_code


def csrf_of(person: Browser, path: str) -> str:
    page = person.get(path).get_data(as_text=True)
    return page.split('name="csrf_token" value="')[1].split('"')[0]


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_through_exactly_where_the_table_says(gate: Console, role: str) -> None:
    table: dict[str, str] = gate.app.extensions["permissions"]
    person, wrong = gate.browser(role), []
    csrf = csrf_of(person, "/console/account")
    for rule, method, path in walked(gate.app):
        needed = table[rule.endpoint]
        may = needed in (PUBLIC, SIGNED_IN) or needed in permissions_of(role)
        status = sent(person, method, path, csrf)
        if (status in (401, 403)) == may:
            wrong.append((rule.endpoint, method, needed, status))
    assert wrong == []


def test_nobody_gets_through_but_to_what_is_public(gate: Console) -> None:
    table: dict[str, str] = gate.app.extensions["permissions"]
    person, wrong = gate.browser(None), []
    csrf = csrf_of(person, "/sign-in")
    for rule, method, path in walked(gate.app):
        answer = person.client.open(path, method=method, headers={"Accept": "text/html", "X-CSRFToken": csrf})
        is_refused = answer.status_code in (401, 403) or answer.headers.get("Location", "").startswith("/sign-in?")
        if is_refused == (table[rule.endpoint] == PUBLIC):
            wrong.append((rule.endpoint, method, answer.status_code))
    assert wrong == []


def test_a_token_gets_through_by_its_scopes_alone(gate: Console) -> None:
    table: dict[str, str] = gate.app.extensions["permissions"]
    gate.browser("quality_manager")
    with gate.database.write() as session:
        user = session.scalars(select(User).where(User.role == "quality_manager")).one()
        _, token = create_token(session, SYSTEM, gate.clock, NewToken("walk", user.id, (SCOPE,)))
    person, wrong = gate.browser(None), []
    for rule, method, path in walked(gate.app):
        needed = table[rule.endpoint]
        status = sent(person, method, path, "", token)
        if (status in (401, 403)) == (needed in (PUBLIC, SIGNED_IN, SCOPE)):
            wrong.append((rule.endpoint, method, needed, status))
    assert wrong == []


# The gate asks nobody's role: who may least and who may most stand for all.
@pytest.mark.parametrize("role", [Role.regulator, Role.quality_manager])
@pytest.mark.parametrize("way", ["session", "token"])
def test_with_a_one_time_password_nothing_opens_but_its_change(gate: Console, role: str, way: str) -> None:
    table: dict[str, str] = gate.app.extensions["permissions"]
    with gate.database.write() as session:
        name = f"new-{role}-{way}"
        user = create_user(session, SYSTEM, gate.clock, NewUser(name, name, role, PASSWORD, is_one_time=True))
        _, token = create_token(session, SYSTEM, gate.clock, NewToken(name, user.id, tuple(permissions_of(role))))
        opened = sign_in(session, gate.clock, prove_password(session, name, PASSWORD), "test").token
    person, wrong, csrf = Browser(gate.app, gate.app.test_client()), [], ""
    if way == "session":
        with person.client.session_transaction() as cookie:
            cookie["token"] = opened
        csrf = csrf_of(person, "/console/account")
    for rule, method, path in walked(gate.app):
        headers = {"Accept": "text/html", "X-CSRFToken": csrf} | (
            {"Authorization": f"Bearer {token}"} if way == "token" else {})
        answer = person.client.open(path, method=method, headers=headers)
        is_open = table[rule.endpoint] == PUBLIC or rule.endpoint in WITH_ONE_TIME_PASSWORD
        is_refused = answer.status_code == 403 or answer.headers.get("Location") == "/console/account"
        if is_refused == is_open:
            wrong.append((rule.endpoint, method, answer.status_code))
    assert wrong == []


def test_the_change_of_a_one_time_password_is_reached_by_nobody_who_is_not_signed_in(gate: Console) -> None:
    table: dict[str, str] = gate.app.extensions["permissions"]
    assert {table[endpoint] for endpoint in WITH_ONE_TIME_PASSWORD} == {SIGNED_IN}


def test_a_form_without_its_token_is_refused(gate: Console) -> None:
    person = gate.browser("quality_manager")
    assert sent(person, "POST", "/console/lots/receive", "") == 400
