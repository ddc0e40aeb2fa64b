"""Kept scan pages answered before the framework is asked: the same bytes and headers as the first time.

Only what is fresh by `ScanPages.fresh` goes out here; everything else takes the ordinary way through the application,
which hands its headers over for the next time.
"""
from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from traceapp.code.scans import SeenScan
from traceapp.core.clock import Clock, monotonic_seconds
from traceapp.web.operations import REQUESTS, SECONDS

from .page_cache import KeptPage
from .scan_pages import Wish
from .scan_views import KEPT, is_same
from .state import ConsumerState
from .wishes import language_of, takes_gzip, wants_json

Environ = dict[str, Any]
Start = Callable[..., Any]
# Said anew in each answer, or true of one answer only.
_OWN = {"x-request-id", "content-length", "date", "set-cookie"}


class Shortcut:
    """A WSGI application in front of `app`."""

    def __init__(self, app: Callable[[Environ, Start], Iterable[bytes]], state: ConsumerState, clock: Clock) -> None:
        self._app = app
        self._state = state
        self._clock = clock
        self._counted = {code: REQUESTS.labels("consumer.scan_code", code) for code in ("200", "304")}
        self._timed = SECONDS.labels("consumer.scan_code")

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        path: str = environ.get("REQUEST_URI") or ""
        if not path.startswith(("/01/", "/t/")):
            return self._app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            began = monotonic_seconds()
            query = environ.get("QUERY_STRING", "")
            wish = Wish(language_of(query, environ.get("HTTP_ACCEPT_LANGUAGE", "")),
                        wants_json(environ.get("HTTP_ACCEPT", "")), takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")))
            page = self._state.pages.fresh(path.partition("?")[0].partition("#")[0], wish)
            if page is not None and page.headers:
                answer = self._answer(environ, page, start_response)
                if method == "GET" and "lang=" not in query:
                    self._note(environ, page)
                self._timed.observe(monotonic_seconds() - began)
                return answer
        return self._app(environ, _learning(environ, start_response))

    def _answer(self, environ: Environ, page: KeptPage, start_response: Start) -> list[bytes]:
        request_id = ("X-Request-ID", secrets.token_hex(8))
        if is_same(environ.get("HTTP_IF_NONE_MATCH", ""), page.etag):
            self._counted["304"].inc()
            kept = [pair for pair in page.headers if not pair[0].lower().startswith("content-")
                    or pair[0].lower() == "content-security-policy"]
            start_response("304 NOT MODIFIED", [*kept, request_id])
            return []
        self._counted["200"].inc()
        start_response("200 OK", [*page.headers, request_id, ("Content-Length", str(len(page.body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [page.body]

    def _note(self, environ: Environ, page: KeptPage) -> None:
        path: str = environ["REQUEST_URI"].partition("?")[0]
        _, mark, serial = path.partition("/21/")
        self._state.scans.add(SeenScan(page.lot_key, self._clock.now(), environ.get("REMOTE_ADDR", ""), page.language,
                                       serial.partition("/")[0] if mark else None))


def _learning(environ: Environ, start_response: Start) -> Start:
    """`start_response` that leaves the headers of a whole answer with its page."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        page = environ.get(KEPT)
        if page is not None and status.startswith("200") and not page.headers:
            page.headers = [pair for pair in headers if pair[0].lower() not in _OWN]
        return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

    return start
