"""Recall messages of partners by API: which of our lots they mean; held at once where that is asked for."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from traceapp.recall.message import read_message
from traceapp.recall.partner_messages import TakeMessage, take_message
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Amount

blueprint = ApiBlueprint("api_partner_recalls", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {"api_partner_recalls.take": "recall.write"}


class PartnerRecallSchema(Schema):
    """A recall message as its issuer serves it (see /schemas/recall-message-2.json; version 1 as
    well). `is_held`: hold at once what it
    means here."""

    message = fields.Dict(required=True)
    is_held = fields.Boolean(load_default=False)


class ConcernedLotSchema(Schema):
    """A lot of ours that a message means. `by`: identifier, or supplier_number; `named`: the lot in the message."""

    lot_key = fields.String()
    number = fields.String()
    name_zh = fields.String()
    name_en = fields.String()
    by = fields.String()
    named = fields.String()
    stock = Amount()
    shipped = Amount()
    unit = fields.String(allow_none=True)
    is_on_hold = fields.Boolean()
    is_recalled = fields.Boolean()


@blueprint.route("/partner-recalls", methods=["POST"])
@blueprint.arguments(PartnerRecallSchema)
@blueprint.response(200, ConcernedLotSchema(many=True))
def take(given: dict[str, Any]) -> object:
    """Take in a recall message of a partner: the lots of ours that it means become a task"""
    message = read_message(given["message"])
    with unit_of_work() as session:
        return take_message(session, signed_in(), world().clock, TakeMessage(message, given["is_held"]))
