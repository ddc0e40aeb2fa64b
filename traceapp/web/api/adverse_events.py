"""Adverse events by API."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from traceapp.adverse_event import patient, queries, service
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.states import TRANSITIONS, AdverseEventState, Causality, Expectedness, Outcome
from traceapp.adverse_event.versions import changes_of
from traceapp.core.errors import Conflict, NotFound
from traceapp.oversight.cases import Reported
from traceapp.submission.received_messages import erase_details
from traceapp.vault.service import reveal_person
from traceapp.web.case_score import score_of
from traceapp.web.context import signed_in, world
from traceapp.web.oversight import chosen_events

from .assessment import AssessedSchema, AssessSchema, DetailsSchema, FieldChangeSchema, ScoreSchema, Told, ToldDetails
from .blueprint import ApiBlueprint
from .complaints import PersonSchema
from .idempotency import unit_of_work
from .schemas import Paging, Reason, choice, created, listed, moment, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_adverse_events", __name__, url_prefix="/api/v1", description="Adverse events")
PERMISSIONS = {
    "api_adverse_events.list_events": "adverse_event.read", "api_adverse_events.read_event": "adverse_event.read",
    "api_adverse_events.promote": "adverse_event.write", "api_adverse_events.assess": "adverse_event.write",
    "api_adverse_events.change": "adverse_event.write", "api_adverse_events.list_versions": "adverse_event.write",
    "api_adverse_events.state_patient": "adverse_event.write",
    "api_adverse_events.reveal": "person.reveal",
    "api_adverse_events.score": "adverse_event.write",
    "api_adverse_events.list_changes": "adverse_event.write", "api_adverse_events.erase": "person.erase",
}


class AdverseEventSchema(Schema):
    """What happened to one person, without the person."""

    id = fields.String()
    reference = fields.String()
    lot_key = fields.String()
    complaint_id = fields.String(allow_none=True)
    product_id = fields.String(allow_none=True)
    awareness_at = moment()
    latest_awareness_at = moment(allow_none=True)
    onset_on = fields.Date(allow_none=True)
    onset_precision = fields.String()
    age_band = fields.String()
    sex = fields.String()
    terms = fields.Raw()
    seriousness = fields.Raw()
    is_serious = fields.Boolean()
    outcome = choice(Outcome)
    expectedness = choice(Expectedness)
    causality = choice(Causality)
    narrative = Told()
    use_text = Told()
    details = ToldDetails(DetailsSchema)
    state = choice(AdverseEventState)


class VersionSchema(Schema):
    """How an adverse event stood before it was changed, and why it was."""

    version = fields.Integer()
    at = moment()
    by = fields.String()
    kind = fields.String()
    learned_at = moment(allow_none=True)
    reason = fields.String()
    fields_before = fields.Raw(attribute="fields")


class EventFilterSchema(Paging):
    """Which adverse events; the period is about awareness, `until` not included. `term` is one of ours or a code of
    IMDRF or MedDRA, `region` the consignee's, `reported` how far the jurisdictions of the account were told."""

    since = moment(load_default=None)
    until = moment(load_default=None)
    product_id = words(32, load_default=None)
    lot_key = words(32, load_default=None)
    is_serious = fields.Boolean(load_default=None)
    with_nullified = fields.Boolean(load_default=False)
    term = words(40, load_default="")
    jurisdiction = words(8, load_default="")
    region = words(80, load_default="")
    reported = choice(Reported, load_default="")
    sort = choice(queries.SORTS, load_default="awareness_at")
    oldest_first = fields.Boolean(load_default=False)


class PromoteSchema(Schema):
    """The complaint that tells of it."""

    complaint_id = words(32, required=True)


class PatientSchema(Schema):
    """Who the patient is, as far as a report asks; an empty field leaves what is known."""

    patient_name = words(120, load_default="")
    initials = words(10, load_default="")
    record_number = words(60, load_default="")
    born_on = words(10, load_default="", metadata={"description": "As far as it is known: 1980-03-09, 1980-03, 1980."})


class ActionSchema(Schema):
    """An action of the state table, and why."""

    action = choice([name for name in TRANSITIONS if name != "assess"], required=True)
    reason = words(4000, least=1, required=True)


@blueprint.route("/adverse-events", methods=["GET"])
@blueprint.arguments(EventFilterSchema, location="query")
@blueprint.response(200, listed(AdverseEventSchema, "AdverseEventList"))
def list_events(wanted: dict[str, Any]) -> dict[str, Any]:
    """Adverse events, latest awareness first unless asked otherwise"""
    with world().database.read() as session:
        found = queries.adverse_event_page(session, chosen_events(session, wanted))
        return page_answer(found)


@blueprint.route("/adverse-events", methods=["POST"])
@blueprint.arguments(PromoteSchema)
@blueprint.alt_response(201, schema=AdverseEventSchema)
def promote(given: dict[str, Any]) -> Response:
    """Open an adverse event from a complaint"""
    here = world()
    with unit_of_work() as session:
        event = service.open_adverse_event(session, signed_in(), here.clock, service.OpenAdverseEvent(**given))
        session.flush()
        return created(AdverseEventSchema(), event, "api_adverse_events.read_event", adverse_event_id=event.id)


@blueprint.route("/adverse-events/<adverse_event_id>", methods=["GET"])
@blueprint.alt_response(200, schema=AdverseEventSchema)
def read_event(adverse_event_id: str) -> Response:
    """One adverse event"""
    with world().database.read() as session:
        event: AdverseEvent | None = queries.adverse_event_by_id(session, adverse_event_id)
        if event is None:
            raise NotFound("There is no such adverse event.", place="adverse_event_id")
        return shown(AdverseEventSchema(), event)


@blueprint.route("/adverse-events/<adverse_event_id>/versions", methods=["GET"])
@blueprint.response(200, VersionSchema(many=True))
def list_versions(adverse_event_id: str) -> object:
    """How it stood before each change, the first one first"""
    with world().database.read() as session:
        if queries.adverse_event_by_id(session, adverse_event_id) is None:
            raise NotFound("There is no such adverse event.", place="adverse_event_id")
        return queries.versions_of(session, adverse_event_id)


@blueprint.route("/adverse-events/<adverse_event_id>/changes", methods=["GET"])
@blueprint.response(200, FieldChangeSchema(many=True))
def list_changes(adverse_event_id: str) -> object:
    """Every field that every change altered, the latest change first"""
    with world().database.read() as session:
        event = queries.adverse_event_by_id(session, adverse_event_id)
        if event is None:
            raise NotFound("There is no such adverse event.", place="adverse_event_id")
        return list(changes_of(queries.versions_of(session, adverse_event_id), event))


@blueprint.route("/adverse-events/<adverse_event_id>", methods=["PUT"])
@blueprint.arguments(AssessSchema)
@blueprint.alt_response(200, schema=AdverseEventSchema)
def assess(given: dict[str, Any], adverse_event_id: str) -> Response:
    """Assess an adverse event; the version before is kept (If-Match)"""
    here = world()
    for name in ("terms", "seriousness"):
        given[name] = tuple(given[name])
    with unit_of_work() as session:
        event = service.assess_adverse_event(session, signed_in(), here.clock, service.AssessAdverseEvent(
            adverse_event_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(AdverseEventSchema(), event)


@blueprint.route("/adverse-events/<adverse_event_id>/score", methods=["POST"])
@blueprint.arguments(AssessedSchema)
@blueprint.alt_response(200, schema=ScoreSchema)
def score(given: dict[str, Any], adverse_event_id: str) -> Response:
    """How complete the report would be with this assessment; nothing is kept"""
    with world().database.read() as session:
        event = queries.adverse_event_by_id(session, adverse_event_id)
        if event is None:
            raise NotFound("There is no such adverse event.", place="adverse_event_id")
        found = score_of(session, event, service.AssessAdverseEvent(adverse_event_id, "", **given))
    if found is None:
        raise Conflict("Only reports about devices are scored.", code="not-scored")
    return jsonify(ScoreSchema().dump(found))


@blueprint.route("/adverse-events/<adverse_event_id>/actions", methods=["POST"])
@blueprint.arguments(ActionSchema)
@blueprint.alt_response(200, schema=AdverseEventSchema)
def change(given: dict[str, Any], adverse_event_id: str) -> Response:
    """Close, reopen or nullify (If-Match)"""
    here = world()
    with unit_of_work() as session:
        event = service.change_adverse_event(session, signed_in(), here.clock, service.ChangeAdverseEvent(
            adverse_event_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(AdverseEventSchema(), event)


@blueprint.route("/adverse-events/<adverse_event_id>/patient", methods=["POST"])
@blueprint.arguments(PatientSchema)
@blueprint.alt_response(204)
def state_patient(given: dict[str, Any], adverse_event_id: str) -> Response:
    """Say who the patient is; it is sealed in the vault and not shown here"""
    here = world()
    with unit_of_work() as session:
        patient.state_patient(session, signed_in(), here.clock, patient.StatePatient(adverse_event_id, **given),
                              vault=here.vault)
    return Response(status=204)


@blueprint.route("/adverse-events/<adverse_event_id>/person", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=PersonSchema)
def reveal(given: dict[str, Any], adverse_event_id: str) -> Response:
    """See who it is; every look is recorded with its reason, a repetition with the same key too"""
    here = world()
    with here.database.write() as session:  # the answer is personal: it is kept under no key
        event = queries.adverse_event_by_id(session, adverse_event_id)
        if event is None or event.person_id is None:
            raise NotFound("There is no such person in the vault.", code="unknown-person")
        person = reveal_person(session, signed_in(), here.clock, event.person_id, given["reason"], vault=here.vault)
    answer = jsonify(PersonSchema().dump(person))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route("/adverse-events/<adverse_event_id>/person/erasure", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(204)
def erase(given: dict[str, Any], adverse_event_id: str) -> Response:
    """Erase whom it happened to, and reports of others that name persons; what was said and judged stays"""
    with unit_of_work() as session:
        event = queries.adverse_event_by_id(session, adverse_event_id)
        if event is None:
            raise NotFound("There is no such adverse event.", place="adverse_event_id")
        erase_details(session, signed_in(), world().clock, (None, event.id), given["reason"])
    return Response(status=204)
