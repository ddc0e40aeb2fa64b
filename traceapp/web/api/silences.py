"""Silences by API: until when no signal is opened about what, and what was kept silent."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from traceapp.core.errors import NotFound
from traceapp.surveillance import silence
from traceapp.surveillance.alarm import NodeKind, SeverityGroup
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import choice, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_silences", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {
    "api_silences.list_silences": "signal.read", "api_silences.read_silence": "signal.read",
    "api_silences.read_silenced": "signal.read",
    "api_silences.write_silence": "surveillance.configure", "api_silences.lift": "surveillance.configure"}


class SetSilenceSchema(Schema):
    """What is to be silent (a node with its kind, or a product), from when to when, and why."""

    kind = choice(NodeKind, load_default=None, allow_none=True)
    node_key = words(32, load_default=None, allow_none=True)
    product_id = words(32, load_default=None, allow_none=True)
    group = choice(SeverityGroup, load_default=None, allow_none=True)
    from_on = fields.Date(load_default=None, allow_none=True)
    until_on = fields.Date(required=True)
    reason = words(4000, least=1, required=True)


class LiftSchema(Schema):
    """Why a silence ends before its day."""

    reason = words(4000, least=1, required=True)


class SilencedSchema(Schema):
    """An alarm that was kept silent, as it was when it came last."""

    node_key = fields.String(attribute="lot_key")
    kind = choice(NodeKind)
    severity_group = choice(SeverityGroup)
    name = fields.String()
    first_at = moment()
    at = moment()
    times = fields.Integer()
    observed = fields.Integer()
    expected = fields.Float()
    llr = fields.Float()
    critical = fields.Float()
    lot_keys = fields.List(fields.String())
    looked_at = moment(allow_none=True)


class SilenceSchema(Schema):
    """A silence; `ended_at` is set once it is over."""

    id = fields.String()
    kind = fields.String(allow_none=True)
    node_key = fields.String(allow_none=True)
    name = fields.String()
    product_id = fields.String(allow_none=True)
    severity_group = fields.String(allow_none=True)
    reason = fields.String()
    from_on = fields.Date()
    until_on = fields.Date()
    set_at = moment()
    set_by = fields.String()
    ended_at = moment(allow_none=True)
    ended_by = fields.String(allow_none=True)
    end_reason = fields.String()


class SilenceFilterSchema(Schema):
    """Those that run, those that are over, or all."""

    is_running = fields.Boolean(load_default=None, allow_none=True)


@blueprint.route("/silences", methods=["GET"])
@blueprint.arguments(SilenceFilterSchema, location="query")
@blueprint.alt_response(200, schema=SilenceSchema(many=True))
def list_silences(wanted: dict[str, Any]) -> Response:
    """Silences, the one that ends first at the top"""
    with world().database.read() as session:
        return jsonify(SilenceSchema(many=True).dump(silence.silences(session, is_running=wanted["is_running"])))


@blueprint.route("/silences/<silence_id>", methods=["GET"])
@blueprint.alt_response(200, schema=SilenceSchema)
def read_silence(silence_id: str) -> Response:
    """One silence"""
    with world().database.read() as session:
        return shown(SilenceSchema(), _found(session, silence_id))


@blueprint.route("/silences/<silence_id>/alarms", methods=["GET"])
@blueprint.alt_response(200, schema=SilencedSchema(many=True))
def read_silenced(silence_id: str) -> Response:
    """What a silence kept, the latest first"""
    with world().database.read() as session:
        rule = _found(session, silence_id)
        return jsonify(SilencedSchema(many=True).dump(silence.silenced_alarms(session, [rule])[rule.id]))


@blueprint.route("/silences", methods=["POST"])
@blueprint.arguments(SetSilenceSchema)
@blueprint.alt_response(201, schema=SilenceSchema)
def write_silence(given: dict[str, Any]) -> Response:
    """Open no signal about a node or a product until a stated day"""
    with unit_of_work() as session:
        rule = silence.set_silence(session, signed_in(), world().clock, silence.SetSilence(**given))
        session.flush()
        answer = shown(SilenceSchema(), rule)
        answer.status_code = 201
        return answer


@blueprint.route("/silences/<silence_id>/lift", methods=["POST"])
@blueprint.arguments(LiftSchema)
@blueprint.alt_response(200, schema=SilenceSchema)
def lift(given: dict[str, Any], silence_id: str) -> Response:
    """End a silence before its day (If-Match)"""
    with unit_of_work() as session:
        rule = silence.lift_silence(session, signed_in(), world().clock, silence.LiftSilence(
            silence_id, given["reason"], wanted_revision()))
        return shown(SilenceSchema(), rule)


def _found(session: Any, silence_id: str) -> Any:
    rule = silence.silence_by_id(session, silence_id)
    if rule is None:
        raise NotFound("There is no such silence.", code="unknown-silence", place="silence_id")
    return rule
