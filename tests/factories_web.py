"""The application as a signed-in person uses it: forms with their tokens, as a browser would send them."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.factories import PASSWORD, make_user
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.service import prove_password, sign_in

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(slots=True)
class Browser:
    """One person at one browser; `language` is the one that was chosen on the pages."""

    app: Flask
    client: FlaskClient
    language: str = "en"
    last: TestResponse | None = field(default=None)

    def get(self, path: str, **options: Any) -> TestResponse:
        # Read to its end and closed, as a server does: a file that is sent out is closed with its answer.
        self.last = self.client.get(path, headers=self._headers(), **{"buffered": True, **options})
        return self.last

    def post(self, path: str, values: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send `values` with a fresh token of the session, and nothing else."""
        page = self.client.get("/console/account", headers=self._headers()).get_data(as_text=True)
        token = _CSRF.search(page)
        data: MultiDict[str, Any] = MultiDict()
        for name, value in (values or {}).items():  # a tuple is a file
            data.setlist(name, value if isinstance(value, list) else [value])
        data["csrf_token"] = unescape(token.group(1)) if token else ""
        self.last = self.client.post(path, data=data, headers=self._headers(), **{"buffered": True, **options})
        return self.last

    def hidden(self, path: str) -> dict[str, Any]:
        """What the forms of a page carry unseen."""
        text = self.get(path).get_data(as_text=True)
        found: MultiDict[str, Any] = MultiDict()
        for name, value in _HIDDEN.findall(text[text.index("<main"):]):
            found.add(name, unescape(value))
        return found.to_dict(flat=False)

    def submit(self, path: str, values: dict[str, Any], **options: Any) -> TestResponse:
        """Open the form at `path`, fill in `values`, and send it with what it carries."""
        return self.post(path.partition("?")[0], {**self.hidden(path), **values}, **options)

    def _headers(self) -> dict[str, str]:
        self.client.set_cookie("lang", self.language)
        return {"Accept": "text/html"}


@dataclass(slots=True)
class Console:
    """An application over a database of its own, with one browser for each role."""

    app: Flask
    database: Database
    clock: FixedClock
    browsers: dict[str, Browser] = field(default_factory=dict)

    def browser(self, role: str | None, language: str = "en") -> Browser:
        """The browser in which somebody of this role is signed in; None: nobody."""
        name = role or "nobody"
        if name not in self.browsers:
            self.browsers[name] = Browser(self.app, self.app.test_client())
            if role is not None:
                make_user(self.database, self.clock, role)
                with self.database.write() as session:
                    token = sign_in(session, self.clock, prove_password(session, role, PASSWORD), "test").token
                with self.browsers[name].client.session_transaction() as cookie:
                    cookie["token"] = token
        found = self.browsers[name]
        found.language = language
        return found
