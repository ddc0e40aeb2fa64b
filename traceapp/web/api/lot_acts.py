"""What happens to lots, by API: receiving, production, inspection, despatch, return, disposal."""
from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.core.quantity import Quantity, known_unit
from traceapp.recall.left_before import book_left_before
from traceapp.recall.returning import return_or_take_back
from traceapp.trace import inspecting, production, receiving, shipping
from traceapp.trace.left_before import ShipBeforeStop
from traceapp.trace.model import Lot
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .lots import LotSchema
from .schemas import Amount, created, moment, words

blueprint = ApiBlueprint("api_lot_acts", __name__, url_prefix="/api/v1",
                         description="Receiving, production, inspection, despatch, return, disposal")
PERMISSIONS = {
    "api_lot_acts.receive": "trace.record", "api_lot_acts.produce": "trace.record",
    "api_lot_acts.inspect": "trace.record", "api_lot_acts.ship": "trace.record",
    "api_lot_acts.ship_left_before": "trace.release", "api_lot_acts.take_back": "trace.record",
    "api_lot_acts.dispose": "trace.record",
}
_LOT = "8d1f6f3a2c5e5b0f9e6f0e1f5a7b9c3d"
RECEIPT = {"product_id": "01996d3c0a7b7c51a4c0c1f0b5a7d9e1", "number": "A-2231", "quantity": "120.5", "unit": "KGM",
           "supplier_id": "01996d3c0a7c7a10bb0f2f1b6c5d4e3f", "supplier_lot_number": "S-7781",
           "received_at": "2026-11-20T09:00:00+08:00", "origin": "江苏", "expires_on": "2028-11-20"}
BATCH = {"product_id": "01996d3c0a7b7c51a4c0c1f0b5a7d9e2", "number": "CK26112201", "quantity": "3000", "unit": "EA",
         "made_at": "2026-11-22T14:30:00+08:00", "inputs": [{"lot_key": _LOT, "quantity": "6.2", "unit": "KGM"}],
         "line": "L1", "shift": "B", "work_order": "WO-1182"}
DESPATCH = {"consignee_id": "01996d3c0a7c7a10bb0f2f1b6c5d4e40", "document_number": "D-20261122-7",
            "shipped_at": "2026-11-22T17:00:00+08:00",
            "lines": [{"lot_key": _LOT, "gtin": "19521234567013", "packs": "5"}]}
REPORT = {"report_number": "QC-26-1187", "laboratory": "QC", "inspected_at": "2026-11-22T16:00:00+08:00",
          "sample_size": "5", "results": [{"name_zh": "剥离强度", "name_en": "Peel strength", "unit": "N/cm",
                                           "value": "1.2", "lower": "0.8", "upper": "2.0"}]}
WRITE_OFF = {"quantity": "1.5", "unit": "KGM", "disposed_at": "2026-11-22T10:00:00+08:00",
             "reason": "Drum leaked; burnt by a licensed firm."}


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
    from_retained = fields.Boolean(load_default=False, load_only=True)
    results = fields.List(fields.Nested(ResultSchema), required=True, load_only=True,
                          validate=validate.Length(min=1, max=200))


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


class LeftBeforeSchema(ShipSchema):
    """A despatch that had left before a lot of it was stopped; `reason`: why it is booked only now, and how one knows
    when it left."""

    reason = words(2000, least=1, required=True, load_only=True)
    late_reason = fields.String(dump_only=True)


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
    reason = words(2000, least=1, required=True)


def _quantity(given: dict[str, Any], place: str = "unit") -> Quantity:
    return Quantity(given.pop("quantity"), known_unit(given.pop("unit"), place=place))


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


@blueprint.route("/lots/receipts", methods=["POST"])
@blueprint.arguments(ReceiveSchema, example=RECEIPT)
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
@blueprint.arguments(ProduceSchema, example=BATCH)
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
@blueprint.arguments(InspectSchema, example=REPORT)
@blueprint.response(201, InspectSchema)
def inspect(given: dict[str, Any], lot_key: str) -> object:
    """Record an inspection report; the verdict follows from the results"""
    here = world()
    given["results"] = tuple(inspecting.NewResult(**result) for result in given["results"])
    given["inspected_at"] = _utc(given["inspected_at"])
    with unit_of_work() as session:
        return inspecting.record_inspection(session, signed_in(), here.clock,
                                            inspecting.RecordInspection(lot_key=lot_key, **given))


@blueprint.route("/shipments", methods=["POST"])
@blueprint.arguments(ShipSchema, example=DESPATCH)
@blueprint.response(201, ShipSchema)
def ship(given: dict[str, Any]) -> object:
    """Record a despatch"""
    here = world()
    given["lines"] = tuple(shipping.ShipLine(**line) for line in given["lines"])
    given["shipped_at"] = _utc(given["shipped_at"])
    with unit_of_work() as session:
        return shipping.ship_lots(session, signed_in(), here.clock, shipping.ShipLots(**given))


@blueprint.route("/shipments/left-before", methods=["POST"])
@blueprint.arguments(LeftBeforeSchema, example=DESPATCH | {"reason": "The carrier's record came a week late."})
@blueprint.response(201, LeftBeforeSchema)
def ship_left_before(given: dict[str, Any]) -> object:
    """Book a despatch that had left before its lot was stopped; in a recall that runs, whom to tell becomes work"""
    here = world()
    reason = given.pop("reason")
    given["lines"] = tuple(shipping.ShipLine(**line) for line in given["lines"])
    given["shipped_at"] = _utc(given["shipped_at"])
    with unit_of_work() as session:
        return book_left_before(session, signed_in(), here.clock, ShipBeforeStop(shipping.ShipLots(**given), reason))


@blueprint.route("/lots/<lot_key>/returns", methods=["POST"])
@blueprint.arguments(ReturnSchema)
@blueprint.alt_response(201, schema=LotSchema)
def take_back(given: dict[str, Any], lot_key: str) -> Response:
    """Record units that came back; of a lot under recall they are counted in its books as well"""
    here = world()
    given["returned_at"] = _utc(given["returned_at"])
    with unit_of_work() as session:
        return_or_take_back(session, signed_in(), here.clock, shipping.ReturnUnits(lot_key=lot_key, **given))
        session.flush()
        return created(LotSchema(), session.get_one(Lot, lot_key), "api_lots.read_lot", lot_key=lot_key)


@blueprint.route("/lots/<lot_key>/disposals", methods=["POST"])
@blueprint.arguments(DisposeSchema, example=WRITE_OFF)
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
