"""Group events that were found by themselves, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.adverse_event import groups
from traceapp.adverse_event.group_model import GroupState
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world
from traceapp.worklist.legal_clocks import clocks_about

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .legal_clocks import ClockSchema
from .schemas import choice, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_groups", __name__, url_prefix="/api/v1", description="Adverse events: group events")
PERMISSIONS = {"api_groups.list_groups": "adverse_event.write", "api_groups.list_group_clocks": "adverse_event.write",
               "api_groups.list_group_complaints": "adverse_event.write", "api_groups.decide": "adverse_event.decide"}


class GroupSchema(Schema):
    """Several persons at one place with one lot. `place`: `consignee:` with its id, or `region:` of China."""

    id = fields.String()
    reference = fields.String()
    lot_key = fields.String()
    place = fields.String()
    known_at = moment()
    found_at = moment()
    least = fields.Integer()
    days = fields.Integer()
    state = choice(GroupState)
    decided_at = moment(allow_none=True)
    reason = fields.String()


class GroupCaseSchema(Schema):
    """A complaint of the group."""

    id = fields.String()
    reference = fields.String()
    awareness_at = moment()
    happened_on = fields.Date(allow_none=True)


class DecideGroupSchema(Schema):
    """Whether it is a group event, and why."""

    is_group = fields.Boolean(required=True)
    reason = words(2000, least=1, required=True)


@blueprint.route("/groups", methods=["GET"])
@blueprint.response(200, GroupSchema(many=True))
def list_groups() -> object:
    """Group events, those that wait for a decision first"""
    with world().database.read() as session:
        return groups.groups_found(session)


@blueprint.route("/groups/<group_id>/complaints", methods=["GET"])
@blueprint.response(200, GroupCaseSchema(many=True))
def list_group_complaints(group_id: str) -> object:
    """The complaints that a group consists of"""
    with world().database.read() as session:
        return groups.cases_of(session, _found(session, group_id))


@blueprint.route("/groups/<group_id>/clocks", methods=["GET"])
@blueprint.response(200, ClockSchema(many=True))
def list_group_clocks(group_id: str) -> object:
    """The legal clocks of a group, the earliest due first"""
    with world().database.read() as session:
        return clocks_about(session, groups.about(_found(session, group_id).id))


@blueprint.route("/groups/<group_id>/decision", methods=["POST"])
@blueprint.arguments(DecideGroupSchema)
@blueprint.alt_response(200, schema=GroupSchema)
def decide(given: dict[str, Any], group_id: str) -> Response:
    """Say that it is a group event, or none (If-Match)"""
    with unit_of_work() as session:
        done = groups.decide_group(session, signed_in(), world().clock, groups.DecideGroup(
            group_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(GroupSchema(), done)


def _found(session: Any, group_id: str) -> Any:
    group = groups.group_by_id(session, group_id)
    if group is None:
        raise NotFound("There is no such group.", code="unknown-group", place="group_id")
    return group
