"""Test results of suppliers that rise from lot to lot or are near a limit, by API."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from traceapp.core.errors import NotFound
from traceapp.surveillance.covariates import lots_near_limits
from traceapp.surveillance.drifting import drift_by_id, drifts_listed, series_behind
from traceapp.web.context import world

from .blueprint import ApiBlueprint
from .schemas import moment, words

blueprint = ApiBlueprint("api_drifts", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {"api_drifts.list_drifts": "signal.read", "api_drifts.read_drift": "signal.read",
               "api_drifts.list_near": "signal.read"}


class DriftSchema(Schema):
    """One characteristic of one material of one supplier. `share` of the tolerance that the last lot uses (1: on the
    limit), `slope` a lot, `p` the chance of such an order without a rise, `since` the first of the higher lots."""

    id = fields.String()
    supplier_id = fields.String()
    product_id = fields.String()
    name_zh = fields.String()
    name_en = fields.String()
    lots = fields.Integer()
    share = fields.Float()
    slope = fields.Float()
    p = fields.Float(allow_none=True)
    is_rising = fields.Boolean()
    is_near = fields.Boolean()
    is_told = fields.Boolean()
    since = fields.String()
    found_at = moment()
    looked_at = moment()


class PointSchema(Schema):
    """The result of one lot."""

    lot_key = fields.String()
    number = fields.String()
    at = moment()
    share = fields.Float()


class OneDriftSchema(DriftSchema):
    """With its lots, the oldest first."""

    points = fields.List(fields.Nested(PointSchema))


class DriftFilterSchema(Schema):
    """Of one supplier or material."""

    supplier_id = words(32, load_default="")
    product_id = words(32, load_default="")


class DriftListSchema(Schema):
    """What rises, then what is near a limit."""

    rows = fields.List(fields.Nested(DriftSchema))


class NearLotSchema(Schema):
    """A lot with its result nearest to a limit. `share` is null for a result in words, or one without a scale."""

    lot_key = fields.String()
    number = fields.String()
    product_id = fields.String(allow_none=True)
    supplier_id = fields.String(allow_none=True)
    at = moment()
    name_zh = fields.String(attribute="result.name_zh")
    name_en = fields.String(attribute="result.name_en")
    share = fields.Float(attribute="result.share", allow_none=True)
    is_within = fields.Boolean(attribute="result.is_within")


class NearLotListSchema(Schema):
    """The nearest first; `looked_at`: among how many of the newest lots with test results."""

    rows = fields.List(fields.Nested(NearLotSchema))
    looked_at = fields.Integer()


@blueprint.route("/results-near-limits", methods=["GET"])
@blueprint.response(200, NearLotListSchema)
def list_near() -> dict[str, Any]:
    """Lots with a test result near or beyond a limit, among the newest"""
    here = world()
    with here.database.read() as session:
        rows, looked_at = lots_near_limits(session, here.clock.now())
        return {"rows": rows, "looked_at": looked_at}


@blueprint.route("/drifts", methods=["GET"])
@blueprint.arguments(DriftFilterSchema, location="query")
@blueprint.response(200, DriftListSchema)
def list_drifts(wanted: dict[str, Any]) -> dict[str, Any]:
    """Test results that rise or are near a limit, as of the last night"""
    with world().database.read() as session:
        return {"rows": drifts_listed(session, **wanted)}


@blueprint.route("/drifts/<drift_id>", methods=["GET"])
@blueprint.response(200, OneDriftSchema)
def read_drift(drift_id: str) -> dict[str, Any]:
    """One series with its lots"""
    with world().database.read() as session:
        row = drift_by_id(session, drift_id)
        if row is None:
            raise NotFound("There is no such series in the list any more: its results neither rise nor are near a "
                           "limit.", code="unknown-drift", place="drift_id")
        series = series_behind(session, row)
        return {**DriftSchema().dump(row), "found_at": row.found_at, "looked_at": row.looked_at,
                "points": [] if series is None else series.points}
