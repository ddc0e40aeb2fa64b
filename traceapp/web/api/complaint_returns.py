"""Returns because of complaints, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.complaint.return_states import ReturnState
from traceapp.complaint.returning import ACTIONS, AskReturn, ChangeReturn, ask_return, change_return, returns_of
from traceapp.core.quantity import Quantity
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Amount, choice, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_complaint_returns", __name__, url_prefix="/api/v1", description="Returns")
PERMISSIONS = {
    "api_complaint_returns.list_returns": "complaint.read", "api_complaint_returns.ask": "complaint.write",
    "api_complaint_returns.change": "complaint.write"}


class GoodsReturnSchema(Schema):
    """So much of a lot; `received_quantity` is what came, in the same unit; `shipment_id` the event of its receipt."""

    id = fields.String(dump_only=True)
    lot_key = fields.String(dump_only=True)
    quantity = Amount(required=True)
    unit = words(3, load_default="EA")
    state = choice(ReturnState, dump_only=True)
    asked_at = moment(dump_only=True)
    asked_by = fields.String(dump_only=True)
    received_at = moment(dump_only=True, allow_none=True)
    received_quantity = Amount(dump_only=True, allow_none=True)
    consignee_id = fields.String(dump_only=True, allow_none=True)
    shipment_id = fields.String(dump_only=True, allow_none=True)
    settled_at = moment(dump_only=True, allow_none=True)
    replacement_lot_key = fields.String(dump_only=True, allow_none=True)
    note = words(4000, load_default="")


class GoodsReturnActionSchema(Schema):
    """An action of the table of returns. `quantity`: what came; `consignee_id`: who sent it."""

    action = choice(ACTIONS, required=True)
    quantity = Amount(load_default=None, allow_none=True)
    consignee_id = words(32, load_default=None, allow_none=True)
    replacement_lot_key = words(32, load_default=None, allow_none=True)
    note = words(4000, load_default="")


@blueprint.route("/complaints/<complaint_id>/returns", methods=["GET"])
@blueprint.response(200, GoodsReturnSchema(many=True))
def list_returns(complaint_id: str) -> object:
    """What was asked back because of a complaint"""
    with world().database.read() as session:
        return returns_of(session, complaint_id)


@blueprint.route("/complaints/<complaint_id>/returns", methods=["POST"])
@blueprint.arguments(GoodsReturnSchema)
@blueprint.response(201, GoodsReturnSchema)
def ask(given: dict[str, Any], complaint_id: str) -> object:
    """Ask for goods back"""
    with unit_of_work() as session:
        return ask_return(session, signed_in(), world().clock, AskReturn(
            complaint_id, Quantity(given["quantity"], given["unit"]), given["note"]))


@blueprint.route("/complaints/<complaint_id>/returns/<return_id>/actions", methods=["POST"])
@blueprint.arguments(GoodsReturnActionSchema)
@blueprint.alt_response(200, schema=GoodsReturnSchema)
def change(given: dict[str, Any], complaint_id: str, return_id: str) -> Response:
    """Receive, replace, refund or call off (If-Match)"""
    with unit_of_work() as session:
        row = change_return(session, signed_in(), world().clock, ChangeReturn(
            complaint_id, return_id, revision=wanted_revision(), **given))
        return shown(GoodsReturnSchema(), row)
