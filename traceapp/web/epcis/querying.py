"""Events by query, by identifier, and by what they name."""
from __future__ import annotations

import re

from flask import Response, request

from traceapp.core.errors import NotFound, NotOffered, Problem
from traceapp.epcis import EpcisErrors, document_from, load_json, write_xml
from traceapp.epcis.json_form import EVENT_TYPES
from traceapp.epcis.vocabulary import word_of
from traceapp.trace.event_query import EventPage, events_page, query_document
from traceapp.trace.identity import item_of
from traceapp.trace.query_draft import EventQuery, TermTest
from traceapp.trace.query_parameters import read_query
from traceapp.trace.query_values import is_named, values_page
from traceapp.trace.terms import CLASSES, INSTANCES, term_key
from traceapp.web.context import world

from .blueprint import (
    JSON_FORMS,
    LONGEST_QUERY,
    PERMISSIONS,
    XML_FORM,
    answered,
    blueprint,
    collection,
    not_acceptable,
    raw_rest,
    unescaped,
    wanted_form,
)
from .paging import OF_ANSWER, PASSED_ON, check_parameters, page_size, page_token, with_next

PERMISSIONS.update({"epcis.events": "trace.read", "epcis.event": "trace.read", "epcis.collection_of": "trace.read",
                    "epcis.in_collection": "trace.read", "epcis.event_type": "trace.read",
                    "epcis.forget_token": "trace.read"})
_LIKE_OURS = re.compile(r"(?:EQ|GT|GE|LT|LE|MATCH|WD|EXISTS|HASATTR|EQATTR)_.*|order.*|event.*|maxEvent.*", re.DOTALL)
# collection -> terms, vocabulary
_COLLECTIONS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "epcs": ((*INSTANCES, *CLASSES), None), "bizSteps": (("bizStep",), "bizStep"),
    "bizLocations": (("bizLocation",), None), "readPoints": (("readPoint",), None),
    "dispositions": (("disposition",), "disposition")}


@blueprint.get("/events", provide_automatic_options=False)
def events() -> Response:
    """The events that the parameters find."""
    return events_answer(asked(), "SimpleEventQuery")


@blueprint.get("/events/<path:rest>", provide_automatic_options=False, merge_slashes=False)
def event(rest: str) -> Response:
    """One event; with the declaration that it was wrong, where there is one."""
    form = wanted_form(has_xml=True)
    query = EventQuery(event_ids=[(unescaped(raw_rest("events") or rest),)])
    with world().database.read() as session:
        page = events_page(session, query, None, page_size())
    if not page.rows:
        raise NotFound("There is no such event.", code="unknown-event")
    return _document(page, "SimpleEventQuery", form)


def collection_of(name: str) -> Response:
    """The items, steps, places or states that events name."""
    wanted_form()
    size, after = page_size(), page_token()
    with world().database.read() as session:
        values, following = values_page(session, _COLLECTIONS[name][0], after, size)
    return with_next(answered(collection(values)), following)


def in_collection(name: str, rest: str) -> Response:
    """What there is about one of them, and its events."""
    raw = raw_rest(name) or rest
    value, is_events = (raw.removesuffix("/events"), True) if raw.endswith("/events") else (raw, False)
    if not is_events:
        check_parameters()
    names, vocabulary = _COLLECTIONS[name]
    text = unescaped(value)
    if vocabulary:
        key = term_key(word_of(vocabulary, text))
    else:
        key = item_of(text, is_class=False).key if name == "epcs" else term_key(text)
    with world().database.read() as session:
        if not is_named(session, names, key):
            raise NotFound("No event names this.", code="unknown-value")
    if not is_events:
        return answered(collection(["events"]))
    query = asked()
    query.terms.append(TermTest(names, (key,)))
    return events_answer(query, "SimpleEventQuery")


for _name in _COLLECTIONS:
    blueprint.add_url_rule(f"/{_name}", "collection_of", collection_of, methods=["GET"], defaults={"name": _name},
                           provide_automatic_options=False)
    blueprint.add_url_rule(f"/{_name}/<path:rest>", "in_collection", in_collection, methods=["GET"],
                           defaults={"name": _name}, provide_automatic_options=False, merge_slashes=False)


@blueprint.get("/eventTypes/<path:rest>", provide_automatic_options=False, merge_slashes=False)
def event_type(rest: str) -> Response:
    """What there is about events of one kind, and these events."""
    kind, slash, part = rest.partition("/")
    if kind not in (*EVENT_TYPES, "all") or part not in ("", "events") or (slash and not part):
        raise NotFound("There is nothing at this address.")
    if not part:
        check_parameters()
        return answered(collection(["events"]))
    query = asked()
    if kind != "all":
        query.columns.append(("type", "IN", (kind,)))
    return events_answer(query, "SimpleEventQuery")


@blueprint.delete("/nextPageToken/<token>", provide_automatic_options=False)
def forget_token(token: str) -> Response:
    """Not offered: a token holds its place itself, and nothing of it is kept here."""
    raise NotOffered("Tokens of pages are not kept here, so there is nothing to forget.", place=token[:60])


def asked() -> EventQuery:
    """The query of this request. Raises InvalidInput and NotOffered by the parameter, Problem (414)."""
    if len(request.query_string) > LONGEST_QUERY:
        problem = Problem("The address is longer than %(limit)d characters. Make a named query instead.",
                          code="uri-too-long", limit=LONGEST_QUERY)
        problem.status = 414
        raise problem
    comes_from_code = PASSED_ON in request.args
    given: dict[str, list[str]] = {}
    for name, values in request.args.lists():
        if name in OF_ANSWER or (comes_from_code and not _LIKE_OURS.fullmatch(name)):
            continue
        given[name] = [part for text in values for part in text.split("|") if part] or [""]
    return read_query(given)


def events_answer(query: EventQuery, name: str) -> Response:
    """A page of events in the form that the client takes."""
    form = wanted_form(has_xml=True)
    size, after = page_size(), page_token()
    with world().database.read() as session:
        page = events_page(session, query, after, size)
    return with_next(_document(page, name, form), page.next)


def _document(page: EventPage, name: str, form: str) -> Response:
    text = query_document(page.rows, name, world().clock.now())
    if form != XML_FORM:
        return Response(text, content_type=form)
    try:
        return Response(write_xml(document_from(load_json(text))), content_type=XML_FORM)
    except EpcisErrors as error:
        raise not_acceptable(error.place or "Accept", ", ".join(JSON_FORMS)) from error
