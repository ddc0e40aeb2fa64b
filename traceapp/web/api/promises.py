"""What the house promises about complaints, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.complaint.policy import OFFERS
from traceapp.complaint.promising import (
    ROWS,
    SetPromises,
    kept_promises,
    promise_versions,
    promises_at,
    set_promises,
)
from traceapp.complaint.states import Severity
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import created, moment, words

blueprint = ApiBlueprint("api_promises", __name__, url_prefix="/api/v1", description="Service promises")
PERMISSIONS = {"api_promises.list_promises": "complaint.read", "api_promises.set_anew": "complaint.approve"}
_ROW = fields.List(fields.Integer(strict=True, validate=validate.Range(1, 8784)), validate=validate.Length(equal=4))


class PromisesSchema(Schema):
    """Hours to first answer, triage, decision and resolution, for each severity and for cases only about service
    (`service_only`); what is offered on a breach, "" for nothing. They hold for what is received from `valid_from` on;
    version 0 is what the service comes with."""

    version = fields.Integer(dump_only=True)
    valid_from = moment(load_default=None, allow_none=True)
    hours = fields.Dict(keys=fields.String(validate=validate.OneOf(ROWS)), values=_ROW, required=True)
    offers = fields.Dict(keys=fields.String(validate=validate.OneOf(list(Severity))),
                         values=fields.String(validate=validate.OneOf(("", *OFFERS))), required=True)
    reason = words(2000)
    set_at = moment(dump_only=True, allow_none=True)
    set_by = fields.String(dump_only=True)


class SetPromisesSchema(PromisesSchema):
    """The same, and the latest version that was seen: another one since refuses it."""

    reason = words(2000, least=1, required=True)
    seen_version = fields.Integer(load_default=None, allow_none=True)


class PromisesListSchema(Schema):
    """What holds now, and every version that was set, the one that holds last first."""

    current = fields.Nested(PromisesSchema)
    versions = fields.List(fields.Nested(PromisesSchema))


@blueprint.route("/service-promises", methods=["GET"])
@blueprint.response(200, PromisesListSchema)
def list_promises() -> object:
    """What is promised about complaints, and offered where it was broken"""
    now = world().clock.now()
    with world().database.read() as session:
        versions = promise_versions(session)
        hours, offers = kept_promises(promises_at(session, now))
    held = next((one for one in versions if one.valid_from <= now), None)
    return {"versions": versions, "current": held or {
        "version": 0, "valid_from": None, "hours": hours, "offers": offers, "reason": "", "set_at": None, "set_by": ""}}


@blueprint.route("/service-promises", methods=["POST"])
@blueprint.arguments(SetPromisesSchema)
@blueprint.alt_response(201, schema=PromisesSchema)
def set_anew(given: dict[str, Any]) -> Response:
    """Set promises and offers for what is received from a moment on"""
    with unit_of_work() as session:
        made = set_promises(session, signed_in(), world().clock, SetPromises(
            {row: tuple(hours) for row, hours in given["hours"].items()}, given["offers"], given["reason"],
            given["valid_from"], given["seen_version"]))
        return created(PromisesSchema(), made, "api_promises.list_promises")
