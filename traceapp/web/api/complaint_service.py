"""Service of complaints by API: promises, the duty roster, who answers for a case, what is offered, measures."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.complaint.clock_model import ClockKind
from traceapp.complaint.compensation_model import CompensationState
from traceapp.complaint.email_draft import draft_from_email
from traceapp.complaint.escalating import DecideCompensation, compensations_of, decide_compensation
from traceapp.complaint.measuring import measures_of
from traceapp.complaint.responding import HandOver, hand_over
from traceapp.complaint.service_clocks import clocks_of
from traceapp.complaint.triage_known import known_answers
from traceapp.web.context import signed_in, world
from traceapp.worklist.roster import gaps
from traceapp.worklist.rostering import AddShift, add_shift, as_shifts, duty_now, remove_shift, roster

from .blueprint import ApiBlueprint
from .complaints import ComplaintSchema, found_complaint
from .idempotency import unit_of_work
from .schemas import Amount, choice, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_complaint_service", __name__, url_prefix="/api/v1", description="Service of complaints")
PERMISSIONS = {
    "api_complaint_service.read_duty": "complaint.read", "api_complaint_service.list_shifts": "complaint.read",
    "api_complaint_service.add": "complaint.approve", "api_complaint_service.remove": "complaint.approve",
    "api_complaint_service.read_triage": "complaint.read", "api_complaint_service.list_clocks": "complaint.read",
    "api_complaint_service.measures": "complaint.read", "api_complaint_service.draft": "complaint.write",
    "api_complaint_service.respond": "complaint.write", "api_complaint_service.list_compensations": "complaint.read",
    "api_complaint_service.decide": "complaint.approve",
}


class ShiftSchema(Schema):
    """Somebody on duty on these days of the week (0 is Monday), in minutes of the day in the zone of the house."""

    id = fields.String()
    user_id = fields.String()
    weekdays = fields.List(fields.Integer())
    starts_minute = fields.Integer()
    ends_minute = fields.Integer()
    first_on = fields.Date()
    last_on = fields.Date(allow_none=True)


class NewShiftSchema(Schema):
    """Times as 08:30; an end that is not after the beginning is on the next day."""

    user_id = words(32, least=1, required=True)
    weekdays = fields.List(fields.Integer(validate=validate.Range(0, 6)), required=True,
                           validate=validate.Length(min=1, max=7))
    starts = words(5, least=4, required=True)
    ends = words(5, least=4, required=True)
    first_on = fields.Date(required=True)
    last_on = fields.Date(load_default=None, allow_none=True)


class DutyGapSchema(Schema):
    """A time without anybody on duty."""

    since = moment()
    until = moment()


class DutySchema(Schema):
    """Who is on duty now, and when nobody is in the next seven days."""

    present = fields.List(fields.String())
    gaps = fields.List(fields.Nested(DutyGapSchema))


class HandOverSchema(Schema):
    """To whom, and why; without `user_id` whoever asks takes it."""

    user_id = words(32, load_default=None, allow_none=True)
    reason = words(4000, load_default="")


class CompensationSchema(Schema):
    """What the rule offers for a broken promise; approved is not paid."""

    id = fields.String()
    kind = fields.String()
    round = fields.Integer()
    severity = fields.String()
    offer = fields.String()
    state = choice(CompensationState)
    proposed_at = moment()
    decided_at = moment(allow_none=True)
    decided_by = fields.String(allow_none=True)
    reason = fields.String()


class OfferDecisionSchema(Schema):
    """The manager's word on an offer."""

    decision = choice((CompensationState.approved, CompensationState.declined), required=True)
    reason = words(4000, least=1, required=True)


class LetterSchema(Schema):
    """The text of an e-mail, with its head if there is one."""

    text = words(20_000, least=1, required=True)


class SuggestionSchema(Schema):
    """A value for a field of a complaint, and the words that it comes from."""

    field = fields.String()
    value = fields.String()
    words = fields.String()


class DraftSchema(Schema):
    """What a person may take over into a complaint."""

    narrative = fields.String()
    suggestions = fields.List(fields.Nested(SuggestionSchema))


class PeriodSchema(Schema):
    """Which complaints: those that came in from `since` on and before `until`."""

    since = moment(required=True)
    until = moment(required=True)


class MeasureSchema(Schema):
    """A share with its interval of 95 percent; null below five answers where people could be recognised."""

    part = fields.Integer()
    whole = fields.Integer()
    value = fields.Float(allow_none=True)
    interval = fields.List(fields.Float(), allow_none=True)


class NetSchema(Schema):
    """Who would recommend us less who would not, from -100 to 100; null below five answers."""

    whole = fields.Integer()
    score = fields.Float(allow_none=True)
    interval = fields.List(fields.Float(), allow_none=True)


class RateSchema(Schema):
    """Complaints about a product beside the units of it that were shipped."""

    product_id = fields.String()
    complaints = fields.Integer()
    shipped = Amount()
    per_ten_thousand = Amount(allow_none=True)


class MeasuresSchema(Schema):
    """How well complaints are handled; `first_answer_hours`: median and 95th percentile."""

    received = fields.Integer()
    first_answer_hours = fields.List(fields.Float(allow_none=True))
    attainment = fields.Dict(keys=fields.String(), values=fields.Nested(MeasureSchema))
    reopened = fields.Nested(MeasureSchema)
    answered_surveys = fields.Nested(MeasureSchema)
    satisfaction = fields.Nested(MeasureSchema, allow_none=True)
    promotion = fields.Nested(NetSchema, allow_none=True)
    products = fields.List(fields.Nested(RateSchema))


class TriageKeptSchema(Schema):
    """What was answered at the last triage, what followed from it, and what the case itself answers."""

    answered = fields.Raw()
    known = fields.Raw()
    because = fields.Raw()


class ServiceClockSchema(Schema):
    """One promise: until when, and when it was kept."""

    kind = choice(ClockKind)
    round = fields.Integer()
    started_at = moment()
    due_at = moment()
    ended_at = moment(allow_none=True)
    escalated_at = moment(allow_none=True)


@blueprint.route("/complaints/<complaint_id>/triage", methods=["GET"])
@blueprint.response(200, TriageKeptSchema)
def read_triage(complaint_id: str) -> object:
    """What was answered at triage, and what of the answers the case itself tells"""
    with world().database.read() as session:
        case = found_complaint(session, complaint_id)
        known = known_answers(session, case)
        return {"answered": case.triage, "known": known.answers, "because": known.because}


@blueprint.route("/complaints/<complaint_id>/clocks", methods=["GET"])
@blueprint.response(200, ServiceClockSchema(many=True))
def list_clocks(complaint_id: str) -> object:
    """What was promised of a complaint, and whether it was kept"""
    with world().database.read() as session:
        return clocks_of(session, found_complaint(session, complaint_id).id)


@blueprint.route("/complaint-measures", methods=["GET"])
@blueprint.arguments(PeriodSchema, location="query")
@blueprint.response(200, MeasuresSchema)
def measures(wanted: dict[str, Any]) -> dict[str, Any]:
    """Measures of the complaints that came in during a period"""
    with world().database.read() as session:
        found = measures_of(session, wanted["since"], wanted["until"], world().clock.now())
    shown_only = {name: getattr(found, name) if getattr(found, name).is_shown else None
                  for name in ("satisfaction", "promotion")}
    return {name: getattr(found, name) for name in MeasuresSchema().fields} | shown_only


@blueprint.route("/complaint-drafts", methods=["POST"])
@blueprint.arguments(LetterSchema)
@blueprint.response(200, DraftSchema)
def draft(given: dict[str, Any]) -> object:
    """What the pasted text of an e-mail suggests; nothing is kept"""
    with world().database.read() as session:
        return draft_from_email(session, given["text"])


@blueprint.route("/duty", methods=["GET"])
@blueprint.response(200, DutySchema)
def read_duty() -> dict[str, Any]:
    """Who is on duty now, and the gaps of the next seven days"""
    now = world().clock.now()
    with world().database.read() as session:
        found = gaps(as_shifts(roster(session)), now, now + timedelta(days=7))
        return {"present": duty_now(session, now), "gaps": [{"since": since, "until": until} for since, until in found]}


@blueprint.route("/duty-shifts", methods=["GET"])
@blueprint.response(200, ShiftSchema(many=True))
def list_shifts() -> object:
    """The duty roster"""
    with world().database.read() as session:
        return roster(session)


@blueprint.route("/duty-shifts", methods=["POST"])
@blueprint.arguments(NewShiftSchema)
@blueprint.response(201, ShiftSchema)
def add(given: dict[str, Any]) -> object:
    """Put somebody on duty"""
    given["weekdays"] = tuple(given["weekdays"])
    with unit_of_work() as session:
        return add_shift(session, signed_in(), world().clock, AddShift(**given))


@blueprint.route("/duty-shifts/<shift_id>", methods=["DELETE"])
@blueprint.alt_response(204)
def remove(shift_id: str) -> Response:
    """Take a shift out of the roster"""
    with unit_of_work() as session:
        remove_shift(session, signed_in(), world().clock, shift_id)
    return Response(status=204)


@blueprint.route("/complaints/<complaint_id>/responder", methods=["PUT"])
@blueprint.arguments(HandOverSchema)
@blueprint.alt_response(200, schema=ComplaintSchema)
def respond(given: dict[str, Any], complaint_id: str) -> Response:
    """Take a case, or hand it over with a reason (If-Match)"""
    with unit_of_work() as session:
        complaint = hand_over(session, signed_in(), world().clock, HandOver(
            complaint_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(ComplaintSchema(), complaint)


@blueprint.route("/complaints/<complaint_id>/compensations", methods=["GET"])
@blueprint.response(200, CompensationSchema(many=True))
def list_compensations(complaint_id: str) -> object:
    """What was offered because promises were broken"""
    with world().database.read() as session:
        return compensations_of(session, complaint_id)


@blueprint.route("/complaints/<complaint_id>/compensations/<compensation_id>/decision", methods=["POST"])
@blueprint.arguments(OfferDecisionSchema)
@blueprint.response(200, CompensationSchema)
def decide(given: dict[str, Any], complaint_id: str, compensation_id: str) -> object:
    """Approve or decline an offer"""
    with unit_of_work() as session:
        return decide_compensation(session, signed_in(), world().clock, DecideCompensation(
            complaint_id, compensation_id, given["decision"] == "approved", given["reason"]))
