"""Pages of an answer, and the address of the next one."""
from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

from flask import Response, request

from traceapp.core.errors import InvalidInput

DEFAULT_PAGE, LARGEST_PAGE = 30, 1000


def page_size() -> int:
    """How many a page holds at most. Raises InvalidInput."""
    text = request.args.get("perPage", str(DEFAULT_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise InvalidInput("“%(value)s” cannot be the value of %(name)s.", code="query-parameter", place="perPage",
                           name="perPage", value=text[:60])
    return min(int(text), LARGEST_PAGE)


def with_next(answer: Response, token: str | None) -> Response:
    """The answer with the address of the page after it, where there is one."""
    if token is not None:
        raw = request.query_string.decode("ascii", "replace")
        kept = [(name, value) for name, value in parse_qsl(raw, keep_blank_values=True) if name != "nextPageToken"]
        path = quote(request.path, safe="/:;=@!$&'()*+,~") if "%" not in _raw_path() else _raw_path()
        answer.headers["Link"] = f'<{path}?{urlencode([*kept, ("nextPageToken", token)])}>; rel="next"'
    return answer


def _raw_path() -> str:
    raw = str(request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.path)
    return raw.partition("?")[0]
