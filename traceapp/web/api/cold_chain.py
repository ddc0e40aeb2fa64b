"""Where lots are and were, and how they were kept, by API."""
from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.core.errors import NotFound
from traceapp.trace.model import Lot, PositionState
from traceapp.trace.position_query import position_page, positions_at
from traceapp.trace.sensing import MOST_READINGS, NewReading, RecordReadings, record_readings
from traceapp.trace.sensor_model import Side
from traceapp.trace.sensor_query import (
    ExcursionFilter,
    excursion_page,
    excursions_of,
    reading_page,
    shipments_outside,
)
from traceapp.trace.sensor_values import ReadingKind
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Amount, Paging, choice, listed, moment, page_answer, words

blueprint = ApiBlueprint("api_cold_chain", __name__, url_prefix="/api/v1",
                         description="Positions over time, readings of sensors, excursions")
PERMISSIONS = {
    "api_cold_chain.list_positions": "trace.read", "api_cold_chain.list_position_history": "trace.read",
    "api_cold_chain.list_readings": "trace.read", "api_cold_chain.list_excursions": "trace.read",
    "api_cold_chain.list_all_excursions": "trace.read", "api_cold_chain.add_readings": "trace.record"}
MEASURED = {
    "device": "TL-0417", "lot_keys": ["8d1f6f3a2c5e5b0f9e6f0e1f5a7b9c3d"], "document": "D-20261122-7",
    "readings": [{"at": "2026-11-22T18:00:00+08:00", "kind": "temperature", "unit": "CEL", "value": "4.6"},
                 {"at": "2026-11-22T18:15:00+08:00", "kind": "temperature", "unit": "CEL", "value": "9.1"}]}


class PositionSchema(Schema):
    """So much of an item at one place. `inside`: the containers around it, the nearest first; `state` and `place` are
    then those of the outermost. Null quantity and empty texts: not known. `until` null: still there."""

    state = choice(PositionState)
    place = fields.String()
    owner = fields.String()
    possessor = fields.String()
    quantity = Amount(allow_none=True)
    unit = fields.String(allow_none=True)
    since = moment()
    until = moment(allow_none=True)
    is_stock = fields.Boolean()
    inside = fields.List(fields.String())


class PositionsSchema(Schema):
    """At most 200 places, our own stock first. None: nobody knows."""

    rows = fields.List(fields.Nested(PositionSchema))


class AtQuery(Schema):
    """When; without it now, by the last that was told."""

    at = moment(load_default=None)


class SpanSchema(Schema):
    """How much was where from when to when, by the item's own events. Inside a container: wherever that was."""

    state = choice(PositionState)
    place = fields.String()
    owner = fields.String()
    possessor = fields.String()
    quantity = Amount(allow_none=True)
    unit = fields.String(allow_none=True)
    since = moment()
    until = moment(allow_none=True)
    is_stock = fields.Boolean()
    event_id = fields.String()


class ReadingSchema(Schema):
    """One reading, of the lot, a container that it was in, or the place where it was (`source_key`). In °C or percent;
    the bounds are equal where one value was read."""

    source_key = fields.String()
    at = moment()
    until = moment(allow_none=True)
    kind = choice(ReadingKind)
    device = fields.String()
    low = Amount(allow_none=True)
    high = Amount(allow_none=True)
    mean = Amount(allow_none=True)
    is_alarm = fields.Boolean()
    event_id = fields.String()


class ReadingPageSchema(Schema):
    """In the order of time. `next`: send it as `after`; null on the last page."""

    rows = fields.List(fields.Nested(ReadingSchema))
    next = fields.String(allow_none=True)


class ReadingQuery(Paging):
    """Where the page begins."""

    after = words(1000, load_default=None, allow_none=True)


class ExcursionSchema(Schema):
    """A time outside the limits. `ended_at` null: still outside by the last reading, at `last_at`. `silence`: the
    longest time in it without a reading, in seconds. `shipments`: despatches whose units may have gone through it."""

    id = fields.String()
    source_key = fields.String()
    kind = choice(ReadingKind)
    device = fields.String()
    side = choice(Side)
    began_at = moment()
    last_at = moment()
    ended_at = moment(allow_none=True)
    lowest = Amount(allow_none=True)
    highest = Amount(allow_none=True)
    lower = Amount(allow_none=True)
    upper = Amount(allow_none=True)
    readings = fields.Integer()
    silence = fields.Integer()
    event_id = fields.String()


class ExcursionsSchema(Schema):
    """The newest first, at most 200."""

    rows = fields.List(fields.Nested(type("ExcursionOfLotSchema", (ExcursionSchema,), {
        "__doc__": ExcursionSchema.__doc__, "shipments": fields.List(fields.String())})))


class ExcursionQuery(Paging):
    """`is_open`: still outside by the last reading."""

    kind = choice(ReadingKind, load_default=None)
    is_open = fields.Boolean(load_default=None)


class NewReadingSchema(Schema):
    """`value` at a moment; or `low` and `high` from `at` to `until`, with `value` as the mean."""

    at = moment(required=True)
    until = moment(load_default=None, allow_none=True)
    kind = choice(("temperature", "humidity"), required=True)
    unit = words(3, required=True)
    value = Amount(load_default=None, allow_none=True)
    low = Amount(load_default=None, allow_none=True)
    high = Amount(load_default=None, allow_none=True)
    is_alarm = fields.Boolean(load_default=False)


class MeasuredSchema(Schema):
    """Readings of one device about lots and containers, else about all that is at a place. `document`: the despatch
    that they belong to. Units: CEL, FAH, KEL; P1 for relative humidity."""

    readings = fields.List(fields.Nested(NewReadingSchema), required=True,
                           validate=validate.Length(min=1, max=MOST_READINGS))
    device = words(200, load_default="")
    lot_keys = fields.List(words(32), load_default=list, validate=validate.Length(max=500))
    site_id = words(32, load_default=None, allow_none=True)
    document = words(80, load_default="")


class RecordedSchema(Schema):
    """The event in which the readings stand."""

    event_id = fields.String(attribute="id")
    hash = fields.String()


def _known(session: Any, lot_key: str) -> None:
    if session.get(Lot, lot_key) is None:
        raise NotFound("There is no such lot.", place="lot_key")


@blueprint.route("/lots/<lot_key>/positions", methods=["GET"])
@blueprint.arguments(AtQuery, location="query")
@blueprint.response(200, PositionsSchema)
def list_positions(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """Where a lot, serial number or container is, or was at a moment"""
    with world().database.read() as session:
        _known(session, lot_key)
        return {"rows": positions_at(session, lot_key, wanted["at"])}


@blueprint.route("/lots/<lot_key>/position-history", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(SpanSchema, "PositionHistory"))
def list_position_history(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """All that is known of where it was, in the order of time"""
    with world().database.read() as session:
        _known(session, lot_key)
        return page_answer(position_page(session, lot_key, wanted["after"], wanted["limit"]))


@blueprint.route("/lots/<lot_key>/readings", methods=["GET"])
@blueprint.arguments(ReadingQuery, location="query")
@blueprint.response(200, ReadingPageSchema)
def list_readings(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """What sensors read about a lot, its containers and its places while it was there"""
    with world().database.read() as session:
        _known(session, lot_key)
        found = reading_page(session, lot_key, wanted["after"], wanted["limit"])
    return {"rows": found.rows, "next": found.next}


@blueprint.route("/lots/<lot_key>/excursions", methods=["GET"])
@blueprint.response(200, ExcursionsSchema)
def list_excursions(lot_key: str) -> dict[str, Any]:
    """When a lot was outside its storage limits"""
    with world().database.read() as session:
        _known(session, lot_key)
        found = excursions_of(session, lot_key)
        sent = shipments_outside(session, [lot_key])
    shipments: dict[str, list[str]] = {}
    for (_lot, shipment_id), excursions in sent.items():
        for one in excursions:
            shipments.setdefault(one.id, []).append(shipment_id)
    plain = ExcursionSchema()
    return {"rows": [{**_values(plain, one), "shipments": sorted(shipments.get(one.id, []))} for one in found]}


@blueprint.route("/excursions", methods=["GET"])
@blueprint.arguments(ExcursionQuery, location="query")
@blueprint.response(200, listed(type("ExcursionAnywhereSchema", (ExcursionSchema,), {
    "__doc__": ExcursionSchema.__doc__, "lot_key": fields.String()}), "AllExcursions"))
def list_all_excursions(wanted: dict[str, Any]) -> dict[str, Any]:
    """When any lots were outside their storage limits, those that began last first"""
    with world().database.read() as session:
        return page_answer(excursion_page(session, ExcursionFilter(
            wanted["kind"], wanted["is_open"], wanted["after"], wanted["limit"])))


def _values(schema: Schema, row: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.fields}


@blueprint.route("/readings", methods=["POST"])
@blueprint.arguments(MeasuredSchema, example=MEASURED)
@blueprint.alt_response(201, schema=RecordedSchema)
def add_readings(given: dict[str, Any]) -> Response:
    """Record what a device read; excursions and their tasks follow from it"""
    readings = tuple(NewReading(**{**reading, "at": reading["at"].astimezone(UTC), "until": reading["until"] and
                                   reading["until"].astimezone(UTC)}) for reading in given.pop("readings"))
    with unit_of_work() as session:
        row = record_readings(session, signed_in(), world().clock, RecordReadings(
            readings, given["device"], tuple(dict.fromkeys(given["lot_keys"])), given["site_id"], given["document"]))
        answer = jsonify(RecordedSchema().dump(row))
        answer.status_code = 201
        return answer
