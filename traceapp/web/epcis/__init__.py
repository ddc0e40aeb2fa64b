"""The events of a lot for machines that may read them: the one EPCIS 2.0 query that a code leads to.

Source: EPCIS 2.0, 8.2.7 (SimpleEventQuery) and 12 (REST bindings).
"""
from __future__ import annotations

import re

from flask import Blueprint, Response, request

from traceapp.core.errors import InvalidInput, NotOffered
from traceapp.epcis import write_query_json
from traceapp.trace.documents import events_of_classes
from traceapp.web.context import world
from traceapp.web.cors import HEADERS, PREFLIGHT
from traceapp.web.permissions import PUBLIC

blueprint = Blueprint("epcis", __name__, url_prefix="/epcis")

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"epcis.events": "trace.read", "epcis.preflight": PUBLIC}

MOST_EVENTS, _MOST_CLASSES, _LONGEST_CLASS = 5000, 20, 2000
_QUERY = "MATCH_anyEPCClass"
_FORMS = ("application/ld+json", "application/json")
# The other parameters that the standard knows. What stands in the address besides comes from the scanned code, whose
# query is passed on, and says nothing about events.
_NOT_OFFERED = re.compile(
    r"(?:EQ|GT|GE|LT|LE|MATCH|WD|EXISTS|HASATTR|EQATTR)_.*|orderBy|orderDirection|eventCountLimit|maxEventCount|eventType"
    r"|perPage|nextPageToken")


@blueprint.get("/events", provide_automatic_options=False)
def events() -> Response:
    """Every event that names one of the classes asked for, in the order of time."""
    wanted = _wanted()
    with world().database.read() as session:
        found = events_of_classes(session, wanted, MOST_EVENTS)
    form = request.accept_mimetypes.best_match(_FORMS, default=_FORMS[0])
    answer = Response(write_query_json(found, created_at=world().clock.now()), content_type=form)
    answer.headers["GS1-EPCIS-Version"] = answer.headers["GS1-CBV-Version"] = "2.0.0"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route("/events", methods=["OPTIONS"], provide_automatic_options=False)
def preflight() -> Response:
    """What other sites' scripts may ask; they need a token to get it."""
    return Response(status=200, headers=list(PREFLIGHT))


@blueprint.after_request
def open_to_tokens(answer: Response) -> Response:
    """Scripts of other sites may read the answer to their token; cookies are not sent along."""
    for name, value in HEADERS:
        answer.headers.setdefault(name, value)
    return answer


def _wanted() -> tuple[str, ...]:
    """The classes asked for. Raises NotOffered for another query, InvalidInput for too many."""
    for name in request.args:
        if name != _QUERY and _NOT_OFFERED.fullmatch(name):
            raise NotOffered("The parameter %(name)s is not offered here; ask by MATCH_anyEPCClass.", place=name[:60],
                             name=name[:60])
    classes = tuple(part for text in request.args.getlist(_QUERY) for part in text.split("|") if part)
    if not classes:
        raise NotOffered("All events at once are not offered; ask by MATCH_anyEPCClass.", place=_QUERY)
    if len(classes) > _MOST_CLASSES or max(map(len, classes)) > _LONGEST_CLASS:
        raise InvalidInput("These are more than %(most)d.", code="too-many", place=_QUERY, most=_MOST_CLASSES)
    return classes
