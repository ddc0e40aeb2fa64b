"""Legal clocks by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.adverse_event.markets import Ground
from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.adverse_event.service import about
from traceapp.core.errors import NotFound
from traceapp.recall.cases import recall_stream
from traceapp.rules import rules
from traceapp.web.context import signed_in, world
from traceapp.web.oversight import own_clocks
from traceapp.worklist import legal_clocks
from traceapp.worklist.clock_model import ClockState

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .recalls import known_recall
from .schemas import choice, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_legal_clocks", __name__, url_prefix="/api/v1", description="Legal clocks")
PERMISSIONS = {
    "api_legal_clocks.list_rules": "adverse_event.read", "api_legal_clocks.list_clocks": "adverse_event.read",
    "api_legal_clocks.list_recall_clocks": "recall.read",
    "api_legal_clocks.end": "adverse_event.write", "api_legal_clocks.set_day": "adverse_event.write",
}


class RuleSchema(Schema):
    """A row of the law: one limit, one article, one source. `mark`: V the text was seen, S a summary of it, M not
    verified. Without `limit` a person has to set the day."""

    id = fields.String()
    jurisdiction = fields.String()
    kinds = fields.Raw(allow_none=True)
    classes = fields.Raw()
    roles = fields.Raw()
    triggers = fields.Raw()
    starts = fields.String()
    limit = fields.Integer(allow_none=True)
    unit = fields.String()
    repeats = fields.Boolean()
    limit_text = fields.String()
    event = fields.String()
    recipient = fields.String()
    report = fields.String()
    article = fields.String()
    mark = fields.String()
    source = fields.String()
    effective_from = fields.String(allow_none=True)
    effective_to = fields.String(allow_none=True)


class ClockSchema(Schema):
    """A rule that runs for a case, as it stood when it began; `rule_id` is `undetermined` where no rule matched.
    `ground`: why this authority is asked; `is_repeating`: after each report the next one is due; `follows_id`: the
    clock whose report began this one."""

    id = fields.String()
    about = fields.String()
    reference = fields.String()
    jurisdiction = fields.String()
    rule_id = fields.String()
    rule = fields.Raw()
    why = fields.Raw()
    ground = choice(("", *Ground))
    started_at = moment()
    due_at = moment()
    has_limit = fields.Boolean()
    is_provisional = fields.Boolean()
    is_repeating = fields.Boolean()
    state = choice(ClockState)
    ended_at = moment(allow_none=True)
    ended_by = fields.String(allow_none=True)
    reason = fields.String()
    acknowledgement = fields.String()
    report_sha256 = fields.String()
    follows_id = fields.String(allow_none=True)


class EndSchema(Schema):
    """`reported` with the authority's confirmation and the hash of the file that was sent, or `not_reportable`."""

    decision = choice((ClockState.reported, ClockState.not_reportable), required=True)
    reason = words(4000, least=1, required=True)
    acknowledgement = words(120, load_default="")
    sha256 = words(64, load_default="")


class DaySchema(Schema):
    """The last day of a clock to which the law gives none."""

    last_day = fields.Date(required=True)
    reason = words(4000, least=1, required=True)


@blueprint.route("/clock-rules", methods=["GET"])
@blueprint.response(200, RuleSchema(many=True))
def list_rules() -> object:
    """All legal clocks, with their articles and sources"""
    return [legal_clocks.frozen(rule) for rule in rules()]


@blueprint.route("/adverse-events/<adverse_event_id>/clocks", methods=["GET"])
@blueprint.response(200, ClockSchema(many=True))
def list_clocks(adverse_event_id: str) -> object:
    """The legal clocks of an adverse event, the earliest due first"""
    with world().database.read() as session:
        if adverse_event_by_id(session, adverse_event_id) is None:
            raise NotFound("There is no such adverse event.", place="adverse_event_id")
        return own_clocks(legal_clocks.clocks_about(session, about(adverse_event_id)))


@blueprint.route("/recalls/<recall_id>/clocks", methods=["GET"])
@blueprint.response(200, ClockSchema(many=True))
def list_recall_clocks(recall_id: str) -> object:
    """The legal clocks of a recall, the earliest due first"""
    with world().database.read() as session:
        return own_clocks(legal_clocks.clocks_about(session, recall_stream(known_recall(session, recall_id))))


@blueprint.route("/clocks/<clock_id>/end", methods=["POST"])
@blueprint.arguments(EndSchema)
@blueprint.alt_response(200, schema=ClockSchema)
def end(given: dict[str, Any], clock_id: str) -> Response:
    """End a clock: reported and confirmed, or no report due (If-Match)"""
    with unit_of_work() as session:
        found = legal_clocks.end_clock(session, signed_in(), world().clock, legal_clocks.EndClock(
            clock_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(ClockSchema(), found)


@blueprint.route("/clocks/<clock_id>/day", methods=["PUT"])
@blueprint.arguments(DaySchema)
@blueprint.alt_response(200, schema=ClockSchema)
def set_day(given: dict[str, Any], clock_id: str) -> Response:
    """Set the day of a clock to which the law gives none (If-Match)"""
    with unit_of_work() as session:
        found = legal_clocks.set_clock_day(session, signed_in(), world().clock, legal_clocks.SetClockDay(
            clock_id, revision=wanted_revision(), **given))
        return shown(ClockSchema(), found)
