"""What is known of the hazard of a recall, and its classes by jurisdiction, by API."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.export.trace import plain_value
from traceapp.recall import service
from traceapp.recall.classes import classifications_of
from traceapp.recall.hazard_facts import hazard_facts
from traceapp.recall.states import RecallClass
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .recalls import known_recall
from .schemas import AsWritten, choice, moment, wanted_revision, words

blueprint = ApiBlueprint("api_recall_hazards", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {f"api_recall_hazards.{name}": "recall.write" for name in ("read_facts", "list_classes", "classify")}


class ClassificationSchema(Schema):
    """The class of a recall in one jurisdiction, from a day on: proposed by us, or assigned by an authority."""

    position = fields.Integer(dump_only=True)
    jurisdiction = fields.String(required=True, validate=validate.Regexp(r"[A-Z]{2}\Z"))
    recall_class = choice(RecallClass, required=True)
    is_assigned = fields.Boolean(required=True)
    by_whom = words(200, load_default="")
    on = fields.Date(required=True)
    basis = words(4000, least=1, required=True)
    at = moment(dump_only=True)
    by = fields.String(dump_only=True)


@blueprint.route("/recalls/<recall_id>/evaluation/facts", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_facts(recall_id: str) -> Response:
    """What the house knows for the hazard evaluation: reports, adverse events, people, units of the lots in scope"""
    with world().database.read() as session:
        found = hazard_facts(session, known_recall(session, recall_id), world().clock.now())
        return jsonify(plain_value(found) | {
            "sent": {unit or "": plain_value(amount) for unit, amount in found.sent.items()}})


@blueprint.route("/recalls/<recall_id>/classifications", methods=["GET"])
@blueprint.response(200, ClassificationSchema(many=True))
def list_classes(recall_id: str) -> object:
    """The classes of a recall by jurisdiction, in the order in which they were written down"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return classifications_of(session, recall_id)


@blueprint.route("/recalls/<recall_id>/classifications", methods=["POST"])
@blueprint.arguments(ClassificationSchema)
@blueprint.alt_response(201, schema=ClassificationSchema)
def classify(given: dict[str, Any], recall_id: str) -> tuple[Response, int]:
    """Write down a class; a stricter one of an authority begins the clocks of its class there (If-Match)"""
    with unit_of_work() as session:
        row = service.classify_recall(session, signed_in(), world().clock, service.ClassifyRecall(
            recall_id, revision=wanted_revision(), **given))
        return jsonify(ClassificationSchema().dump(row)), 201
