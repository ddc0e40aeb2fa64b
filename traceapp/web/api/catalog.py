"""Products, partners and sites by API."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from traceapp.catalog import parties, queries, service
from traceapp.catalog.model import PackagingLevelName, PartyRoleName, ProductKind
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world

from .idempotency import unit_of_work
from .schemas import Amount, Paging, choice, created, listed, page_answer, shown, wanted_revision, words

blueprint = Blueprint("api_catalog", __name__, url_prefix="/api/v1", description="Products, partners, sites")
PERMISSIONS = {
    "api_catalog.list_products": "console.read", "api_catalog.add_product": "catalog.write",
    "api_catalog.read_product": "console.read", "api_catalog.replace_product": "catalog.write",
    "api_catalog.list_parties": "console.read", "api_catalog.add_party": "catalog.write",
    "api_catalog.read_party": "console.read", "api_catalog.replace_party": "catalog.write",
    "api_catalog.give_role": "catalog.write", "api_catalog.list_sites": "console.read",
    "api_catalog.add_site": "catalog.write",
}


class LevelSchema(Schema):
    """A packaging level: its GTIN and how many units it holds."""

    level = choice(PackagingLevelName, required=True)
    gtin = words(14, least=8, required=True)
    units = Amount(positive=True, required=True)


class IngredientSchema(Schema):
    """A material of a recipe; `loss` is the expected share lost."""

    material_id = words(32, required=True)
    quantity = Amount(positive=True, required=True)
    loss = Amount(load_default=Decimal(0))


class ProductFields(Schema):
    """A product or material."""

    code = words(40, least=1, required=True)
    kind = choice(ProductKind, required=True)
    name_zh = words(200, least=1, required=True)
    name_en = words(200, least=1, required=True)
    unit = words(3, least=2, required=True)
    levels = fields.List(fields.Nested(LevelSchema), load_default=list, validate=validate.Length(max=20))
    recipe = fields.List(fields.Nested(IngredientSchema), load_default=list, validate=validate.Length(max=200))
    recipe_output = Amount(positive=True, load_default=None, allow_none=True)
    registration_number = words(80, load_default="")
    risk_class = words(20, load_default="")
    shelf_life_days = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=36500))
    storage_zh = words(300, load_default="")
    storage_en = words(300, load_default="")
    storage_min_c = Amount(load_default=None, allow_none=True)
    storage_max_c = Amount(load_default=None, allow_none=True)
    usage_zh = words(2000, load_default="")
    usage_en = words(2000, load_default="")
    contact_phone = words(40, load_default="")


class ProductSchema(ProductFields):
    """A product as it is kept."""

    id = fields.String(dump_only=True)
    identity_uri = fields.String(dump_only=True)
    is_active = fields.Boolean(load_default=True)


class ProductFilterSchema(Paging):
    """Which products."""

    text = words(200, load_default="")
    kind = choice(ProductKind, load_default=None)


class ContactSchema(Schema):
    """Whom to write to."""

    name = words(120, least=1, required=True)
    duty = words(120, load_default="")
    email = words(254, load_default="")
    phone = words(40, load_default="")
    language = choice(("zh", "en"), load_default="zh")
    gets_recalls = fields.Boolean(load_default=True)


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
    is_active = fields.Boolean(load_default=True)


class PartySchema(PartyFields):
    """A party with its contacts."""

    id = fields.String(dump_only=True)
    contacts = fields.List(fields.Nested(ContactSchema), load_default=list, validate=validate.Length(max=50))
    roles = fields.List(choice(PartyRoleName), load_default=list, load_only=True)


class ListedPartySchema(PartyFields):
    """A party in a list."""

    id = fields.String(dump_only=True)


class PartyFilterSchema(Paging):
    """Which partners."""

    text = words(200, load_default="")
    role = choice(PartyRoleName, load_default=None)


class RoleSchema(Schema):
    """A role of a party for a product (`*`: for all)."""

    party_id = fields.String(dump_only=True)
    role = choice(PartyRoleName, required=True)
    product_id = words(32, load_default="*")


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


def _product(given: dict[str, Any]) -> service.NewProduct:
    values = {name: value for name, value in given.items() if name != "is_active"}
    values["levels"] = tuple(service.Level(**level) for level in given["levels"])
    values["recipe"] = tuple(service.Ingredient(**line) for line in given["recipe"])
    return service.NewProduct(**values)


@blueprint.route("/products", methods=["GET"])
@blueprint.arguments(ProductFilterSchema, location="query")
@blueprint.response(200, listed(ProductSchema, "ProductList"))
def list_products(wanted: dict[str, Any]) -> dict[str, Any]:
    """Products and materials"""
    with world().database.read() as session:
        found = queries.product_page(session, queries.ProductFilter(**wanted), with_recipes=True)
        return page_answer(found)


@blueprint.route("/products", methods=["POST"])
@blueprint.arguments(ProductFields)
@blueprint.alt_response(201, schema=ProductSchema)
def add_product(given: dict[str, Any]) -> Response:
    """Add a product or material"""
    here = world()
    with unit_of_work() as session:
        product = service.create_product(session, signed_in(), here.clock, _product(given))
        session.flush()
        return created(ProductSchema(), product, "api_catalog.read_product", product_id=product.id)


@blueprint.route("/products/<product_id>", methods=["GET"])
@blueprint.alt_response(200, schema=ProductSchema)
def read_product(product_id: str) -> Response:
    """One product"""
    with world().database.read() as session:
        product = queries.product_details(session, product_id)
        if product is None:
            raise NotFound("There is no such product.", place="product_id")
        return shown(ProductSchema(), product)


@blueprint.route("/products/<product_id>", methods=["PUT"])
@blueprint.arguments(ProductSchema)
@blueprint.alt_response(200, schema=ProductSchema)
def replace_product(given: dict[str, Any], product_id: str) -> Response:
    """Change a product (If-Match)"""
    here = world()
    with unit_of_work() as session:
        product = service.change_product(session, signed_in(), here.clock, service.ChangeProduct(
            product_id, _product(given), is_active=given["is_active"], revision=wanted_revision()))
        session.flush()
        return shown(ProductSchema(), product)


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
@blueprint.arguments(PartySchema)
@blueprint.alt_response(201, schema=PartySchema)
def add_party(given: dict[str, Any]) -> Response:
    """Add a partner with contacts and roles"""
    here = world()
    with unit_of_work() as session:
        party = parties.create_party(session, signed_in(), here.clock, _party(given))
        session.flush()
        return created(PartySchema(), party, "api_catalog.read_party", party_id=party.id)


@blueprint.route("/parties/<party_id>", methods=["GET"])
@blueprint.alt_response(200, schema=PartySchema)
def read_party(party_id: str) -> Response:
    """One partner"""
    with world().database.read() as session:
        party = queries.party_details(session, party_id)
        if party is None:
            raise NotFound("There is no such partner.", place="party_id")
        return shown(PartySchema(), party)


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


@blueprint.route("/parties/<party_id>/roles", methods=["POST"])
@blueprint.arguments(RoleSchema)
@blueprint.response(201, RoleSchema)
def give_role(given: dict[str, Any], party_id: str) -> object:
    """Give a partner a role for a product"""
    here = world()
    with unit_of_work() as session:
        return parties.give_role(session, signed_in(), here.clock, parties.GiveRole(party_id, **given))


@blueprint.route("/sites", methods=["GET"])
@blueprint.response(200, SiteSchema(many=True))
def list_sites() -> object:
    """Sites"""
    with world().database.read() as session:
        return list(queries.sites(session))


@blueprint.route("/sites", methods=["POST"])
@blueprint.arguments(SiteSchema)
@blueprint.response(201, SiteSchema)
def add_site(given: dict[str, Any]) -> object:
    """Add a site"""
    here = world()
    with unit_of_work() as session:
        return parties.create_site(session, signed_in(), here.clock, parties.NewSite(**given))
