"""Group events that were found by themselves, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.adverse_event import group_rule, groups
from traceapp.adverse_event.group_model import GroupState
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world
from traceapp.worklist.legal_clocks import clocks_about

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .legal_clocks import ClockSchema
from .schemas import choice, created, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_groups", __name__, url_prefix="/api/v1", description="Adverse events: group events")
PERMISSIONS = {"api_groups.list_groups": "adverse_event.write", "api_groups.list_group_clocks": "adverse_event.write",
               "api_groups.list_group_complaints": "adverse_event.write", "api_groups.decide": "adverse_event.decide",
               "api_groups.read_rule": "adverse_event.write", "api_groups.set_rule": "adverse_event.decide"}


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


class GroupRuleSchema(Schema):
    """From `set_at` on, `least` persons within `days` days are a group event."""

    version = fields.Integer()
    least = fields.Integer()
    days = fields.Integer()
    reason = fields.String()
    set_at = moment()
    set_by = fields.String()


class GroupRulesSchema(Schema):
    """What holds now, and every version, the latest first; version 0 is the stated default."""

    least = fields.Integer()
    days = fields.Integer()
    version = fields.Integer()
    versions = fields.List(fields.Nested(GroupRuleSchema))


class SetGroupRuleSchema(Schema):
    """The new rule, the latest version that was seen, and why."""

    least = fields.Integer(required=True)
    days = fields.Integer(required=True)
    version = fields.Integer(load_default=None, allow_none=True)
    reason = words(2000, least=1, required=True)


@blueprint.route("/group-rule", methods=["GET"])
@blueprint.response(200, GroupRulesSchema)
def read_rule() -> dict[str, object]:
    """How many persons within how many days are a group event, who set it, and why"""
    with world().database.read() as session:
        rule = group_rule.rule_now(session)
        return {"least": rule.least, "days": rule.days, "version": rule.version,
                "versions": group_rule.rule_versions(session)}


@blueprint.route("/group-rule", methods=["POST"])
@blueprint.arguments(SetGroupRuleSchema)
@blueprint.alt_response(201, schema=GroupRuleSchema)
def set_rule(given: dict[str, Any]) -> Response:
    """Set it anew; batches with as many reports are looked at again"""
    with unit_of_work() as session:
        made = group_rule.set_rule(session, signed_in(), world().clock, group_rule.SetGroupRule(**given))
        return created(GroupRuleSchema(), made, "api_groups.read_rule")


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
