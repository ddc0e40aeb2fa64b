"""What was decided of an adverse event beyond its assessment, by API."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from traceapp.adverse_event import decisions
from traceapp.adverse_event.decision_model import DecisionKind
from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .legal_clocks import ClockSchema
from .schemas import choice, moment, wanted_revision, words

blueprint = ApiBlueprint("api_adverse_event_decisions", __name__, url_prefix="/api/v1",
                         description="Adverse events: decisions of the manager")
PERMISSIONS = {
    "api_adverse_event_decisions.list_decisions": "adverse_event.write",
    "api_adverse_event_decisions.decide": "adverse_event.decide",
}


class EventDecisionSchema(Schema):
    """A group event, a serious threat to public health, action needed at once, or large impact. `known_at`: since when
    we knew what it rests on; the clocks count from there, without it from now."""

    kind = choice(DecisionKind, required=True)
    reason = words(2000, least=1, required=True)
    known_at = moment(load_default=None, allow_none=True)
    at = moment(dump_only=True)
    by = fields.String(dump_only=True)


@blueprint.route("/adverse-events/<adverse_event_id>/decisions", methods=["GET"])
@blueprint.response(200, EventDecisionSchema(many=True))
def list_decisions(adverse_event_id: str) -> object:
    """What was decided of an adverse event, oldest first"""
    with world().database.read() as session:
        if adverse_event_by_id(session, adverse_event_id) is None:
            raise NotFound("There is no such adverse event.", place="adverse_event_id")
        return decisions.decisions_of(session, adverse_event_id)


@blueprint.route("/adverse-events/<adverse_event_id>/decisions", methods=["POST"])
@blueprint.arguments(EventDecisionSchema)
@blueprint.alt_response(200, schema=ClockSchema(many=True))
def decide(given: dict[str, Any], adverse_event_id: str) -> Response:
    """Decide for an adverse event; answers the legal clocks that begin (If-Match)"""
    with unit_of_work() as session:
        begun = decisions.decide_adverse_event(session, signed_in(), world().clock, decisions.DecideAdverseEvent(
            adverse_event_id, revision=wanted_revision(), **given))
        session.flush()
        return jsonify(ClockSchema(many=True).dump(begun))
