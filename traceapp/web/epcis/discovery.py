"""What is here, and what may be asked of it."""
from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from traceapp.core.errors import NotFound, Problem
from traceapp.epcis.json_form import EVENT_TYPES
from traceapp.web.cors import PREFLIGHT
from traceapp.web.permissions import PUBLIC

from .blueprint import PERMISSIONS, VERSION, answered, blueprint, collection, limit_headers, refused, version_headers

TOP = ("queries", "capture", "events", "eventTypes", "epcs", "readPoints", "bizLocations", "dispositions", "bizSteps")
PERMISSIONS.update({"epcis.top": "trace.read", "epcis.discover": PUBLIC, "epcis.event_types": "trace.read",
                    "epcis.unknown": PUBLIC})


@blueprint.get("/", provide_automatic_options=False, strict_slashes=False)
def top() -> Response:
    """The resources."""
    return answered(collection(TOP))


@blueprint.get("/eventTypes", provide_automatic_options=False)
def event_types() -> Response:
    """The kinds of events."""
    return answered(collection(EVENT_TYPES))


@blueprint.route("/", methods=["OPTIONS"], defaults={"rest": ""}, provide_automatic_options=False, strict_slashes=False)
@blueprint.route("/<path:rest>", methods=["OPTIONS"], provide_automatic_options=False, merge_slashes=False)
def discover(rest: str) -> Response:
    """The methods of an address, and the versions and limits behind it; for browsers also what a script may send."""
    allowed = _allowed()
    answer = Response(status=204)
    answer.headers.update(dict(PREFLIGHT) | version_headers() | {
        "Allow": ", ".join(allowed), "Access-Control-Allow-Methods": ", ".join(allowed),
        "Access-Control-Allow-Headers": "Accept, Accept-Language, Authorization, Content-Type, "
                                        "GS1-Capture-Error-Behaviour, GS1-EPCIS-Version, GS1-CBV-Version, "
                                        "GS1-Extensions",
        "GS1-EPCIS-Min": VERSION, "GS1-EPCIS-Max": VERSION, "GS1-CBV-Min": VERSION, "GS1-CBV-Max": VERSION,
        "GS1-EPC-Format": "Never_Translates", "GS1-CBV-XML-Format": "Never_Translates",
        "GS1-Vendor-Version": f"traceapp-{_release()}"})
    if rest.partition("/")[0] in ("capture", "events"):
        answer.headers.update(limit_headers() | {"GS1-Capture-Error-Behaviour": "rollback"})
    return answer


@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], provide_automatic_options=False,
                 merge_slashes=False)
def unknown(rest: str) -> Response:
    """What is nowhere else: an address that is not there, or cannot be used so."""
    allowed = _allowed()
    problem = Problem("This address cannot be used in this way.", code="method-not-allowed", place=rest[:60])
    problem.status = 405
    answer = refused(problem)
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


def _allowed() -> list[str]:
    """The methods of the address of this request. Raises NotFound where there are none."""
    adapter = current_app.create_url_adapter(request)
    found = {"OPTIONS"}
    for method in ("GET", "POST", "DELETE"):
        with suppress(HTTPException):
            if adapter is not None and adapter.match(request.path, method=method)[0] != "epcis.unknown":
                found |= {method, "HEAD"} if method == "GET" else {method}
    if len(found) == 1:
        raise NotFound("There is nothing at this address.")
    return sorted(found)


def _release() -> str:
    try:
        return version("traceapp")
    except PackageNotFoundError:
        return "0"
