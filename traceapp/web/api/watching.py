"""What is watched, and the budget of false alarms, by API."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.core.errors import NotFound
from traceapp.surveillance.alarm import NodeKind, SeverityGroup
from traceapp.surveillance.alarming import evidence_of, name_of
from traceapp.surveillance.budget import KINDS, SetBudget, budget_state, budget_versions, set_budget
from traceapp.surveillance.judging import Standing, judge
from traceapp.surveillance.watch_model import WatchNode
from traceapp.surveillance.watch_queries import WatchFilter, members_of, node_curve, tests_of, watched_page
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import AsWritten, Paging, choice, created, listed, moment, page_answer, words

blueprint = ApiBlueprint("api_watching", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {
    "api_watching.list_nodes": "signal.read", "api_watching.read_node": "signal.read",
    "api_watching.read_budget": "signal.read", "api_watching.write_budget": "surveillance.configure",
}
_SHOWN_LOTS = 200


class WatchedTestSchema(Schema):
    """One test of one node: what it counts beside what is expected today, and how near its line is (1 alarms)."""

    node_key = fields.String()
    group = choice(SeverityGroup)
    kind = choice(NodeKind)
    name = fields.String()
    period = fields.String()
    product_id = fields.String(allow_none=True)
    begun_on = fields.Date()
    lots = fields.Integer()
    observed = fields.Integer()
    expected = fields.Float()
    nearness = fields.Float()
    standing = choice(Standing)


class WatchFilterSchema(Paging):
    """Which tests."""

    kind = choice(NodeKind, load_default=None)
    group = choice(SeverityGroup, load_default=None)
    product_id = words(32, load_default="")
    least_nearness = fields.Float(load_default=0.0, validate=validate.Range(min=0, max=1000))
    least_observed = fields.Integer(load_default=0, validate=validate.Range(min=0, max=10**9))


class BudgetSchema(Schema):
    """False alarms for a hundred lots released, and the percent of each kind of node and of the screens."""

    version = fields.Integer(dump_only=True)
    per_hundred_lots = fields.Float(required=True)
    weights = fields.Dict(keys=fields.String(validate=validate.OneOf(KINDS)), values=fields.Float(), required=True)
    reason = words(2000)
    set_at = moment(dump_only=True, allow_none=True)
    set_by = fields.String(dump_only=True)


class SetBudgetSchema(BudgetSchema):
    """The same, and the latest version that was seen: another one since refuses it."""

    reason = words(2000, least=1, required=True)
    seen_version = fields.Integer(load_default=None, allow_none=True)


class KindSpentSchema(Schema):
    """One kind of node in the year: its weight, the `share` in percent that it may spend now and what that comes to,
    what it spent, how many nodes began. Of a kind that the house has not, half of the weight is lent to the others."""

    kind = fields.String()
    weight = fields.Float()
    share = fields.Float()
    promised = fields.Float()
    spent = fields.Float()
    left = fields.Float()
    nodes = fields.Integer()


class BudgetStateSchema(Schema):
    """The year until today; version 0 is what the service comes with."""

    promise = fields.Nested(BudgetSchema)
    on = fields.Date()
    lots = fields.Integer()
    promised = fields.Float()
    spent = fields.Float()
    left = fields.Float()
    kinds = fields.List(fields.Nested(KindSpentSchema))
    refuted = fields.Integer()
    confirmed = fields.Integer()
    versions = fields.List(fields.Nested(BudgetSchema))


def _row(test: WatchNode) -> dict[str, Any]:
    seen = judge(test, test.observed, world().clock.now().date())
    return {"node_key": test.node_key, "group": test.severity_group, "kind": test.kind, "name": test.name,
            "period": test.period, "product_id": test.product_id, "begun_on": test.begun_on, "lots": test.lots,
            "observed": test.observed, "expected": seen.expected, "nearness": test.nearness, "standing": seen.standing}


@blueprint.route("/watched-nodes", methods=["GET"])
@blueprint.arguments(WatchFilterSchema, location="query")
@blueprint.response(200, listed(WatchedTestSchema, "WatchedTestList"))
def list_nodes(wanted: dict[str, Any]) -> dict[str, Any]:
    """What is watched, the nearest to its alarm line first"""
    with world().database.read() as session:
        return page_answer(watched_page(session, WatchFilter(
            **{name: value for name, value in wanted.items() if value is not None})), _row)


@blueprint.route("/watched-nodes/<node_key>", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_node(node_key: str) -> Response:
    """One node: its tests with their curves, and the lots in it"""
    on = world().clock.now().date()
    with world().database.read() as session:
        tests = tests_of(session, node_key)
        if not tests:
            raise NotFound("There is no such node under watch.", place="node_key")
        curves = {test.severity_group: node_curve(session, test, on) for test in tests}
        members = members_of(session, node_key, _SHOWN_LOTS)
    first = tests[0]
    return jsonify({
        "node_key": node_key, "kind": first.kind, "name": name_of(first),
        "tests": {test.severity_group: evidence_of(test, seen := judge(test, test.observed, on)) | {
            "standing": str(seen.standing), "nearness": seen.nearness,
            "curve": curve.plain() if (curve := curves[test.severity_group]) else None} for test in tests},
        "lots": [{"lot_key": one.lot.lot_key, "number": one.lot.number, "harm": one.harm, "serious": one.serious,
                  "consignees": one.consignees} for one in members]})


@blueprint.route("/false-alarm-budget", methods=["GET"])
@blueprint.response(200, BudgetStateSchema)
def read_budget() -> dict[str, Any]:
    """The false alarms that are promised, spent and left"""
    with world().database.read() as session:
        state = budget_state(session, world().clock.now().date())
        return {**{name: getattr(state, name) for name in (
            "promise", "on", "lots", "promised", "spent", "left", "kinds", "refuted", "confirmed")},
            "versions": budget_versions(session)}


@blueprint.route("/false-alarm-budget", methods=["POST"])
@blueprint.arguments(SetBudgetSchema)
@blueprint.alt_response(201, schema=BudgetSchema)
def write_budget(given: dict[str, Any]) -> Response:
    """Promise another number of false alarms, or split it differently"""
    with unit_of_work() as session:
        made = set_budget(session, signed_in(), world().clock, SetBudget(
            given["per_hundred_lots"], given["weights"], given["reason"], given["seen_version"]))
        return created(BudgetSchema(), made, "api_watching.read_budget")
