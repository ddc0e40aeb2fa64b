"""Signals and what is expected of a product, by API."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.catalog.model import Product
from traceapp.complaint.states import Severity
from traceapp.core.errors import NotFound
from traceapp.signals.delay import Delay
from traceapp.surveillance import deciding, queries
from traceapp.surveillance.alarm import NodeKind, SeverityGroup
from traceapp.surveillance.basis import SetBasis, basis_of, set_basis
from traceapp.surveillance.case_lots import alarms_of_case
from traceapp.surveillance.case_reads import decisions_of_case, lots_of_case
from traceapp.surveillance.model import Signal
from traceapp.surveillance.observe import lot_curve
from traceapp.surveillance.states import TRANSITIONS, Priority, SignalState
from traceapp.trace.model import Lot
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import AsWritten, Paging, choice, listed, moment, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_signals", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {
    "api_signals.list_signals": "signal.read", "api_signals.read_signal": "signal.read",
    "api_signals.read_alarms": "signal.read", "api_signals.decide": "signal.decide",
    "api_signals.read_lots": "signal.read", "api_signals.read_decisions": "signal.read",
    "api_signals.read_curve": "signal.read", "api_signals.read_basis": "signal.read",
    "api_signals.write_basis": "surveillance.configure",
}


class ListedSignalSchema(Schema):
    """A case, named and counted by its strongest alarm."""

    id = fields.String()
    lot_key = fields.String()
    reference = fields.String()
    kind = choice(NodeKind)
    node_key = fields.String()
    name = fields.String()
    severity_group = choice(SeverityGroup)
    product_id = fields.String(allow_none=True)
    method = fields.String()
    opened_at = moment()
    since = fields.Date()
    observed = fields.Integer()
    expected = fields.Float()
    llr = fields.Float()
    critical = fields.Float()
    state = choice(SignalState)
    priority = choice(Priority, allow_none=True)
    due_at = moment(allow_none=True)
    merged_into_id = fields.String(allow_none=True)


class AlarmSchema(Schema):
    """One alarm of a case with its frozen evidence."""

    position = fields.Integer()
    signal_id = fields.String()
    at = moment()
    kind = choice(NodeKind)
    node_key = fields.String()
    name = fields.String()
    severity_group = choice(SeverityGroup)
    method = fields.String()
    product_id = fields.String(allow_none=True)
    since = fields.Date()
    observed = fields.Integer()
    expected = fields.Float()
    llr = fields.Float()
    critical = fields.Float()
    lot_keys = fields.List(fields.String())
    evidence = fields.Raw()


class SignalSchema(ListedSignalSchema):
    """A case as it stands."""


class SignalFilterSchema(Paging):
    """Which signals."""

    state = choice(SignalState, load_default=None)
    kind = choice(NodeKind, load_default="")
    priority = choice(Priority, load_default="")
    product_id = words(32, load_default="")
    lot_key = words(32, load_default="")


class AssessmentSchema(Schema):
    """What was looked at, whether it is real, the worst harm, how many people, what is proposed."""

    looked_at = words(4000, least=1, required=True)
    is_real = choice(deciding.Reality, required=True)
    severity = choice(Severity, required=True)
    proposal = choice(deciding.Proposal, required=True)
    people = fields.Integer(load_default=None, allow_none=True)


class DecideSchema(Schema):
    """What is decided, and why: with a priority to prioritise, an assessment to assess, another signal to merge."""

    action = choice(TRANSITIONS, required=True)
    reason = words(4000, least=1, required=True)
    priority = choice(Priority, load_default=None, allow_none=True)
    assessment = fields.Nested(AssessmentSchema, load_default=None, allow_none=True)
    into_id = words(32, load_default=None, allow_none=True)


class SignalDecisionSchema(Schema):
    """One decision about a signal; `details` are the answers of its form."""

    signal_id = fields.String()
    position = fields.Integer()
    action = choice(TRANSITIONS)
    reason = fields.String()
    at = moment()
    by = fields.String()
    details = fields.Raw()


class BasisSchema(Schema):
    """Reports of harm per unit, mean delays in days, false alarms per lot, least number of reports."""

    rate_per_unit = fields.Float(required=True)
    use_mean_days = fields.Float(required=True, validate=validate.Range(min=0, max=3650))
    report_shape = fields.Float(required=True)
    report_mean_days = fields.Float(required=True, validate=validate.Range(min=0, max=3650))
    alpha = fields.Float(load_default=0.01)
    minimum_events = fields.Integer(load_default=3)
    note = words(4000, load_default="")
    is_default = fields.Boolean(dump_only=True)
    set_by = fields.String(dump_only=True)
    revision = fields.Integer(dump_only=True)


def _found(session: Any, signal_id: str) -> Signal:
    signal = queries.signal_by_id(session, signal_id)
    if signal is None:
        raise NotFound("There is no such signal.", place="signal_id")
    return signal


@blueprint.route("/signals", methods=["GET"])
@blueprint.arguments(SignalFilterSchema, location="query")
@blueprint.response(200, listed(ListedSignalSchema, "SignalList"))
def list_signals(wanted: dict[str, Any]) -> dict[str, Any]:
    """Signals, the newest first"""
    state = wanted.pop("state")
    with world().database.read() as session:
        found = queries.signal_page(session, queries.SignalFilter(states=(state,) if state else (), **wanted))
        return page_answer(found)


@blueprint.route("/signals/<signal_id>", methods=["GET"])
@blueprint.alt_response(200, schema=SignalSchema)
def read_signal(signal_id: str) -> Response:
    """One signal with its evidence"""
    with world().database.read() as session:
        return shown(SignalSchema(), _found(session, signal_id))


@blueprint.route("/signals/<signal_id>/alarms", methods=["GET"])
@blueprint.alt_response(200, schema=AlarmSchema(many=True))
def read_alarms(signal_id: str) -> Response:
    """Every alarm of a case, the oldest first, with its evidence as it was"""
    with world().database.read() as session:
        return jsonify(AlarmSchema(many=True).dump(alarms_of_case(session, _found(session, signal_id))))


@blueprint.route("/signals/<signal_id>/lots", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_lots(signal_id: str) -> Response:
    """The finished lots of a case as they are now, those with most reports first"""
    here = world()
    with here.database.read() as session:
        lots = lots_of_case(session, _found(session, signal_id), here.clock.now().date())
        return jsonify({"is_cut": lots.is_cut, "lots": [
            {"lot_key": one.lot_key, "number": one.number, "observed": one.observed, "expected": one.expected,
             "units": str(one.units)} for one in lots.seen]})


@blueprint.route("/signals/<signal_id>/decisions", methods=["GET"])
@blueprint.alt_response(200, schema=SignalDecisionSchema(many=True))
def read_decisions(signal_id: str) -> Response:
    """What was decided about a case and about those merged into it, the newest first"""
    with world().database.read() as session:
        return jsonify(SignalDecisionSchema(many=True).dump(
            [decision for _signal, decision in decisions_of_case(session, _found(session, signal_id))]))


@blueprint.route("/signals/<signal_id>/decisions", methods=["POST"])
@blueprint.arguments(DecideSchema)
@blueprint.alt_response(200, schema=SignalSchema)
def decide(given: dict[str, Any], signal_id: str) -> Response:
    """Decide about a signal (If-Match)"""
    here = world()
    with unit_of_work() as session:
        assessment = given["assessment"]
        signal = deciding.decide_signal(session, signed_in(), here.clock, deciding.Decide(
            _found(session, signal_id).lot_key, signal_id, given["action"], given["reason"], wanted_revision(),
            given["priority"], deciding.Assessment(**assessment) if assessment else None, given["into_id"]))
        session.flush()
        return shown(SignalSchema(), signal)


@blueprint.route("/lots/<lot_key>/curve", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_curve(lot_key: str) -> Response:
    """Complaints of a lot against expected, with the alarm line"""
    here = world()
    with here.database.read() as session:
        lot = session.get(Lot, lot_key)
        if lot is None:
            raise NotFound("There is no such lot.", place="lot_key")
        seen = lot_curve(session, lot, here.clock.now().date())
        return jsonify({"curve": seen.curve.plain() if seen.curve else None, "reason": seen.reason,
                        "planned": seen.planned, "critical": seen.critical.value if seen.critical else None})


@blueprint.route("/products/<product_id>/detection", methods=["GET"])
@blueprint.alt_response(200, schema=BasisSchema)
def read_basis(product_id: str) -> Response:
    """What is expected of a product"""
    with world().database.read() as session:
        if session.get(Product, product_id) is None:
            raise NotFound("There is no such product.", place="product_id")
        return _basis(basis_of(session, product_id))


@blueprint.route("/products/<product_id>/detection", methods=["PUT"])
@blueprint.arguments(BasisSchema)
@blueprint.alt_response(200, schema=BasisSchema)
def write_basis(given: dict[str, Any], product_id: str) -> Response:
    """Set what is expected of a product (If-Match)"""
    here = world()
    delay = Delay(given.pop("use_mean_days"), given.pop("report_shape"), given.pop("report_mean_days"))
    with unit_of_work() as session:
        return _basis(set_basis(session, signed_in(), here.clock, SetBasis(
            product_id, delay=delay, revision=wanted_revision(), **given)))


def _basis(basis: Any) -> Response:
    answer = jsonify(BasisSchema().dump({
        "rate_per_unit": basis.rate_per_unit, "use_mean_days": basis.delay.use_mean_days,
        "report_shape": basis.delay.report_shape, "report_mean_days": basis.delay.report_mean_days,
        "alpha": basis.alpha, "minimum_events": basis.minimum_events, "note": basis.note,
        "is_default": basis.is_default, "set_by": basis.set_by, "revision": basis.revision}))
    answer.headers["ETag"] = f'"{basis.revision}"'
    return answer
