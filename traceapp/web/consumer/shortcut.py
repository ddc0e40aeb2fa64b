"""Pages of lots answered before the framework is asked, with the headers that the whole application gives.

The first page of a lot takes the ordinary way, and its headers are learned from it. From then on known lots are
answered here; whatever needs other words (a wrong code, an unknown lot, an error) is left to the application.
"""
from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from traceapp.core.clock import monotonic_seconds
from traceapp.gs1 import Gs1Error
from traceapp.web.at_once import TRIED, Done, Environ, is_same, without_content
from traceapp.web.operations import REQUESTS, SECONDS

from .page_cache import KeptPage
from .scan_pages import Wish
from .scan_views import IS_SCAN
from .state import ConsumerState
from .wishes import language_of, takes_gzip, wants_json

Headers = list[tuple[str, str]]
Start = Callable[..., Any]
_ENDPOINT = "consumer.scan_code"
_PATHS = ("/s/", "/t/")
# True of one answer only, so not learned.
_OWN = {"x-request-id", "content-length", "date", "set-cookie", "etag", "cache-control", "vary", "content-type",
        "content-language", "content-encoding", "age"}


class Shortcut:
    """A WSGI application in front of `app`."""

    def __init__(self, app: Callable[[Environ, Start], Iterable[bytes]], state: ConsumerState) -> None:
        self._app = app
        self._state = state
        self._learned: Headers | None = None
        # Drawn once and then counted on: to draw a number for each request is a call of the system.
        self._ids = map(f"{secrets.token_hex(4)}{{:08x}}".format, count())
        self._counted = {code: REQUESTS.labels(_ENDPOINT, code) for code in ("200", "304")}
        self._timed = SECONDS.labels(_ENDPOINT)

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        is_tried = TRIED in environ and self._state.is_file
        done = None if is_tried else self._done(environ, may_wait=True)
        if done is not None:
            start_response(done.status, done.headers)
            return [done.body] if done.body else []
        if self._learned is None and (environ.get("REQUEST_URI") or "").startswith(_PATHS):
            start_response = self._learning(environ, start_response)
        return self._app(environ, start_response)

    def at_once(self, environ: Environ) -> Done | None:
        """The answer where a kept page holds it, or a file does: SQLite's, which nobody has to wait for."""
        return self._done(environ, may_wait=self._state.is_file)

    def _done(self, environ: Environ, *, may_wait: bool) -> Done | None:
        path: str = environ.get("REQUEST_URI") or ""
        if (self._learned is None or not path.startswith(_PATHS)
                or environ["REQUEST_METHOD"] not in ("GET", "HEAD")):
            return None
        began = monotonic_seconds()
        query = environ.get("QUERY_STRING", "")
        wish = Wish(language_of(query, environ.get("HTTP_ACCEPT_LANGUAGE", "")),
                    wants_json(environ.get("HTTP_ACCEPT", "")), takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")))
        page = self._found(path.partition("?")[0].partition("#")[0], wish, environ, may_wait)
        if page is None:
            return None
        done = self._answer(environ, page, [*self._learned, *self._state.pages.headers_of(page)])
        self._timed.observe(monotonic_seconds() - began)
        return done

    def _found(self, path: str, wish: Wish, environ: Environ, may_wait: bool) -> KeptPage | None:
        """The page that answers a scan of this path; None when the application has to answer."""
        try:
            page = self._state.pages.fresh(path, wish)
            _, mark, rest = path.rpartition("/21/")
            serial = rest.partition("/")[0] if mark else None
            if page is None:
                found = self._state.pages.of_path(path, wish) if may_wait else None
                if found is None:
                    return None
                page = found[0]
            if page.is_serialised and serial and not may_wait:
                return None
            return self._state.judge.answer(page, wish, path, serial or None, environ)
        except (Gs1Error, SQLAlchemyError):
            return None

    def _answer(self, environ: Environ, page: KeptPage, headers: Headers) -> Done:
        request_id = ("X-Request-ID", next(self._ids))
        if is_same(environ.get("HTTP_IF_NONE_MATCH", ""), page.etag):
            self._counted["304"].inc()
            return Done("304 NOT MODIFIED", [*without_content(headers), request_id], b"")
        self._counted["200"].inc()
        return Done("200 OK", [*headers, request_id, ("Content-Length", str(len(page.body)))],
                    b"" if environ["REQUEST_METHOD"] == "HEAD" else page.body)

    def _learning(self, environ: Environ, start_response: Start) -> Start:
        """`start_response` that remembers the headers of the first page of a lot."""

        def start(status: str, headers: Headers, *more: Any) -> Any:
            if IS_SCAN in environ and status.startswith("200") and self._learned is None:
                self._learned = [pair for pair in headers if pair[0].lower() not in _OWN]
            return start_response(status, headers, *more)

        return start
