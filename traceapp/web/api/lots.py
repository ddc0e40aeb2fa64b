"""Lots and everything that happens to them, by API."""
from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Response, jsonify
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from traceapp.core.errors import NotFound
from traceapp.core.quantity import Quantity, known_unit
from traceapp.export.trace import trace_record
from traceapp.trace import holds, inspecting, lot_list, overview, production, receiving, shipping
from traceapp.trace import release as deciding
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.model import HoldKind, Lot, ReleaseState
from traceapp.trace.policy import Verdict
from traceapp.web.context import signed_in, world

from .idempotency import unit_of_work
from .schemas import Amount, Paging, Reason, choice, created, listed, moment, page_answer, shown, wanted_revision, words

blueprint = Blueprint("api_lots", __name__, url_prefix="/api/v1",
                      description="Receiving, production, inspection, release, shipment, trace")
PERMISSIONS = {
    "api_lots.list_lots": "trace.read", "api_lots.read_lot": "trace.read", "api_lots.receive": "trace.record",
    "api_lots.produce": "trace.record", "api_lots.inspect": "trace.record", "api_lots.release": "trace.release",
    "api_lots.reject": "trace.release", "api_lots.hold": "trace.release", "api_lots.lift": "trace.release",
    "api_lots.ship": "trace.record", "api_lots.take_back": "trace.record", "api_lots.read_trace": "trace.read",
    "api_lots.dispose": "trace.record",
}


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


class ReceiveSchema(Schema):
    """A raw-material lot that arrives."""

    product_id = words(32, required=True)
    number = words(80, least=1, required=True)
    supplier_id = words(32, required=True)
    supplier_lot_number = words(80, required=True)
    quantity = Amount(positive=True, required=True)
    unit = words(3, required=True)
    received_at = moment(required=True)
    site_id = words(32, load_default=None)
    origin = words(120, load_default="")
    made_on = fields.Date(load_default=None)
    expires_on = fields.Date(load_default=None)
    document = words(80, load_default="")


class InputSchema(Schema):
    """How much of which lot goes in."""

    lot_key = words(32, required=True)
    quantity = Amount(positive=True, required=True)
    unit = words(3, required=True)


class ProduceSchema(Schema):
    """A batch that was made."""

    product_id = words(32, required=True)
    number = words(80, least=1, required=True)
    quantity = Amount(positive=True, required=True)
    unit = words(3, required=True)
    made_at = moment(required=True)
    expires_on = fields.Date(load_default=None)
    inputs = fields.List(fields.Nested(InputSchema), required=True, validate=validate.Length(min=1, max=500))
    retained_samples = Amount(load_default=Decimal(0))
    work_order = words(80, load_default="")
    line = words(80, load_default="")
    shift = words(80, load_default="")
    equipment = words(80, load_default="")
    operator = words(80, load_default="")
    sterilisation_load = words(80, load_default="")
    site_id = words(32, load_default=None)


class ResultSchema(Schema):
    """A test result against its limits."""

    name_zh = words(120, least=1, required=True)
    name_en = words(120, least=1, required=True)
    unit = words(20, load_default="")
    value = Amount(load_default=None, allow_none=True)
    lower = Amount(load_default=None, allow_none=True)
    upper = Amount(load_default=None, allow_none=True)
    text = words(200, load_default="")
    expected_text = words(200, load_default="")
    is_within = fields.Boolean(dump_only=True)


class InspectSchema(Schema):
    """An inspection report."""

    id = fields.String(dump_only=True)
    lot_key = fields.String(dump_only=True)
    verdict = fields.String(dump_only=True)
    report_number = words(80, least=1, required=True)
    laboratory = words(200, load_default="")
    inspected_at = moment(required=True)
    sample_size = Amount(load_default=Decimal(0))
    results = fields.List(fields.Nested(ResultSchema), required=True, load_only=True,
                          validate=validate.Length(min=1, max=200))


class DecisionSchema(Schema):
    """What the decision rests on."""

    note = words(4000, load_default="")


class LineSchema(Schema):
    """Packs of one lot; without a GTIN the packs are the product's own units."""

    lot_key = words(32, required=True)
    gtin = words(14, load_default=None, allow_none=True)
    packs = Amount(positive=True, required=True)


class ShipSchema(Schema):
    """A despatch to one consignee."""

    id = fields.String(dump_only=True)
    consignee_id = words(32, required=True)
    document_number = words(80, least=1, required=True)
    shipped_at = moment(required=True)
    from_site_id = words(32, load_default=None, allow_none=True)
    carrier_id = words(32, load_default=None, allow_none=True)
    lane = words(80, load_default="")
    lines = fields.List(fields.Nested(LineSchema), required=True, load_only=True,
                        validate=validate.Length(min=1, max=500))


class ReturnSchema(Schema):
    """Units that came back."""

    consignee_id = words(32, required=True)
    units = Amount(positive=True, required=True)
    returned_at = moment(required=True)
    document_number = words(80, load_default="")


class DisposeSchema(Schema):
    """Units that are destroyed or lost."""

    quantity = Amount(positive=True, required=True)
    unit = words(3, required=True)
    disposed_at = moment(required=True)
    reason = words(400, least=1, required=True)


class TraceQuery(Schema):
    """Which way."""

    direction = choice(("upstream", "downstream", "both"), load_default="both")


def _quantity(given: dict[str, Any], place: str = "unit") -> Quantity:
    return Quantity(given.pop("quantity"), known_unit(given.pop("unit"), place=place))


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


@blueprint.route("/lots", methods=["GET"])
@blueprint.arguments(LotFilterSchema, location="query")
@blueprint.response(200, listed(LotSchema, "LotList"))
def list_lots(wanted: dict[str, Any]) -> dict[str, Any]:
    """Lots, the newest first"""
    here = world()
    with here.database.read() as session:
        found = lot_list.lot_page(session, lot_list.LotFilter(today=here.clock.now().date(), **wanted))
        return page_answer(found, lambda row: row.lot)


@blueprint.route("/lots/<lot_key>", methods=["GET"])
@blueprint.alt_response(200, schema=LotSchema)
def read_lot(lot_key: str) -> Response:
    """One lot"""
    with world().database.read() as session:
        lot = session.get(Lot, lot_key)
        if lot is None:
            raise NotFound("There is no such lot.", place="lot_key")
        return shown(LotSchema(), lot)


@blueprint.route("/lots/receipts", methods=["POST"])
@blueprint.arguments(ReceiveSchema)
@blueprint.alt_response(201, schema=LotSchema)
def receive(given: dict[str, Any]) -> Response:
    """Receive a raw-material lot"""
    here = world()
    quantity = _quantity(given)
    given["received_at"] = _utc(given["received_at"])
    with unit_of_work() as session:
        lot = receiving.receive_lot(session, signed_in(), here.clock, receiving.ReceiveLot(quantity=quantity, **given))
        session.flush()
        return created(LotSchema(), lot, "api_lots.read_lot", lot_key=lot.lot_key)


@blueprint.route("/lots/batches", methods=["POST"])
@blueprint.arguments(ProduceSchema)
@blueprint.alt_response(201, schema=LotSchema)
def produce(given: dict[str, Any]) -> Response:
    """Record the production of a batch from lots"""
    here = world()
    place = production.MadeAt(**{name: given[name] for name in (
        "work_order", "line", "shift", "equipment", "operator", "sterilisation_load", "site_id")})
    inputs = tuple(production.InputLot(line["lot_key"], Quantity(line["quantity"], known_unit(
        line["unit"], place=f"inputs.{number}.unit"))) for number, line in enumerate(given["inputs"]))
    with unit_of_work() as session:
        lot = production.produce_batch(session, signed_in(), here.clock, production.ProduceBatch(
            product_id=given["product_id"], number=given["number"], quantity=_quantity(given),
            made_at=_utc(given["made_at"]), inputs=inputs, place=place, retained_samples=given["retained_samples"],
            expires_on=given["expires_on"]))
        session.flush()
        return created(LotSchema(), lot, "api_lots.read_lot", lot_key=lot.lot_key)


@blueprint.route("/lots/<lot_key>/inspections", methods=["POST"])
@blueprint.arguments(InspectSchema)
@blueprint.response(201, InspectSchema)
def inspect(given: dict[str, Any], lot_key: str) -> object:
    """Record an inspection report; the verdict follows from the results"""
    here = world()
    given["results"] = tuple(inspecting.NewResult(**result) for result in given["results"])
    given["inspected_at"] = _utc(given["inspected_at"])
    with unit_of_work() as session:
        return inspecting.record_inspection(session, signed_in(), here.clock,
                                            inspecting.RecordInspection(lot_key=lot_key, **given))


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
        for standing in overview.holds_of(session, lot_key):
            if standing.kind == HoldKind.manual and standing.lifted_at is None:
                holds.lift_hold(session, signed_in(), here.clock, holds.LiftHold(
                    reason=given["reason"], lot_key=lot_key, hold_id=standing.id))
        session.flush()
        return shown(LotSchema(), session.get_one(Lot, lot_key))


@blueprint.route("/shipments", methods=["POST"])
@blueprint.arguments(ShipSchema)
@blueprint.response(201, ShipSchema)
def ship(given: dict[str, Any]) -> object:
    """Record a despatch"""
    here = world()
    given["lines"] = tuple(shipping.ShipLine(**line) for line in given["lines"])
    given["shipped_at"] = _utc(given["shipped_at"])
    with unit_of_work() as session:
        return shipping.ship_lots(session, signed_in(), here.clock, shipping.ShipLots(**given))


@blueprint.route("/lots/<lot_key>/returns", methods=["POST"])
@blueprint.arguments(ReturnSchema)
@blueprint.alt_response(201, schema=LotSchema)
def take_back(given: dict[str, Any], lot_key: str) -> Response:
    """Record units that came back"""
    here = world()
    given["returned_at"] = _utc(given["returned_at"])
    with unit_of_work() as session:
        shipping.return_units(session, signed_in(), here.clock, shipping.ReturnUnits(lot_key=lot_key, **given))
        session.flush()
        return created(LotSchema(), session.get_one(Lot, lot_key), "api_lots.read_lot", lot_key=lot_key)


@blueprint.route("/lots/<lot_key>/disposals", methods=["POST"])
@blueprint.arguments(DisposeSchema)
@blueprint.alt_response(201, schema=LotSchema)
def dispose(given: dict[str, Any], lot_key: str) -> Response:
    """Record units that were destroyed or lost"""
    here = world()
    quantity = _quantity(given)
    with unit_of_work() as session:
        lot = shipping.dispose_units(session, signed_in(), here.clock, shipping.DisposeUnits(
            lot_key, quantity, _utc(given["disposed_at"]), given["reason"]))
        session.flush()
        return created(LotSchema(), lot, "api_lots.read_lot", lot_key=lot_key)


@blueprint.route("/lots/<lot_key>/trace", methods=["GET"])
@blueprint.arguments(TraceQuery, location="query")
@blueprint.alt_response(200, schema=Schema)
def read_trace(wanted: dict[str, Any], lot_key: str) -> Response:
    """Upstream and downstream with quantities, consignees and totals"""
    with world().database.read() as session:
        return jsonify(trace_record(trace_lot(session, lot_key, wanted["direction"])))

