"""Pallets and cartons that come back during a recall, by API."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from traceapp.recall.returned_containers import TakeContainer, container_of, take_container
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .recall_books import RecallReturnSchema
from .schemas import Amount, moment, words

blueprint = ApiBlueprint("api_recall_containers", __name__, url_prefix="/api/v1",
                         description="Pallets and cartons that come back")
PERMISSIONS = {"api_recall_containers.read_container": "trace.record",
               "api_recall_containers.take_container_back": "trace.record"}


class InContainerSchema(Schema):
    """So many units of a lot."""

    lot_key = fields.String()
    number = fields.String()
    unit = fields.String(allow_none=True)
    units = Amount()


class CaseOfContainerSchema(Schema):
    """A recall whose consignee was told of lots in it."""

    recall_id = fields.String()
    reference = fields.String()
    lot_keys = fields.List(fields.String())


class ContainerSchema(Schema):
    """A pallet or carton that had left: to whom, when, what is in it, and which recalls are about it."""

    sscc = fields.String()
    despatch_id = fields.String()
    left_at = moment()
    consignee_id = fields.String()
    lines = fields.List(fields.Nested(InContainerSchema))
    recalls = fields.List(fields.Nested(CaseOfContainerSchema), attribute="cases")


class CountedSchema(Schema):
    """What was counted of one lot."""

    lot_key = words(32, least=1, required=True)
    units = Amount(required=True)


class TakeContainerSchema(Schema):
    """A container that came back; without `units` as it left, unopened. `code` is what was scanned."""

    code = words(500, least=1, required=True)
    units = fields.List(fields.Nested(CountedSchema), load_default=None, allow_none=True)
    document_number = words(80, load_default="")
    note = words(2000, load_default="")
    is_outside = fields.Boolean(load_default=False)


@blueprint.route("/containers/<sscc>", methods=["GET"])
@blueprint.response(200, ContainerSchema)
def read_container(sscc: str) -> object:
    """What a pallet or carton that comes back holds, and to whom it had gone"""
    with world().database.read() as session:
        return container_of(session, sscc)


@blueprint.route("/recalls/<recall_id>/returns/containers", methods=["POST"])
@blueprint.arguments(TakeContainerSchema)
@blueprint.response(201, RecallReturnSchema(many=True))
def take_container_back(given: dict[str, Any], recall_id: str) -> object:
    """Take all that is in a pallet or carton back, once each time that it left"""
    counted = given.pop("units")
    units = None if counted is None else {one["lot_key"]: one["units"] for one in counted}
    with unit_of_work() as session:
        return take_container(session, signed_in(), world().clock, TakeContainer(recall_id, units=units, **given))
