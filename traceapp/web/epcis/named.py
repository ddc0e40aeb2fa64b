"""Named queries, their events, and who is told of them."""
from __future__ import annotations

from typing import Any

from flask import Response, request

from traceapp.core.errors import InvalidInput, NotOffered, Problem
from traceapp.epcis import load_json
from traceapp.trace.named_queries import (
    NewQuery,
    create_query,
    delete_query,
    named_queries,
    named_query,
    query_of,
)
from traceapp.trace.query_model import NamedQuery, Subscription
from traceapp.trace.schedules import FIELDS
from traceapp.trace.subscriptions import Subscribe, subscribe, subscription_of, subscriptions_of, unsubscribe
from traceapp.web.context import signed_in, world

from .blueprint import JSON_FORMS, PERMISSIONS, answered, blueprint, wanted_form
from .paging import page_size, page_token, unknown_parameter, with_next
from .querying import events_answer

PERMISSIONS.update({
    "epcis.list_queries": "trace.read", "epcis.show_query": "trace.read", "epcis.query_events": "trace.read",
    "epcis.create_query": "epcis.subscribe", "epcis.delete_query": "epcis.subscribe",
    "epcis.list_subscriptions": "epcis.subscribe", "epcis.subscribe": "epcis.subscribe",
    "epcis.show_subscription": "epcis.subscribe", "epcis.unsubscribe": "epcis.subscribe"})
_STREAMS = frozenset({"stream", "reportIfEmpty", "initialRecordTime", *FIELDS})
_OF_ANSWER = frozenset({"perPage", "nextPageToken"})


@blueprint.get("/queries", provide_automatic_options=False)
def list_queries() -> Response:
    """The queries, by name."""
    size, after = page_size(), page_token() or ""
    if len(after) > 120 or not after.isascii() or "\0" in after:
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="query-parameter",
                           place="nextPageToken")
    with world().database.read() as session:
        found = named_queries(session, after, size + 1)
    following = found[size - 1].name if len(found) > size else None
    return with_next(answered([_query(one) for one in found[:size]]), following)


@blueprint.post("/queries", provide_automatic_options=False, endpoint="create_query")
def create_named() -> Response:
    """Keep a query."""
    wanted_form()
    sent = _sent()
    if set(sent) - {"name", "query"}:
        raise InvalidInput("A query has a name and a query, nothing else.", place="name")
    with world().database.write() as session:
        found = create_query(session, signed_in(), world().clock, NewQuery(sent.get("name"), sent.get("query")))
    answer = Response(status=201)
    answer.headers["Location"] = f"/epcis/queries/{found.name}"
    return answer


@blueprint.get("/queries/<name>", provide_automatic_options=False)
def show_query(name: str) -> Response:
    """What a query asks for."""
    with world().database.read() as session:
        return answered(_query(named_query(session, name)))


@blueprint.delete("/queries/<name>", provide_automatic_options=False, endpoint="delete_query")
def delete_named(name: str) -> Response:
    """Forget a query."""
    with world().database.write() as session:
        delete_query(session, signed_in(), world().clock, name)
    return Response(status=204)


@blueprint.get("/queries/<name>/events", provide_automatic_options=False)
def query_events(name: str) -> Response:
    """The events that a query finds."""
    if "websocket" in request.headers.get("Upgrade", "").lower() or _STREAMS & set(request.args):
        raise NotOffered("Subscriptions over WebSocket are not offered; subscribe an address of yours.", place="stream")
    for parameter in request.args:
        if parameter not in _OF_ANSWER:
            raise unknown_parameter(parameter)
    with world().database.read() as session:
        parameters = named_query(session, name).parameters
    return events_answer(query_of(parameters), name)


@blueprint.get("/queries/<name>/subscriptions", provide_automatic_options=False)
def list_subscriptions(name: str) -> Response:
    """Who is told of a query's events."""
    with world().database.read() as session:
        return answered([_subscription(one) for one in subscriptions_of(session, name)])


@blueprint.post("/queries/<name>/subscriptions", provide_automatic_options=False, endpoint="subscribe")
def subscribe_to(name: str) -> Response:
    """Tell an address of a query's events. The token is not shown again."""
    wanted_form()
    here = world()
    with here.database.write() as session:
        found = subscribe(session, signed_in(), here.clock, Subscribe(name, _sent(), here.settings.development),
                          vault=here.vault)
    answer = answered(_subscription(found), 201)
    answer.headers["Location"] = f"/epcis/queries/{name}/subscriptions/{found.id}"
    return answer


@blueprint.get("/queries/<name>/subscriptions/<subscription_id>", provide_automatic_options=False)
def show_subscription(name: str, subscription_id: str) -> Response:
    """One subscription."""
    with world().database.read() as session:
        return answered(_subscription(subscription_of(session, name, subscription_id)))


@blueprint.delete("/queries/<name>/subscriptions/<subscription_id>", provide_automatic_options=False,
                  endpoint="unsubscribe")
def end_subscription(name: str, subscription_id: str) -> Response:
    """End a subscription."""
    with world().database.write() as session:
        unsubscribe(session, signed_in(), world().clock, name, subscription_id)
    return Response(status=204)


def _sent() -> dict[str, Any]:
    if request.mimetype not in JSON_FORMS:
        problem = Problem("Send it as application/json.", code="unsupported-media-type", place="Content-Type")
        problem.status = 415
        raise problem
    return load_json(request.get_data(cache=False))


def _query(query: NamedQuery) -> dict[str, Any]:
    return {"name": query.name, "query": query.parameters}


def _subscription(found: Subscription) -> dict[str, Any]:
    told: dict[str, Any] = {
        "subscriptionID": found.id, "queryName": found.query_name, "dest": found.dest,
        "createdAt": found.created_at.isoformat(), "initialRecordTime": found.initial_record_time.isoformat()}
    if found.last_notified_at is not None:
        told["lastNotifiedAt"] = found.last_notified_at.isoformat()
    if found.schedule is None:
        return told | {"stream": True}
    return told | {"schedule": found.schedule, "reportIfEmpty": found.reports_if_empty}
