"""Partners with contacts and roles, and sites, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.catalog import parties, queries
from traceapp.catalog.model import NoticeWay, Party, PartyRoleName, Site
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, choice, created, listed, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_parties", __name__, url_prefix="/api/v1", description="Partners and sites")
PERMISSIONS = {
    "api_parties.list_parties": "console.read", "api_parties.add_party": "catalog.write",
    "api_parties.read_party": "console.read", "api_parties.replace_party": "catalog.write",
    "api_parties.add_contact": "catalog.write", "api_parties.replace_contact": "catalog.write",
    "api_parties.list_roles": "console.read", "api_parties.give_role": "catalog.write",
    "api_parties.take_role": "catalog.write", "api_parties.list_sites": "console.read",
    "api_parties.add_site": "catalog.write", "api_parties.read_site": "console.read",
    "api_parties.replace_site": "catalog.write",
}
HOSPITAL = {"code": "H-017", "name_zh": "第一医院", "name_en": "First Hospital", "region": "浙江", "city": "杭州",
            "roles": ["user_facility"],
            "contacts": [{"name": "设备科", "email": "devices@hospital.example", "language": "zh"}]}


class ContactSchema(Schema):
    """Whom to write to."""

    id = fields.String(dump_only=True)
    name = words(120, least=1, required=True)
    duty = words(120, load_default="")
    email = words(254, load_default="")
    phone = words(40, load_default="")
    mobile = words(40, load_default="", metadata={"description": "Takes text messages; kept as E.164"})
    notice_way = choice(NoticeWay, load_default=NoticeWay.all)
    language = choice(("zh", "en"), load_default="zh")
    gets_recalls = fields.Boolean(load_default=True)
    is_active = fields.Boolean(dump_only=True)


class ContactChangeSchema(ContactSchema):
    """The whole of a contact as it shall be."""

    is_active = fields.Boolean(load_default=True)


class PartyFields(Schema):
    """A company, hospital or authority, without contacts and roles."""

    code = words(40, least=1, required=True)
    name_zh = words(200, least=1, required=True)
    name_en = words(200, least=1, required=True)
    country = words(2, least=2, load_default="CN")
    gln = words(13, load_default=None, allow_none=True)
    region = words(80, load_default="")
    city = words(80, load_default="")
    address = words(300, load_default="")
    postcode = words(15, load_default="")
    fei = words(10, load_default="", metadata={"description": "Registration number at the FDA: FEI or CFN"})
    srn = words(20, load_default="", metadata={"description": "Single registration number of EUDAMED"})
    duns = words(9, load_default="")
    e2b_sender = words(60, load_default="", metadata={"description": "Name by which E2B(R3) reports are sent"})
    is_active = fields.Boolean(load_default=True)


class PartySchema(PartyFields):
    """A party with its contacts."""

    id = fields.String(dump_only=True)
    contacts = fields.List(fields.Nested(ContactSchema), load_default=list, validate=validate.Length(max=50))
    roles = fields.List(choice(PartyRoleName), load_default=list, load_only=True, validate=validate.Length(max=20))


class ListedPartySchema(PartyFields):
    """A party in a list."""

    id = fields.String(dump_only=True)


class PartyFilterSchema(Paging):
    """Which partners."""

    text = words(200, load_default="")
    role = choice(PartyRoleName, load_default=None)
    is_active = fields.Boolean(load_default=None)


class RoleSchema(Schema):
    """A role of a party for a product (`*`: for all)."""

    party_id = fields.String(dump_only=True)
    role = choice(PartyRoleName, required=True)
    product_id = words(32, load_default=parties.ALL_PRODUCTS)


class ForProduct(Schema):
    """For which product (`*`: the role for all)."""

    product_id = words(32, load_default=parties.ALL_PRODUCTS)


class SiteSchema(Schema):
    """A place with a time zone."""

    id = fields.String(dump_only=True)
    party_id = words(32, required=True)
    code = words(40, least=1, required=True)
    name_zh = words(200, least=1, required=True)
    name_en = words(200, least=1, required=True)
    gln = words(13, load_default=None, allow_none=True)
    time_zone = words(60, load_default="Asia/Shanghai")
    city = words(80, load_default="")
    is_own = fields.Boolean(load_default=False)


class SiteFilterSchema(Paging):
    """Whose sites."""

    party_id = words(32, load_default=None)


def _known(session: Any, party_id: str) -> Party:
    party = queries.party_details(session, party_id)
    if party is None:
        raise NotFound("There is no such partner.", place="party_id")
    return party


def _party(given: dict[str, Any]) -> parties.NewParty:
    values = {name: value for name, value in given.items() if name != "is_active"}
    values["contacts"] = tuple(parties.NewContact(**contact) for contact in given["contacts"])
    values["roles"] = tuple(given["roles"])
    return parties.NewParty(**values)


@blueprint.route("/parties", methods=["GET"])
@blueprint.arguments(PartyFilterSchema, location="query")
@blueprint.response(200, listed(ListedPartySchema, "PartyList"))
def list_parties(wanted: dict[str, Any]) -> dict[str, Any]:
    """Partners"""
    with world().database.read() as session:
        found = queries.party_page(session, queries.PartyFilter(**wanted))
        return page_answer(found)


@blueprint.route("/parties", methods=["POST"])
@blueprint.arguments(PartySchema, example=HOSPITAL)
@blueprint.alt_response(201, schema=PartySchema)
def add_party(given: dict[str, Any]) -> Response:
    """Add a partner with contacts and roles"""
    here = world()
    with unit_of_work() as session:
        party = parties.create_party(session, signed_in(), here.clock, _party(given))
        session.flush()
        return created(PartySchema(), party, "api_parties.read_party", party_id=party.id)


@blueprint.route("/parties/<party_id>", methods=["GET"])
@blueprint.alt_response(200, schema=PartySchema)
def read_party(party_id: str) -> Response:
    """One partner"""
    with world().database.read() as session:
        return shown(PartySchema(), _known(session, party_id))


@blueprint.route("/parties/<party_id>", methods=["PUT"])
@blueprint.arguments(PartyFields)
@blueprint.alt_response(200, schema=PartySchema)
def replace_party(given: dict[str, Any], party_id: str) -> Response:
    """Change a partner (If-Match)"""
    here = world()
    with unit_of_work() as session:
        party = parties.change_party(session, signed_in(), here.clock, parties.ChangeParty(
            party_id, _party({"contacts": (), "roles": ()} | given), is_active=given["is_active"],
            revision=wanted_revision()))
        session.flush()
        return shown(PartySchema(), party)


@blueprint.route("/parties/<party_id>/contacts", methods=["POST"])
@blueprint.arguments(ContactSchema, example=HOSPITAL["contacts"][0])
@blueprint.response(201, ContactSchema)
def add_contact(given: dict[str, Any], party_id: str) -> object:
    """Add somebody to write to"""
    with unit_of_work() as session:
        return parties.add_contact(session, signed_in(), world().clock, party_id, parties.NewContact(**given))


@blueprint.route("/parties/<party_id>/contacts/<contact_id>", methods=["PUT"])
@blueprint.arguments(ContactChangeSchema)
@blueprint.response(200, ContactSchema)
def replace_contact(given: dict[str, Any], party_id: str, contact_id: str) -> object:
    """Change somebody to write to; with `is_active` false nobody writes there any more"""
    is_active = given.pop("is_active")
    with unit_of_work() as session:
        if contact_id not in {contact.id for contact in _known(session, party_id).contacts}:
            raise NotFound("There is no such contact.", place="contact_id")
        return parties.change_contact(session, signed_in(), world().clock, parties.ChangeContact(
            contact_id, parties.NewContact(**given), is_active))


@blueprint.route("/parties/<party_id>/roles", methods=["GET"])
@blueprint.response(200, RoleSchema(many=True))
def list_roles(party_id: str) -> object:
    """The roles of a partner"""
    with world().database.read() as session:
        return sorted(_known(session, party_id).roles, key=lambda role: (role.role, role.product_id))


@blueprint.route("/parties/<party_id>/roles", methods=["POST"])
@blueprint.arguments(RoleSchema, example={"role": "distributor", "product_id": "*"})
@blueprint.response(201, RoleSchema)
def give_role(given: dict[str, Any], party_id: str) -> object:
    """Give a partner a role for a product"""
    with unit_of_work() as session:
        return parties.give_role(session, signed_in(), world().clock, parties.GiveRole(party_id, **given))


@blueprint.route("/parties/<party_id>/roles/<role>", methods=["DELETE"])
@blueprint.arguments(ForProduct, location="query")
@blueprint.alt_response(204)
def take_role(wanted: dict[str, Any], party_id: str, role: str) -> Response:
    """Take a role away; taking one that is not there changes nothing"""
    with unit_of_work() as session:
        _known(session, party_id)
        parties.take_role(session, signed_in(), world().clock, parties.GiveRole(party_id, role, **wanted))
    return Response(status=204)


@blueprint.route("/sites", methods=["GET"])
@blueprint.arguments(SiteFilterSchema, location="query")
@blueprint.response(200, listed(SiteSchema, "SiteList"))
def list_sites(wanted: dict[str, Any]) -> dict[str, Any]:
    """Sites"""
    with world().database.read() as session:
        return page_answer(queries.site_page(session, queries.SiteFilter(**wanted)))


@blueprint.route("/sites", methods=["POST"])
@blueprint.arguments(SiteSchema)
@blueprint.alt_response(201, schema=SiteSchema)
def add_site(given: dict[str, Any]) -> Response:
    """Add a site"""
    with unit_of_work() as session:
        site = parties.create_site(session, signed_in(), world().clock, parties.NewSite(**given))
        session.flush()
        return created(SiteSchema(), site, "api_parties.read_site", site_id=site.id)


@blueprint.route("/sites/<site_id>", methods=["GET"])
@blueprint.alt_response(200, schema=SiteSchema)
def read_site(site_id: str) -> Response:
    """One site"""
    with world().database.read() as session:
        site: Site | None = queries.site_by_id(session, site_id)
        if site is None:
            raise NotFound("There is no such site.", place="site_id")
        return shown(SiteSchema(), site)


@blueprint.route("/sites/<site_id>", methods=["PUT"])
@blueprint.arguments(SiteSchema)
@blueprint.alt_response(200, schema=SiteSchema)
def replace_site(given: dict[str, Any], site_id: str) -> Response:
    """Change a site; code and partner stay (If-Match)"""
    with unit_of_work() as session:
        site = parties.change_site(session, signed_in(), world().clock, parties.ChangeSite(
            site_id, parties.NewSite(**given), wanted_revision()))
        session.flush()
        return shown(SiteSchema(), site)
