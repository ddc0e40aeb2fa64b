"""Pages of an answer, and the address of the next one."""
from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

from flask import Response, request

from traceapp.core.errors import InvalidInput

from .blueprint import blueprint

DEFAULT_PAGE, LARGEST_PAGE = 30, 1000
# Read by the answer itself and no part of what is asked for.
OF_ANSWER = frozenset({"perPage", "nextPageToken", "GS1-Extensions", "GS1-EPC-Format", "GS1-CBV-XML-Format"})
# A link of a code is followed with whatever stood in the code: its own members say nothing about events.
PASSED_ON = "linkType"
# These look at the parameters themselves.
_QUERYING = frozenset(f"epcis.{name}" for name in (
    "events", "in_collection", "event_type", "query_events", "discover", "unknown"))


@blueprint.before_request
def check_parameters_here() -> None:
    """Whether the address has parameters that nothing here knows. Raises InvalidInput."""
    if request.endpoint not in _QUERYING:
        check_parameters()


def check_parameters() -> None:
    """Whether there are but parameters about pages and forms. Raises InvalidInput."""
    page_size()
    page_token()
    for name in request.args if PASSED_ON not in request.args else ():
        if name not in OF_ANSWER:
            raise unknown_parameter(name)


def unknown_parameter(name: str) -> InvalidInput:
    """The refusal of a parameter that nothing here knows."""
    return InvalidInput("The query parameter %(name)s is not known.", code="query-parameter", place=name[:60],
                        name=name[:60])


def page_token() -> str | None:
    """The place of the page that is asked for; None for the first. Raises InvalidInput."""
    found = request.args.getlist("nextPageToken")
    if len(found) > 1 or any(len(text) > 500 for text in found):
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="query-parameter",
                           place="nextPageToken")
    return found[0] if found else None


def page_size() -> int:
    """How many a page holds at most. Raises InvalidInput."""
    text = "|".join(request.args.getlist("perPage")) if "perPage" in request.args else str(DEFAULT_PAGE)
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
