"""Complaints by API."""
from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.complaint import queries
from traceapp.complaint import service as complaints
from traceapp.complaint.clusters import join_clusters
from traceapp.complaint.model import Channel, Complaint
from traceapp.complaint.policy import Affected, AgeBand, Sex
from traceapp.complaint.report import LotGiven
from traceapp.complaint.seriousness import Harm
from traceapp.complaint.states import TRANSITIONS, ComplaintState, Severity
from traceapp.complaint.triage import Alleges, ComplaintKind, Investigation, Ours, TriageResult
from traceapp.core.errors import NotFound
from traceapp.submission.received_messages import erase_details
from traceapp.vault.policy import PersonDetails
from traceapp.vault.service import reveal_person
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, Reason, choice, created, listed, moment, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_complaints", __name__, url_prefix="/api/v1", description="Complaints")
PERMISSIONS = {
    "api_complaints.list_complaints": "complaint.read", "api_complaints.read_complaint": "complaint.read",
    "api_complaints.submit": "complaint.write", "api_complaints.triage": "complaint.write",
    "api_complaints.change": "complaint.write", "api_complaints.note": "complaint.write",
    "api_complaints.bind": "complaint.write", "api_complaints.list_notes": "complaint.read",
    "api_complaints.list_duplicates": "complaint.read", "api_complaints.link": "complaint.write",
    "api_complaints.decline": "complaint.write", "api_complaints.reveal": "person.reveal",
    "api_complaints.erase": "person.erase",
}
REPORT = {"channel": "hospital", "narrative": "Red, itching skin an hour after the plaster was put on.",
          "lot_text": "CK26112201", "harm": "yes", "affected": "patient", "age_band": "18-44",
          "happened_on": "2026-11-20", "contact": {"name": "Ward 3", "phone": "0512-0000 0000"}}


def _kinds() -> fields.List:
    return fields.List(choice(ComplaintKind), load_default=list, validate=validate.Length(max=len(ComplaintKind)))


class ComplaintSchema(Schema):
    """What somebody said; the person stands in the vault and is not shown here."""

    id = fields.String()
    reference = fields.String()
    lot_key = fields.String()
    channel = choice(Channel)
    lot_capture = fields.String()
    lot_text = fields.String()
    product_id = fields.String(allow_none=True)
    consignee_id = fields.String(allow_none=True)
    received_at = moment()
    awareness_at = moment()
    happened_on = fields.Date(allow_none=True)
    narrative = fields.String()
    terms = fields.Raw()
    affected = fields.String()
    age_band = fields.String()
    sex = fields.String()
    seriousness = fields.Raw()
    is_harm = fields.Boolean(allow_none=True)
    severity = choice(Severity)
    state = choice(ComplaintState)
    triage_result = choice(TriageResult)
    kinds = fields.List(choice(ComplaintKind))
    is_suspected_fake = fields.Boolean()
    investigation = choice(Investigation)
    cause = fields.String()
    solution = fields.String()
    decision = fields.String()
    improvement = fields.String()
    responder_id = fields.String(allow_none=True)
    times_reopened = fields.Integer()
    is_quarantined = fields.Boolean()
    master_id = fields.String(allow_none=True)
    possible_duplicate_of = fields.String(allow_none=True)


class ReporterSchema(Schema):
    """How the reporter may be reached; goes to the vault."""

    name = words(120, load_default="")
    phone = words(40, load_default="")
    email = words(254, load_default="")
    guardian_name = words(120, load_default="")


class SubmitSchema(Schema):
    """A complaint. Name the lot by `lot_key`, or as it was typed by `lot_text`."""

    channel = choice(Channel, load_default="api")
    narrative = words(10_000, least=1, required=True)
    lot_key = words(32, load_default=None, allow_none=True)
    lot_text = words(200, load_default="")
    product_id = words(32, load_default=None, allow_none=True)
    serial = words(20, load_default="")
    terms = fields.List(words(60), load_default=list, validate=validate.Length(max=30))
    affected = choice(Affected, load_default="unknown")
    age_band = choice(AgeBand, load_default="unknown")
    sex = choice(Sex, load_default="unknown")
    harm = choice(Harm, load_default="unknown")
    seriousness = fields.List(words(40), load_default=list, validate=validate.Length(max=20))
    happened_on = fields.Date(load_default=None, allow_none=True)
    use_text = words(4000, load_default="")
    place = words(200, load_default="")
    consignee_id = words(32, load_default=None, allow_none=True)
    awareness_at = moment(load_default=None, allow_none=True)
    kinds = _kinds()
    contact = fields.Nested(ReporterSchema, load_default=dict)


class ComplaintFilterSchema(Paging):
    """Which complaints; the period is about when they came in, `until` not included; `term`: what went wrong."""

    state = choice(ComplaintState, load_default=None)
    severity = choice(Severity, load_default=None)
    channel = choice(Channel, load_default=None)
    kind = choice(ComplaintKind, load_default=None)
    term = words(40, load_default=None)
    is_suspected_fake = fields.Boolean(load_default=None)
    is_quarantined = fields.Boolean(load_default=None)
    is_unbound = fields.Boolean(load_default=None)
    is_suspected_duplicate = fields.Boolean(load_default=None)
    is_harm = fields.Boolean(load_default=None)
    sort = choice(("received", "oldest", "awareness"), load_default="received")
    product_id = words(32, load_default=None)
    lot_key = words(32, load_default=None)
    since = moment(load_default=None)
    until = moment(load_default=None)
    text = words(200, load_default="")


class TriageSchema(Schema):
    """Answers to the questions of triage; `result` alone says it shortly. `duplicate_of` and `equivalent` are
    references."""

    result = choice([one for one in TriageResult if one is not TriageResult.untriaged], load_default="")
    alleges = choice(Alleges, load_default="")
    ours = choice(Ours, load_default="")
    harm = choice(Harm, load_default="unknown")
    seriousness = fields.List(words(40), load_default=list, validate=validate.Length(max=20))
    kinds = _kinds()
    duplicate_of = words(20, load_default="")
    investigation = choice(Investigation, load_default="undecided")
    justification = words(4000, load_default="")
    equivalent = words(20, load_default="")
    severity = choice(Severity, load_default=None)
    note = words(4000, load_default="")


class ChangeSchema(Schema):
    """An action of the state table."""

    action = choice([name for name in TRANSITIONS if name != "triage"], required=True)
    note = words(4000, load_default="")


class ComplaintNoteSchema(Schema):
    """A note; a public one shows on the reporter's own page."""

    position = fields.Integer(dump_only=True)
    at = moment(dump_only=True)
    by = fields.String(dump_only=True)
    text = words(4000, least=1, required=True)
    is_public = fields.Boolean(load_default=False)


class BindSchema(Schema):
    """The lot that it is about, as staff found out."""

    lot_key = words(32, required=True, allow_none=True)
    reason = words(4000, least=1, required=True)


class LinkSchema(Schema):
    """The first report of the same event; null: it counts by itself again."""

    master_id = words(32, required=True, allow_none=True)
    reason = words(4000, least=1, required=True)


class PersonSchema(Schema):
    """Who the reporter is."""

    name = fields.String()
    phone = fields.String()
    email = fields.String()
    guardian_name = fields.String()
    patient_name = fields.String()
    initials = fields.String()
    record_number = fields.String()
    born_on = fields.String()


def found_complaint(session: Any, complaint_id: str) -> Complaint:
    """The complaint. Raises NotFound."""
    complaint = queries.complaint_by_id(session, complaint_id)
    if complaint is None:
        raise NotFound("There is no such complaint.", place="complaint_id")
    return complaint


@blueprint.route("/complaints", methods=["GET"])
@blueprint.arguments(ComplaintFilterSchema, location="query")
@blueprint.response(200, listed(ComplaintSchema, "ComplaintList"))
def list_complaints(wanted: dict[str, Any]) -> dict[str, Any]:
    """Complaints, the newest first"""
    state = wanted.pop("state")
    with world().database.read() as session:
        found = queries.complaint_page(session, queries.ComplaintFilter(states=(state,) if state else (), **wanted))
        return page_answer(found)


@blueprint.route("/complaints", methods=["POST"])
@blueprint.arguments(SubmitSchema, example=REPORT)
@blueprint.alt_response(201, schema=ComplaintSchema)
def submit(given: dict[str, Any]) -> Response:
    """Take in a complaint"""
    here = world()
    lot = LotGiven(lot_key=given.pop("lot_key"), text=given.pop("lot_text"), serial=given.pop("serial"),
                   product_id=given.pop("product_id"))
    for name in ("terms", "seriousness", "kinds"):
        given[name] = tuple(given[name])
    if given["awareness_at"] is not None:
        given["awareness_at"] = given["awareness_at"].astimezone(UTC)
    contact = PersonDetails(**given.pop("contact"))
    with unit_of_work() as session:
        submitted = complaints.submit_complaint(session, signed_in(), here.clock, complaints.SubmitComplaint(
            lot=lot, contact=contact, has_proof=True, **given), vault=here.vault)
        session.flush()
        return created(ComplaintSchema(), submitted.complaint, "api_complaints.read_complaint",
                       complaint_id=submitted.complaint.id)


@blueprint.route("/complaints/<complaint_id>", methods=["GET"])
@blueprint.alt_response(200, schema=ComplaintSchema)
def read_complaint(complaint_id: str) -> Response:
    """One complaint"""
    with world().database.read() as session:
        return shown(ComplaintSchema(), found_complaint(session, complaint_id))


@blueprint.route("/complaints/<complaint_id>/triage", methods=["POST"])
@blueprint.arguments(TriageSchema)
@blueprint.alt_response(200, schema=ComplaintSchema)
def triage(given: dict[str, Any], complaint_id: str) -> Response:
    """Judge a complaint (If-Match)"""
    here = world()
    for name in ("seriousness", "kinds"):
        given[name] = tuple(given[name])
    with unit_of_work() as session:
        complaint = complaints.triage_complaint(session, signed_in(), here.clock, complaints.TriageComplaint(
            complaint_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(ComplaintSchema(), complaint)


@blueprint.route("/complaints/<complaint_id>/actions", methods=["POST"])
@blueprint.arguments(ChangeSchema)
@blueprint.alt_response(200, schema=ComplaintSchema)
def change(given: dict[str, Any], complaint_id: str) -> Response:
    """Go on by the state table, from investigating to improving (If-Match)"""
    here = world()
    with unit_of_work() as session:
        complaint = complaints.change_complaint(session, signed_in(), here.clock, complaints.ChangeComplaint(
            complaint_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(ComplaintSchema(), complaint)


@blueprint.route("/complaints/<complaint_id>/notes", methods=["GET"])
@blueprint.response(200, ComplaintNoteSchema(many=True))
def list_notes(complaint_id: str) -> object:
    """The notes of a complaint, oldest first"""
    with world().database.read() as session:
        return queries.notes_of(session, found_complaint(session, complaint_id))


@blueprint.route("/complaints/<complaint_id>/notes", methods=["POST"])
@blueprint.arguments(ComplaintNoteSchema)
@blueprint.response(201, ComplaintNoteSchema)
def note(given: dict[str, Any], complaint_id: str) -> object:
    """Add a note"""
    here = world()
    with unit_of_work() as session:
        return complaints.add_note(session, signed_in(), here.clock, complaints.AddNote(complaint_id, **given))


@blueprint.route("/complaints/<complaint_id>/lot", methods=["POST"])
@blueprint.arguments(BindSchema)
@blueprint.alt_response(200, schema=ComplaintSchema)
def bind(given: dict[str, Any], complaint_id: str) -> Response:
    """Bind the lot that it is about (If-Match)"""
    here = world()
    with unit_of_work() as session:
        complaint = complaints.bind_lot(session, signed_in(), here.clock, complaints.BindLot(
            complaint_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(ComplaintSchema(), complaint)


@blueprint.route("/complaints/<complaint_id>/duplicates", methods=["GET"])
@blueprint.response(200, ComplaintSchema(many=True))
def list_duplicates(complaint_id: str) -> object:
    """The other reports that staff linked to the same event"""
    with world().database.read() as session:
        return queries.duplicates_of(session, found_complaint(session, complaint_id))


@blueprint.route("/complaints/<complaint_id>/master", methods=["PUT"])
@blueprint.arguments(LinkSchema)
@blueprint.alt_response(200, schema=ComplaintSchema)
def link(given: dict[str, Any], complaint_id: str) -> Response:
    """Link it, with all that are linked to it, to the first report of the same event, or free it again (If-Match)"""
    with unit_of_work() as session:
        complaint = join_clusters(session, signed_in(), world().clock, complaints.LinkDuplicate(
            complaint_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(ComplaintSchema(), complaint)


@blueprint.route("/complaints/<complaint_id>/declination", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=ComplaintSchema)
def decline(given: dict[str, Any], complaint_id: str) -> Response:
    """Say why it is no adverse event"""
    with unit_of_work() as session:
        complaint = complaints.decline_promotion(session, signed_in(), world().clock, complaint_id, given["reason"])
        session.flush()
        return shown(ComplaintSchema(), complaint)


@blueprint.route("/complaints/<complaint_id>/person", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=PersonSchema)
def reveal(given: dict[str, Any], complaint_id: str) -> Response:
    """See who the reporter is; every look is recorded with its reason, a repetition with the same key too"""
    here = world()
    with here.database.write() as session:  # the answer is personal: it is kept under no key
        case = found_complaint(session, complaint_id)
        if case.person_id is None:
            raise NotFound("There is no such person in the vault.", code="unknown-person")
        person = reveal_person(session, signed_in(), here.clock, case.person_id, given["reason"], vault=here.vault)
    answer = jsonify(PersonSchema().dump(person))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route("/complaints/<complaint_id>/person/erasure", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(204)
def erase(given: dict[str, Any], complaint_id: str) -> Response:
    """Erase who reported it, and reports of others that name persons; what was said and judged stays"""
    with unit_of_work() as session:
        erase_details(session, signed_in(), world().clock, (found_complaint(session, complaint_id).id, None),
                      given["reason"])
    return Response(status=204)
