"""The interface's blueprint, and what all of its answers have in common: forms, headers, problems.

Source: EPCIS 2.0, chapter 12 (REST bindings).
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, request

from traceapp.core.errors import InvalidInput, NotOffered, Problem
from traceapp.epcis import EPCIS_CONTEXT, dumps
from traceapp.web import problems
from traceapp.web.context import world

blueprint = Blueprint("epcis", __name__, url_prefix="/epcis")

PERMISSIONS: dict[str, str] = {}
VERSION, _AS_IT_CAME = "2.0.0", "Never_Translates"
_OURS = (2, 0, 0)
_VERSION = re.compile(r"\d{1,20}(?:\.\d{1,20}){0,9}", re.ASCII)
MOST_EVENTS_A_CAPTURE = 5000
LONGEST_QUERY = 16_000
JSON_FORMS, XML_FORM = ("application/json", "application/ld+json"), "application/xml"
_TYPES = {
    400: "ValidationException", 401: "SecurityException", 403: "SecurityException", 404: "NoSuchResourceException",
    406: "NotAcceptableException", 409: "ResourceAlreadyExistsException", 413: "CaptureLimitExceededException",
    414: "URITooLongException", 415: "UnsupportedMediaTypeException", 422: "ValidationException",
    500: "ImplementationException", 501: "ImplementationException", 503: "ImplementationException"}
_CODES = {
    "query-parameter": "QueryParameterException", "query-too-large": "QueryTooLargeException",
    "query-too-complex": "QueryTooComplexException", "unknown-query": "NoSuchNameException",
    "subscription-controls": "SubscriptionControlsException"}


def version_headers() -> dict[str, str]:
    """What every answer says of itself."""
    return {"GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION}


def limit_headers() -> dict[str, str]:
    """How much one capture takes."""
    return {"GS1-EPCIS-Capture-Limit": str(MOST_EVENTS_A_CAPTURE), "GS1-Capture-Limit": str(MOST_EVENTS_A_CAPTURE),
            "GS1-EPCIS-Capture-File-Size-Limit": str(world().settings.upload_limit_bytes),
            "GS1-Capture-File-Size-Limit": str(world().settings.upload_limit_bytes)}


def problem_type(error: Problem) -> str:
    """The standard's name for the refusal."""
    return "epcisException:" + (_CODES.get(error.code) or _TYPES.get(error.status, "ImplementationException"))


@blueprint.before_request
def check_wishes() -> None:
    """Whether the client can live with the versions and forms that are here. Raises Problem (406)."""
    for standard in ("EPCIS", "CBV"):
        if _version(f"GS1-{standard}-Min") > _OURS or _version(f"GS1-{standard}-Max") < _OURS:
            raise not_acceptable(f"GS1-{standard}-Min", f"{standard} {VERSION}")
        if request.method == "POST" and _version(f"GS1-{standard}-Version")[0] > _OURS[0]:
            raise not_acceptable(f"GS1-{standard}-Version", f"{standard} {VERSION}")
    for name in ("GS1-EPC-Format", "GS1-CBV-XML-Format"):
        if request.headers.get(name, _AS_IT_CAME) not in (_AS_IT_CAME, "No_Preference"):
            raise not_acceptable(name, _AS_IT_CAME)


def _version(name: str) -> tuple[int, ...]:
    """The version that a header names; ours where it names none."""
    text = request.headers.get(name, VERSION).strip()
    if not _VERSION.fullmatch(text):
        raise not_acceptable(name, VERSION)
    return tuple(int(part) for part in text.split("."))


def not_acceptable(place: str, offered: str) -> Problem:
    """The refusal of a form or version that is not here."""
    problem = Problem("The answer is given as %(forms)s only.", code="not-acceptable", place=place, forms=offered)
    problem.status = 406
    return problem


@blueprint.before_app_request
def refuse_sockets() -> Response | None:
    """A WebSocket finds no route, so it is told here what is not offered."""
    if request.path.startswith("/epcis/") and request.headers.get("Upgrade", "").lower() == "websocket":
        return refused(NotOffered("Subscriptions over WebSocket are not offered; subscribe an address of yours.",
                                  place="Upgrade"))
    return None


@blueprint.errorhandler(Problem)
def refused(error: Problem) -> Response:
    """A problem under the standard's type; what is wrong with a request is 400 here."""
    kind = problem_type(error)
    if error.status == 422:
        error.status = 400
    answer = problems.render(error, is_json=True)
    body = answer.get_json() | {"type": kind}
    answer.set_data(dumps(body))
    if error.status == 413 and kind.endswith("CaptureLimitExceededException"):
        answer.headers.update(limit_headers())
    return answer


@blueprint.after_request
def named(answer: Response) -> Response:
    """Say which versions answered."""
    for name, value in version_headers().items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Cache-Control", "no-store")
    if not answer.is_streamed and not answer.get_data():
        answer.headers.pop("Content-Type", None)
    return answer


def wanted_form(*, has_xml: bool = False) -> str:
    """The form that the client takes. Raises Problem (406)."""
    forms = (*JSON_FORMS, XML_FORM) if has_xml else JSON_FORMS
    found = request.accept_mimetypes.best_match(forms) if request.accept_mimetypes else forms[0]
    if found is None:
        raise not_acceptable("Accept", ", ".join(forms))
    return found


def answered(value: Any, status: int = 200) -> Response:
    """A value as JSON. Raises Problem (406) before anything is done, when `wanted_form` was not asked before."""
    return Response(dumps(value), status=status, content_type=wanted_form())


def collection(members: Iterable[str]) -> dict[str, Any]:
    """A list of resources in JSON-LD."""
    return {"@context": EPCIS_CONTEXT, "type": "Collection", "member": list(members)}


def raw_rest(start: str) -> str:
    """What stands in the address behind `/epcis/<start>/`, as it came: a slash in a URI is escaped there."""
    raw = str(request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.path)
    path = raw.partition("?")[0]
    marker = f"/epcis/{start}/"
    return path[path.index(marker) + len(marker):] if marker in path else ""


def unescaped(text: str) -> str:
    """A part of an address as its sender meant it. Raises InvalidInput for what is no text."""
    try:
        found = unquote(text, errors="strict")
    except UnicodeDecodeError:
        found = "\0"
    if "\0" in found or not found or len(found) > 2000:
        raise InvalidInput("“%(value)s” cannot be the value of %(name)s.", code="query-parameter", place="path",
                           name="path", value=text[:60])
    return found


