"""Scopes of recalls by API: rules, what they find and why, several side by side, and what has come since."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.export.trace import plain_value
from traceapp.recall.proposing import Ruled, proposed
from traceapp.recall.scope_rule import MOST_RULES
from traceapp.recall.scope_taking import TakeRules, growth_of, take_rules
from traceapp.recall.side_by_side import Side, difference, side, side_of
from traceapp.recall.signal_causes import alternatives_of, causes_of_signal, rule_of_cause, rule_of_signal
from traceapp.surveillance.queries import signal_by_id
from traceapp.web.context import signed_in, world
from traceapp.web.reading import ZONE

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .recalls import RecallSchema, known_recall
from .schemas import AsWritten, shown, wanted_revision, words
from .scope_rules import ScopeRuleSchema, rules_given

blueprint = ApiBlueprint("api_recall_scopes", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {f"api_recall_scopes.{name}": "recall.write" for name in ("compare", "read_rules", "take", "read_causes")}


class RulesSchema(Schema):
    """The rules of one scope: it is all that any of them finds."""

    rules = fields.List(fields.Nested(ScopeRuleSchema), required=True, validate=validate.Length(min=1, max=MOST_RULES))


class CompareSchema(Schema):
    """One to five scopes; `recall_id`: with the answers of its consignees; `signal_id`: with how likely the causes are
    that each leaves outside."""

    scopes = fields.List(fields.Nested(RulesSchema), required=True, validate=validate.Length(min=1, max=5))
    recall_id = words(32, load_default=None, allow_none=True)
    signal_id = words(32, load_default=None, allow_none=True)


def _found(found: Ruled) -> list[dict[str, Any]]:
    lots = []
    for lot in found.scope.lots:
        why = found.why(lot.lot_key)
        lots.append(plain_value(lot) | {
            "rule": why[0] if why else None, "because": plain_value(why[1]) if why else None})
    return lots


def _side(one: Side) -> dict[str, Any]:
    return {"rules": [rule.as_data for rule in one.found.rules], "lots": _found(one.found),
            "consignees": plain_value(one.scope.consignees), "countries": {
                country: {unit or "": plain_value(amount) for unit, amount in units.items()}
                for country, units in sorted(one.units_by_country.items())},
            "units": plain_value(one.positions), "passed_through": one.scope.passed_through,
            "causes": None if one.mass is None else plain_value(one.mass)}


@blueprint.route("/scope-comparisons", methods=["POST"])
@blueprint.arguments(CompareSchema)
@blueprint.alt_response(200, schema=AsWritten)
def compare(given: dict[str, Any]) -> Response:
    """What one to five scopes take in and why, and what each has that the others have not; nothing is kept"""
    here = world()
    with here.database.read() as session:
        ranking = None
        if given["signal_id"]:
            ranking = causes_of_signal(session, given["signal_id"], here.clock.now().astimezone(ZONE).date()).ranking
        sides = [side(session, rules_given(one["rules"]), given["recall_id"], ranking) for one in given["scopes"]]
        return jsonify({"scopes": [_side(one) for one in sides], "differences": [
            {"of": first, "beside": second, **plain_value(difference(one, other))}
            for first, one in enumerate(sides) for second, other in enumerate(sides) if first != second]})


@blueprint.route("/recalls/<recall_id>/scope-rules", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_rules(recall_id: str) -> Response:
    """The rules of a recall, what they find now, and what of it has come since the scope was last frozen"""
    with world().database.read() as session:
        recall = known_recall(session, recall_id)
        found = proposed(session, recall)
        growth = growth_of(session, recall, found.scope)
        return jsonify(_side(side_of(session, found, recall.id)) | {"since_frozen": None if growth is None else {
            "position": growth.position, "scope_number": growth.scope_number, "hash": growth.scope_hash,
            "lots": growth.lots, "consignees": growth.consignees, "gone": growth.gone,
            "lines": [{"lot_key": key, "consignee_id": consignee, "then": plain_value(then), "now": plain_value(now)}
                      for (key, consignee), (then, now) in growth.lines.items()]}})


@blueprint.route("/recalls/<recall_id>/scope-rules", methods=["PUT"])
@blueprint.arguments(RulesSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def take(given: dict[str, Any], recall_id: str) -> Response:
    """Make what these rules find the scope of a draft (If-Match)"""
    with unit_of_work() as session:
        take_rules(session, signed_in(), world().clock, TakeRules(
            recall_id, rules_given(given["rules"]), wanted_revision()))
        session.flush()
        return shown(RecallSchema(), known_recall(session, recall_id))


@blueprint.route("/signals/<signal_id>/scope-rules", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_causes(signal_id: str) -> Response:
    """The scopes that a signal suggests: from what stands out, from each class of its causes, from each member"""
    here = world()
    with here.database.read() as session:
        found = causes_of_signal(session, signal_id, here.clock.now().astimezone(ZONE).date())
        classes = found.ranking.classes if found.ranking else ()
        case = signal_by_id(session, signal_id)
        assert case is not None
        return jsonify({"reason": found.reason, "rule": rule_of_signal(session, case).as_data, "causes": [
            {"posterior": one.posterior, "members": list(one.members), "lots": list(one.lots),
             "rule": rule_of_cause(one, signal_id).as_data,
             "alternatives": [rule.as_data for rule in alternatives_of(one, signal_id)]} for one in classes]})
