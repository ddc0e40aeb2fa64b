"""Redirects and linksets answered before the framework is asked, with the headers that the whole application gives.

Those are learned when the first of these answers is given. Pages for people and errors are left to the application.
"""
from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from traceapp.core.clock import monotonic_seconds
from traceapp.core.errors import NotFound
from traceapp.gs1 import Gs1Error
from traceapp.web.at_once import TRIED, Done, is_same, without_content
from traceapp.web.operations import REQUESTS, SECONDS

from .answers import Answer, Headers, answered
from .asking import Asked, Environ, asked
from .kept import Resolutions

Start = Callable[..., Any]
_ENDPOINT = "resolver.resolve"
_REASONS = {200: "200 OK", 300: "300 MULTIPLE CHOICES", 304: "304 NOT MODIFIED", 307: "307 TEMPORARY REDIRECT"}
# True of one answer only, so not learned.
_OWN = {"x-request-id", "content-length", "date", "set-cookie", "etag", "cache-control", "vary", "content-type",
        "content-language", "location", "link", "age"}


class Shortcut:
    """A WSGI application in front of `app` for the paths that begin with one of `starts`."""

    def __init__(self, app: Callable[[Environ, Start], Iterable[bytes]], resolutions: Resolutions, base_url: str,
                 starts: tuple[str, ...]) -> None:
        self._app = app
        self._resolutions = resolutions
        self._base_url = base_url
        self._starts = starts
        self._learned: Headers | None = None
        self._counted = {code: REQUESTS.labels(_ENDPOINT, str(code)) for code in _REASONS}
        self._timed = SECONDS.labels(_ENDPOINT)

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        is_tried = TRIED in environ and self._resolutions.is_file and self._learned is not None
        done = None if is_tried else self._done(environ, may_wait=True)
        if done is None:
            return self._app(environ, start_response)
        start_response(done.status, done.headers)
        return [done.body] if done.body else []

    def at_once(self, environ: Environ) -> Done | None:
        """The answer where it is kept, or a file holds it: SQLite's, which nobody has to wait for."""
        return self._done(environ, may_wait=self._resolutions.is_file) if self._learned is not None else None

    def _done(self, environ: Environ, *, may_wait: bool) -> Done | None:
        path: str = environ.get("REQUEST_URI") or ""
        if not path.startswith(self._starts) or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        began = monotonic_seconds()
        answer = self._answer(asked(environ, self._base_url), may_wait)
        if answer is None:
            return None
        if self._learned is None:
            self._learned = self._learn(environ)
        done = self._finished(environ, answer, self._learned)
        self._timed.observe(monotonic_seconds() - began)
        return done

    def _answer(self, wanted: Asked, may_wait: bool) -> Answer | None:
        """The answer; None when the application has to give it."""
        try:
            kept = self._resolutions.of(wanted.code) if may_wait else self._resolutions.fresh(wanted.code)
        except (Gs1Error, NotFound, SQLAlchemyError):
            return None
        return None if kept is None else answered(self._resolutions, kept, wanted)

    def _finished(self, environ: Environ, answer: Answer, learned: Headers) -> Done:
        request_id = ("X-Request-ID", secrets.token_hex(8))
        status, body = answer.status, answer.body
        headers = [*learned, *answer.headers]
        if is_same(environ.get("HTTP_IF_NONE_MATCH", ""), answer.etag):
            status, body = 304, b""
            headers = without_content(headers)
        self._counted[status].inc()
        length = [] if status == 304 else [("Content-Length", str(len(body)))]
        return Done(_REASONS[status], [*headers, request_id, *length],
                    b"" if environ["REQUEST_METHOD"] == "HEAD" else body)

    def _learn(self, environ: Environ) -> Headers:
        """Have the application answer once, for the headers that it gives to everything."""
        seen: Headers = []

        def start(_status: str, headers: Headers, *_more: Any) -> Any:
            seen.extend(headers)
            return lambda _block: None

        said = self._app(dict(environ), start)
        if close := getattr(said, "close", None):
            close()
        return [pair for pair in seen if pair[0].lower() not in _OWN
                and not pair[0].lower().startswith("access-control-")]
