"""What the nightly screen of lots × terms found, by API."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from traceapp.surveillance.screen_queries import SORTS, ScreenFilter, screen_page, screen_runs
from traceapp.web.context import world

from .blueprint import ApiBlueprint
from .schemas import AsWritten, Paging, choice, listed, moment, page_answer, words

blueprint = ApiBlueprint("api_screen", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {"api_screen.list_screen": "signal.read", "api_screen.list_screen_runs": "signal.read"}


class ScreenCellSchema(Schema):
    """A lot and a term with at least two reports. `prr`, `ror`: null where no other lot has the term; `eb05`: null
    where it cannot matter."""

    id = fields.String()
    product_id = fields.String()
    lot_key = fields.String()
    term = fields.String()
    reports = fields.Integer()
    lot_reports = fields.Integer()
    term_reports = fields.Integer()
    expected = fields.Float()
    ic = fields.Float()
    ic025 = fields.Float()
    ebgm = fields.Float()
    eb05 = fields.Float(allow_none=True)
    prr = fields.Float(allow_none=True)
    ror = fields.Float(allow_none=True)
    is_flagged = fields.Boolean()
    flagged_at = moment(allow_none=True)


class ScreenFilterSchema(Paging):
    """Which pairs."""

    product_id = words(32, load_default="")
    lot_key = words(32, load_default="")
    term = words(80, load_default="")
    only_flagged = fields.Boolean(load_default=False)
    sort = choice(SORTS, load_default="ic025")


class ScreenRunSchema(Schema):
    """The last screen of a product: what was counted, and the prior of the shrinkage."""

    product_id = fields.String()
    ran_at = moment()
    reports = fields.Integer()
    lots = fields.Integer()
    terms = fields.Integer()
    pairs = fields.Integer()
    kept = fields.Integer()
    prior = fields.Dict(keys=fields.String(), values=fields.Float())
    is_fitted = fields.Boolean()
    jumps = fields.List(fields.Dict())


@blueprint.route("/screen", methods=["GET"])
@blueprint.arguments(ScreenFilterSchema, location="query")
@blueprint.response(200, listed(ScreenCellSchema, "ScreenList"))
def list_screen(wanted: dict[str, Any]) -> dict[str, Any]:
    """Pairs of lot and term, the most remarkable first"""
    with world().database.read() as session:
        return page_answer(screen_page(session, ScreenFilter(**wanted)))


@blueprint.route("/screen/runs", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def list_screen_runs() -> Response:
    """When each product was screened last, over how many reports"""
    with world().database.read() as session:
        return jsonify({"runs": ScreenRunSchema(many=True).dump(screen_runs(session))})
