"""The periodic safety report of a product, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.web.periodic import FORMS, PeriodicFile, send_periodic

from .blueprint import ApiBlueprint
from .schemas import choice, words

blueprint = ApiBlueprint("api_periodic", __name__, url_prefix="/api/v1/exports", description="Tables as files")
PERMISSIONS = {"api_periodic.periodic": "report.write"}


class PeriodicQuery(Schema):
    """Of which product, from which day to which, both counted; `public` hides small counts."""

    product_id = words(32, least=1, required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    format = choice(FORMS, load_default="docx")
    public = fields.Boolean(load_default=False)


@blueprint.route("/periodic", methods=["GET"])
@blueprint.arguments(PeriodicQuery, location="query")
@blueprint.alt_response(200, content_type="application/*", schema={"type": "string", "format": "binary"})
def periodic(wanted: dict[str, Any]) -> Response:
    """Sales, cases, signals, recalls and reports of a product in a period, as a document"""
    return send_periodic(PeriodicFile(wanted["product_id"], wanted["since"], wanted["until"], wanted["format"],
                                      wanted["public"]))
