"""Products and materials by API."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.catalog import queries, service
from traceapp.catalog.model import PackagingLevelName, ProductKind
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Amount, Paging, choice, created, listed, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_catalog", __name__, url_prefix="/api/v1", description="Products and materials")
PERMISSIONS = {
    "api_catalog.list_products": "console.read", "api_catalog.add_product": "catalog.write",
    "api_catalog.read_product": "console.read", "api_catalog.replace_product": "catalog.write",
}
PLASTER = {
    "code": "PLASTER", "kind": "device", "name_zh": "创可贴", "name_en": "Plaster", "unit": "EA",
    "levels": [{"level": "unit", "gtin": "09521234567016", "units": "1"}], "recipe_output": "1000",
    "recipe": [{"material_id": "01996d3c0a7b7c51a4c0c1f0b5a7d9e1", "quantity": "2", "loss": "0.05"}],
    "shelf_life_days": 1000}


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
    """A product or material. Storage limits are in °C and percent of relative humidity; out of them for no longer than
    `storage_allowed_minutes` is no excursion. `balance_tolerance`: percent by which in and out of a lot may differ."""

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
    storage_min_rh = Amount(load_default=None, allow_none=True)
    storage_max_rh = Amount(load_default=None, allow_none=True)
    storage_allowed_minutes = fields.Integer(load_default=0, validate=validate.Range(min=0, max=100_000))
    balance_tolerance = Amount(load_default=Decimal(0))
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
    is_active = fields.Boolean(load_default=None)


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
@blueprint.arguments(ProductFields, example=PLASTER)
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
