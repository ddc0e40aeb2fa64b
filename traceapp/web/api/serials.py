"""Serial numbers of a lot and what stands out among its scans, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.code.allocating import (
    MOST_SERIALS,
    USUAL_DIGITS,
    AllocateSerials,
    allocate_serials,
    range_by_id,
    range_page,
)
from traceapp.code.policy import Doubt
from traceapp.code.scan_queries import StandingOut, standing_out
from traceapp.core.errors import NotFound
from traceapp.trace.model import Lot
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, choice, created, listed, moment, page_answer, shown, words

blueprint = ApiBlueprint("api_serials", __name__, url_prefix="/api/v1", description="Serial numbers and scans")
PERMISSIONS = {
    "api_serials.list_ranges": "trace.read", "api_serials.read_range": "trace.read",
    "api_serials.allocate": "label.print", "api_serials.list_doubts": "trace.read"}


class RangeSchema(Schema):
    """Serial numbers that were given out, from the first to the last."""

    id = fields.String()
    lot_key = fields.String()
    first_serial = fields.String()
    last_serial = fields.String()
    count = fields.Integer()
    is_signed = fields.Boolean()
    key_id = fields.String(allow_none=True)
    purpose = fields.String()
    created_at = moment()
    created_by = fields.String()


class AllocateSchema(Schema):
    """`prefix`, then a number of `width` digits; without `first` right after the last one of the product."""

    count = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_SERIALS))
    prefix = words(19, load_default="")
    width = fields.Integer(load_default=USUAL_DIGITS, strict=True, validate=validate.Range(1, 18))
    first = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 10**18))
    is_signed = fields.Boolean(load_default=False)
    purpose = words(200, load_default="")


class DoubtSchema(Schema):
    """A serial number that stands out; empty for what concerns the whole lot, and beyond a hundred of a reason."""

    serial = fields.String()
    reason = choice(Doubt)
    scans = fields.Integer()
    first_at = moment()
    last_at = moment()
    networks = fields.Integer()
    regions = fields.List(fields.String())


class DoubtsSchema(Schema):
    """All of them, the latest first."""

    rows = fields.List(fields.Nested(DoubtSchema))


def _refuse_unknown(session: Any, lot_key: str) -> None:
    if session.get(Lot, lot_key) is None:
        raise NotFound("There is no such lot.", place="lot_key")


@blueprint.route("/lots/<lot_key>/serial-ranges", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(RangeSchema, "SerialRangeList"))
def list_ranges(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """The serial ranges of a lot, the newest first"""
    with world().database.read() as session:
        _refuse_unknown(session, lot_key)
        return page_answer(range_page(session, lot_key, wanted["after"], wanted["limit"]))


@blueprint.route("/lots/<lot_key>/serial-ranges", methods=["POST"])
@blueprint.arguments(AllocateSchema, example={"count": 3000, "is_signed": True, "purpose": "line 1"})
@blueprint.alt_response(201, schema=RangeSchema)
def allocate(given: dict[str, Any], lot_key: str) -> Response:
    """Give out serial numbers for the packs of a lot"""
    here = world()
    with unit_of_work() as session:
        found = allocate_serials(session, signed_in(), here.clock, AllocateSerials(lot_key, **given),
                                 keys=here.code_keys)
        session.flush()
        return created(RangeSchema(), found, "api_serials.read_range", lot_key=lot_key, range_id=found.id)


@blueprint.route("/lots/<lot_key>/serial-ranges/<range_id>", methods=["GET"])
@blueprint.alt_response(200, schema=RangeSchema)
def read_range(lot_key: str, range_id: str) -> Response:
    """One serial range"""
    with world().database.read() as session:
        return shown(RangeSchema(), range_by_id(session, lot_key, range_id))


@blueprint.route("/lots/<lot_key>/scan-doubts", methods=["GET"])
@blueprint.response(200, DoubtsSchema)
def list_doubts(lot_key: str) -> dict[str, Any]:
    """What stands out among the scans of a lot"""
    with world().database.read() as session:
        _refuse_unknown(session, lot_key)
        return {"rows": [_doubt(one) for one in standing_out(session, lot_key)]}


def _doubt(one: StandingOut) -> dict[str, Any]:
    doubt = one.doubt
    return {"serial": doubt.serial, "reason": doubt.reason, "scans": doubt.scans, "first_at": doubt.first_at,
            "last_at": doubt.last_at, "networks": one.networks, "regions": list(one.regions)}
