"""Lots by API: reading them and what was recorded about them, deciding about them."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from traceapp.core.errors import NotFound
from traceapp.epcis import write_json
from traceapp.export.trace import trace_record
from traceapp.trace import holds, lot_list, overview, record_list
from traceapp.trace import release as deciding
from traceapp.trace.facts import said_of
from traceapp.trace.genealogy import trace_from
from traceapp.trace.model import HoldKind, Lot, ReleaseState
from traceapp.trace.policy import Verdict
from traceapp.web.context import signed_in, world
from traceapp.web.reading import ZONE

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import (
    Amount,
    AsWritten,
    Paging,
    Reason,
    choice,
    created,
    listed,
    moment,
    page_answer,
    shown,
    wanted_revision,
    words,
)
from .trace_wishes import TraceQuery, wish_of

blueprint = ApiBlueprint("api_lots", __name__, url_prefix="/api/v1", description="Lots: state, trace, release, holds")
PERMISSIONS = {
    "api_lots.list_lots": "trace.read", "api_lots.read_lot": "trace.read", "api_lots.list_inspections": "trace.read",
    "api_lots.list_holds": "trace.read", "api_lots.list_shipments": "trace.read", "api_lots.read_events": "trace.read",
    "api_lots.read_trace": "trace.read", "api_lots.release": "trace.release", "api_lots.reject": "trace.release",
    "api_lots.hold": "trace.release", "api_lots.lift": "trace.release", "api_lots.lift_one": "trace.release",
}
_MOST_EVENTS = 1000


class LotSchema(Schema):
    """A lot with its sums; `stock` is what should be on the shelf."""

    lot_key = fields.String()
    uri = fields.String()
    number = fields.String()
    product_id = fields.String(allow_none=True)
    supplier_lot_number = fields.String()
    supplier_id = fields.String(allow_none=True)
    origin = fields.String()
    made_on = fields.Date(allow_none=True)
    expires_on = fields.Date(allow_none=True)
    unit = fields.String(allow_none=True)
    made = Amount()
    consumed = Amount()
    shipped = Amount()
    returned = Amount()
    sampled = Amount()
    lost = Amount()
    stock = Amount()
    release_state = choice(ReleaseState)
    is_on_hold = fields.Boolean()
    is_recalled = fields.Boolean()
    flags = fields.Raw()


class LotFilterSchema(Paging):
    """Which lots."""

    text = words(200, load_default="")
    product_id = words(32, load_default=None)
    verdict = choice(Verdict, load_default=None)
    since = moment(load_default=None)
    until = moment(load_default=None)
    only_own = fields.Boolean(load_default=False)
    sort = choice([*lot_list.SORTS, *(f"-{name}" for name in lot_list.SORTS)], load_default=lot_list.DEFAULT_SORT)


class ListedResultSchema(Schema):
    """A test result with its limits."""

    name_zh = fields.String()
    name_en = fields.String()
    unit = fields.String()
    value = Amount(allow_none=True)
    lower = Amount(allow_none=True)
    upper = Amount(allow_none=True)
    text = fields.String()
    expected_text = fields.String()
    is_within = fields.Boolean()


class InspectionSchema(Schema):
    """An inspection report with its results."""

    id = fields.String(attribute="inspection.id")
    report_number = fields.String(attribute="inspection.report_number")
    laboratory = fields.String(attribute="inspection.laboratory")
    inspected_at = moment(attribute="inspection.inspected_at")
    sample_size = Amount(attribute="inspection.sample_size")
    verdict = fields.String(attribute="inspection.verdict")
    results = fields.List(fields.Nested(ListedResultSchema))


class HoldSchema(Schema):
    """A stop on a lot; it stands while `lifted_at` is null."""

    id = fields.String()
    kind = choice(HoldKind)
    source = fields.String()
    reason = fields.String()
    placed_at = moment()
    placed_by = fields.String()
    lifted_at = moment(allow_none=True)
    lifted_by = fields.String(allow_none=True)
    lift_reason = fields.String(allow_none=True)


class ShippedLineSchema(Schema):
    """Packs of the lot; below zero for what came back."""

    gtin = fields.String(allow_none=True)
    packs = Amount()
    units = Amount()


class ShipmentSchema(Schema):
    """A despatch or return with its lines of the lot."""

    id = fields.String(attribute="shipment.id")
    document_number = fields.String(attribute="shipment.document_number")
    consignee_id = fields.String(attribute="shipment.consignee_id")
    shipped_at = moment(attribute="shipment.shipped_at")
    lane = fields.String(attribute="shipment.lane")
    late_reason = fields.String(attribute="shipment.late_reason")
    lines = fields.List(fields.Nested(ShippedLineSchema))


class DecisionSchema(Schema):
    """What the decision rests on."""

    note = words(4000, load_default="")


@blueprint.route("/lots", methods=["GET"])
@blueprint.arguments(LotFilterSchema, location="query")
@blueprint.response(200, listed(LotSchema, "LotList"))
def list_lots(wanted: dict[str, Any]) -> dict[str, Any]:
    """Lots, the newest first"""
    here = world()
    with here.database.read() as session:
        found = lot_list.lot_page(session, lot_list.LotFilter(
            today=here.clock.now().astimezone(ZONE).date(), **wanted))
        return page_answer(found, lambda row: row.lot)


@blueprint.route("/lots/<lot_key>", methods=["GET"])
@blueprint.alt_response(200, schema=LotSchema)
def read_lot(lot_key: str) -> Response:
    """One lot"""
    with world().database.read() as session:
        return shown(LotSchema(), _known(session, lot_key))


def _known(session: Any, lot_key: str) -> Lot:
    lot: Lot | None = session.get(Lot, lot_key)
    if lot is None:
        raise NotFound("There is no such lot.", place="lot_key")
    return lot


def _recorded(lot_key: str, wanted: dict[str, Any], page: Any) -> dict[str, Any]:
    """A page of what was recorded about a lot. Raises NotFound."""
    with world().database.read() as session:
        _known(session, lot_key)
        return page_answer(page(session, record_list.RecordFilter(lot_key, **wanted)))


@blueprint.route("/lots/<lot_key>/inspections", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(InspectionSchema, "InspectionList"))
def list_inspections(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """Inspections of a lot with their results, the newest first"""
    return _recorded(lot_key, wanted, record_list.inspection_page)


@blueprint.route("/lots/<lot_key>/shipments", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(ShipmentSchema, "ShipmentList"))
def list_shipments(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """Despatches and returns of a lot, the newest first"""
    return _recorded(lot_key, wanted, record_list.shipment_page)


@blueprint.route("/lots/<lot_key>/events", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_events(lot_key: str) -> Response:
    """The latest thousand events of a lot as an EPCIS 2.0 document, the oldest first"""
    here = world()
    with here.database.read() as session:
        _known(session, lot_key)
        found = overview.events_of(session, lot_key, _MOST_EVENTS)
    return Response(write_json([said_of(event) for event in reversed(found)], created_at=here.clock.now()),
                    mimetype="application/json")


@blueprint.route("/lots/<lot_key>/release", methods=["POST"])
@blueprint.arguments(DecisionSchema)
@blueprint.alt_response(200, schema=LotSchema)
def release(given: dict[str, Any], lot_key: str) -> Response:
    """Release a lot (If-Match)"""
    return _decide(deciding.release_lot, lot_key, given["note"])


@blueprint.route("/lots/<lot_key>/reject", methods=["POST"])
@blueprint.arguments(DecisionSchema)
@blueprint.alt_response(200, schema=LotSchema)
def reject(given: dict[str, Any], lot_key: str) -> Response:
    """Reject a lot (If-Match)"""
    return _decide(deciding.reject_lot, lot_key, given["note"])


def _decide(act: Any, lot_key: str, note: str) -> Response:
    here = world()
    with unit_of_work() as session:
        lot = act(session, signed_in(), here.clock, deciding.Decide(lot_key, note, wanted_revision()))
        session.flush()
        return shown(LotSchema(), lot)


@blueprint.route("/lots/<lot_key>/holds", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(HoldSchema, "HoldList"))
def list_holds(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """Holds of a lot, the newest first"""
    return _recorded(lot_key, wanted, record_list.hold_page)


@blueprint.route("/lots/<lot_key>/holds", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(201, schema=LotSchema)
def hold(given: dict[str, Any], lot_key: str) -> Response:
    """Put a lot on hold"""
    here = world()
    with unit_of_work() as session:
        holds.place_hold(session, signed_in(), here.clock, holds.PlaceHold(
            (lot_key,), HoldKind.manual, "manual", given["reason"]))
        session.flush()
        return created(LotSchema(), session.get_one(Lot, lot_key), "api_lots.read_lot", lot_key=lot_key)


@blueprint.route("/lots/<lot_key>/holds/lift", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=LotSchema)
def lift(given: dict[str, Any], lot_key: str) -> Response:
    """Lift the manual holds of a lot"""
    here = world()
    with unit_of_work() as session:
        lot = _known(session, lot_key)
        for standing in overview.holds_of(session, lot_key):
            if standing.kind == HoldKind.manual and standing.lifted_at is None:
                holds.lift_hold(session, signed_in(), here.clock, holds.LiftHold(
                    reason=given["reason"], lot_key=lot_key, hold_id=standing.id))
        session.flush()
        return shown(LotSchema(), lot)


@blueprint.route("/lots/<lot_key>/holds/<hold_id>/lift", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=LotSchema)
def lift_one(given: dict[str, Any], lot_key: str, hold_id: str) -> Response:
    """Lift one manual hold of a lot"""
    here = world()
    with unit_of_work() as session:
        lot = _known(session, lot_key)
        holds.lift_hold(session, signed_in(), here.clock, holds.LiftHold(
            reason=given["reason"], lot_key=lot_key, hold_id=hold_id))
        session.flush()
        return shown(LotSchema(), lot)


@blueprint.route("/lots/<lot_key>/trace", methods=["GET"])
@blueprint.arguments(TraceQuery, location="query")
@blueprint.alt_response(200, schema=AsWritten)
def read_trace(wanted: dict[str, Any], lot_key: str) -> Response:
    """Upstream and downstream with quantities, consignees and totals; `by_time`: without what had left before"""
    with world().database.read() as session:
        return jsonify(trace_record(trace_from(session, (lot_key,), wish_of(wanted))))
