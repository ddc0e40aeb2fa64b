"""Persons of the vault without who they are, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.adverse_event.persons import PersonFile, expired_persons, person_files
from traceapp.core.errors import NotFound
from traceapp.submission.received_messages import erase_person_and_reports
from traceapp.vault import holds
from traceapp.vault.model import Person
from traceapp.vault.service import find_persons
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Reason, moment, words

blueprint = ApiBlueprint("api_persons", __name__, url_prefix="/api/v1", description="Persons of the vault")
PERMISSIONS = {
    "api_persons.search": "person.reveal", "api_persons.list_expired": "person.erase",
    "api_persons.read_person": "person.reveal", "api_persons.hold": "person.erase", "api_persons.lift": "person.erase",
    "api_persons.erase_details": "person.erase",
}
_MOST = 1000


class NamedInSchema(Schema):
    """A case that names a person: a complaint or an adverse event."""

    kind = fields.String()
    id = fields.String()
    reference = fields.String()
    is_open = fields.Boolean()


class VaultPersonSchema(Schema):
    """A person without name and contact. `kept_until`: the last day of retention by `rules` (empty: no rule is known,
    the longest of all); null while a case is open."""

    id = fields.String(attribute="person_id")
    cases = fields.List(fields.Nested(NamedInSchema))
    kept_until = fields.Date(attribute="kept.until", dump_default=None, allow_none=True)
    rules = fields.List(fields.String(), attribute="kept.rows", dump_default=[])


class LegalHoldSchema(Schema):
    """A legal hold."""

    id = fields.String()
    placed_at = moment()
    placed_by = fields.String()
    reason = fields.String()
    lifted_at = moment(allow_none=True)
    lifted_by = fields.String(allow_none=True)
    lifted_reason = fields.String()


class OnePersonSchema(VaultPersonSchema):
    """The same with its legal holds."""

    holds = fields.List(fields.Nested(LegalHoldSchema))
    erased_at = moment(allow_none=True)


class SearchSchema(Schema):
    """A telephone number or e-mail address, whole, and why it is searched for."""

    contact = words(254, least=1, required=True)
    reason = words(500, least=3, required=True)


@blueprint.route("/persons/search", methods=["POST"])
@blueprint.arguments(SearchSchema)
@blueprint.response(200, VaultPersonSchema(many=True))
def search(given: dict[str, Any]) -> list[PersonFile]:
    """Who gave this telephone number or e-mail address; every search is recorded, a repetition with the same key too"""
    here = world()
    with here.database.write() as session:
        ids = find_persons(session, signed_in(), here.clock, given["contact"], given["reason"], vault=here.vault)
        session.flush()
        return person_files(session, ids)


@blueprint.route("/persons/expired", methods=["GET"])
@blueprint.response(200, VaultPersonSchema(many=True))
def list_expired() -> list[PersonFile]:
    """Persons whose retention has run out and for whom no legal hold stands, the oldest first"""
    with world().database.read() as session:
        return expired_persons(session, world().clock, _MOST)


@blueprint.route("/persons/<person_id>", methods=["GET"])
@blueprint.response(200, OnePersonSchema)
def read_person(person_id: str) -> dict[str, Any]:
    """One person: the cases, the retention, the legal holds"""
    with world().database.read() as session:
        known = session.get(Person, person_id)
        if known is None:
            raise NotFound("There is no such person in the vault.", place="person_id")
        (file,) = person_files(session, [person_id])
        return {"person_id": person_id, "cases": file.cases, "kept": file.kept, "erased_at": known.erased_at,
                "holds": holds.holds_of(session, person_id)}


@blueprint.route("/persons/<person_id>/hold", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(204)
def hold(given: dict[str, Any], person_id: str) -> Response:
    """Place a legal hold: the details are kept whatever retention says"""
    with unit_of_work() as session:
        holds.place_legal_hold(session, signed_in(), world().clock, person_id, given["reason"])
    return Response(status=204)


@blueprint.route("/persons/<person_id>/hold/lifting", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(204)
def lift(given: dict[str, Any], person_id: str) -> Response:
    """Lift the legal hold"""
    with unit_of_work() as session:
        holds.lift_legal_hold(session, signed_in(), world().clock, person_id, given["reason"])
    return Response(status=204)


@blueprint.route("/persons/<person_id>/erasure", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(204)
def erase_details(given: dict[str, Any], person_id: str) -> Response:
    """Erase the details; the cases stay"""
    with unit_of_work() as session:
        erase_person_and_reports(session, signed_in(), world().clock, person_id, given["reason"])
    return Response(status=204)
