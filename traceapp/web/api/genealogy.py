"""The genealogy by API: long traces page by page, and what is missing in the records."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from traceapp.export.trace import trace_record
from traceapp.trace.gaps import GapFilter, GapKind, Repair, gap_page
from traceapp.trace.genealogy import trace_from
from traceapp.trace.reach import DOWN, UP, Wanted
from traceapp.trace.reach_pages import reached_page
from traceapp.trace.starting import StartKind, start_lots
from traceapp.web.context import world

from .blueprint import ApiBlueprint
from .schemas import Amount, AsWritten, Paging, choice, moment, words
from .trace_wishes import TraceFromQuery, asked_of

blueprint = ApiBlueprint("api_genealogy", __name__, url_prefix="/api/v1",
                         description="Genealogy: long traces by pages, what is missing")
PERMISSIONS = {"api_genealogy.list_reached": "trace.read", "api_genealogy.list_gaps": "trace.read",
               "api_genealogy.list_reached_from": "trace.read", "api_genealogy.read_trace_from": "trace.read"}


class ReachedSchema(Schema):
    """A lot of a trace. `arrived_at`: from when something of the root can be in it (upstream: until when what left it
    can be in the root); null: at any time."""

    lot_key = fields.String()
    depth = fields.Integer()
    arrived_at = moment(allow_none=True)
    uri = fields.String()
    number = fields.String()
    item_kind = fields.String()
    product_id = fields.String(allow_none=True)
    unit = fields.String(allow_none=True)
    made = Amount()
    stock = Amount(allow_none=True)
    shipped = Amount()
    started_at = moment()
    expires_on = fields.Date(allow_none=True)
    is_own = fields.Boolean()
    release_state = fields.String()
    is_on_hold = fields.Boolean()
    is_recalled = fields.Boolean()


class ReachedPageSchema(Schema):
    """The nearest lots first. `next`: send it as `after`; null on the last page."""

    rows = fields.List(fields.Nested(ReachedSchema))
    next = fields.String(allow_none=True)


class ReachQuery(Paging):
    """Which way, and from when. `since`: when the bad input came into the root (downstream only)."""

    direction = choice(("upstream", "downstream"), load_default="downstream")
    by_time = fields.Boolean(load_default=True)
    since = moment(load_default=None)


class StartQuery(ReachQuery):
    """From what: an item by anything that names it, a party by its code, a shipment by its number."""

    kind = choice(StartKind, required=True)
    name = words(2000, required=True)


class GapSchema(Schema):
    """One thing missing. `repair`: receive or inspect the lot, or correct what was captured by a new event."""

    kind = choice(GapKind)
    lot_key = fields.String()
    uri = fields.String()
    number = fields.String()
    name = fields.String()
    product_id = fields.String(allow_none=True)
    amount = Amount(allow_none=True)
    unit = fields.String(allow_none=True)
    repair = choice(Repair)


class GapPageSchema(Schema):
    """By kind, then by lot. `next`: send it as `after`; null on the last page."""

    rows = fields.List(fields.Nested(GapSchema))
    next = fields.String(allow_none=True)


class GapQuery(Paging):
    """Which gaps."""

    kind = choice(GapKind, load_default=None)
    lot_key = words(32, load_default=None)


@blueprint.route("/lots/<lot_key>/reached", methods=["GET"])
@blueprint.arguments(ReachQuery, location="query")
@blueprint.response(200, ReachedPageSchema)
def list_reached(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """Everything upstream or downstream of a lot, the nearest first, page by page"""
    return _page((lot_key,), wanted)


def _page(keys: tuple[str, ...], wanted: dict[str, Any]) -> dict[str, Any]:
    way = DOWN if wanted["direction"] == "downstream" else UP
    with world().database.reading() as connection:
        found = reached_page(connection, Wanted(keys[0], way, wanted["by_time"], wanted["since"], more_roots=keys[1:]),
                             wanted["after"], wanted["limit"])
    return {"rows": found.rows, "next": found.next}


@blueprint.route("/reached", methods=["GET"])
@blueprint.arguments(StartQuery, location="query")
@blueprint.response(200, ReachedPageSchema)
def list_reached_from(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same from all lots of a supplier, consignee, shipment, equipment or work order, or from a single thing"""
    with world().database.read() as session:
        keys = start_lots(session, StartKind(wanted["kind"]), wanted["name"])
    return _page(keys, wanted)


@blueprint.route("/trace", methods=["GET"])
@blueprint.arguments(TraceFromQuery, location="query")
@blueprint.alt_response(200, schema=AsWritten)
def read_trace_from(wanted: dict[str, Any]) -> Response:
    """The whole trace with quantities, consignees and totals, from anything that has a name"""
    asked = asked_of(wanted)
    with world().database.read() as session:
        start = asked.start(session)
        return jsonify({"start": {"kind": start.kind, "name": start.name}}
                       | trace_record(trace_from(session, start.keys, asked.wish)))


@blueprint.route("/gaps", methods=["GET"])
@blueprint.arguments(GapQuery, location="query")
@blueprint.response(200, GapPageSchema)
def list_gaps(wanted: dict[str, Any]) -> dict[str, Any]:
    """What is missing in the records of lots, and what closes it"""
    keys = (wanted["lot_key"],) if wanted["lot_key"] else None
    with world().database.read() as session:
        found = gap_page(session, GapFilter(GapKind(wanted["kind"]) if wanted["kind"] else None, keys,
                                            wanted["after"], wanted["limit"]))
    return {"rows": found.rows, "next": found.next}
