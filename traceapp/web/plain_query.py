"""Queries with bytes that no URI may hold, escaped before anything reads them: what somebody sends that cannot be
decoded is no fault of ours."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

Environ = dict[str, Any]
_KEPT = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "#")


def plain_query(query: str) -> str:
    """The query with everything escaped that is no visible ASCII sign; the rest stays as it came."""
    return quote(query.encode("latin-1", "replace"), safe=_KEPT)


class PlainQuery:
    """A WSGI application in front of `app` that gets plain queries only."""

    def __init__(self, app: Callable[[Environ, Any], Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING")
        if query and not query.isascii():
            environ["QUERY_STRING"] = plain_query(query)
        return self._app(environ, start_response)
