"""Clients that are signed in or carry a token, for tests over HTTP."""
from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import PASSWORD, make_user
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.model import User
from traceapp.identity.policy import permissions_of
from traceapp.identity.service import NewToken, create_token

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def user_of(database: Database, clock: FixedClock, role: str, name: str | None = None) -> User:
    """The user with this sign-in name (the role's by default), made when missing."""
    with database.read() as session:
        found = session.scalar(select(User).where(User.sign_in_name == (name or role)))
    return found or make_user(database, clock, role, name)


def csrf_of(page: str) -> str:
    """The hidden field's value in a page."""
    found = _CSRF.search(page)
    assert found, "the page has no CSRF field"
    return found.group(1)


def signed_in(app: Flask, database: Database, clock: FixedClock, role: str, name: str | None = None) -> FlaskClient:
    """A browser in which a user of this role is signed in."""
    user_of(database, clock, role, name)
    client = app.test_client()
    token = csrf_of(client.get("/sign-in").get_data(as_text=True))
    answer = client.post("/sign-in", data={"name": name or role, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


class ApiClient:
    """A machine with a token of a user of one role."""

    def __init__(self, app: Flask, database: Database, clock: FixedClock, role: str, name: str | None = None) -> None:
        user = user_of(database, clock, role, name)
        with database.write() as session:
            _, self.token = create_token(session, SYSTEM, clock, NewToken(
                name="test", user_id=user.id, scopes=tuple(sorted(permissions_of(role)))))
        self.client = app.test_client()
        self.etag = ""

    def call(self, method: str, path: str, body: Any = None, *, status: int, **headers: str) -> Any:
        """The JSON of the answer, whose status must be `status`; remembers its ETag."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.open(f"/api/v1{path}", method=method, json=body,
                                  headers={"Authorization": f"Bearer {self.token}", **given})
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.get_data(as_text=True)}"
        self.etag = answer.headers.get("ETag", "")
        return answer.get_json(silent=True)

    def upload(self, path: str, parts: dict[str, Any], status: int = 201, **headers: str) -> Any:
        """The JSON of the answer to a form; a part that is a tuple is a file."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.post(f"/api/v1{path}", data=parts, content_type="multipart/form-data",
                                  headers={"Authorization": f"Bearer {self.token}", **given})
        assert answer.status_code == status, f"POST {path}: {answer.status_code} {answer.get_data(as_text=True)}"
        return answer.get_json(silent=True)

    def put(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        return self.call("PUT", path, body, status=status, **headers)

    def change(self, path: str, body: Any, status: int = 200) -> Any:
        """Read what is at `path` and put `body` in its place, naming the version that was read."""
        self.get(path)
        return self.put(path, body, status, If_Match=self.etag)

    def get(self, path: str, status: int = 200) -> Any:
        return self.call("GET", path, status=status)

    def post(self, path: str, body: Any, status: int = 201, **headers: str) -> Any:
        return self.call("POST", path, body, status=status, **headers)
