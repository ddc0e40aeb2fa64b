"""Products per market by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.catalog import markets, registrations
from traceapp.catalog.queries import product_details
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import created, shown, wanted_revision, words

blueprint = ApiBlueprint("api_registrations", __name__, url_prefix="/api/v1", description="Products per market")
PERMISSIONS = {
    "api_registrations.list_registrations": "console.read", "api_registrations.add_registration": "catalog.write",
    "api_registrations.read_registration": "console.read", "api_registrations.replace_registration": "catalog.write",
}
PLASTER_US = {"market": "US", "number": "D000000", "risk_class": "I", "brand": "Plaster", "fda_product_code": "KGX",
              "marketed_from": "2025-03-01", "language": "en"}


def _party() -> fields.String:
    return words(32, load_default=None, allow_none=True)


class RegistrationSchema(Schema):
    """A product in one market as the authority there knows it. `market` is a country of two letters, or EU; after
    `marketed_to` its clocks run on for what is still in use. Number and class of the market at home are those of the
    product."""

    id = fields.String(dump_only=True)
    product_id = fields.String(dump_only=True)
    market = words(2, least=2, required=True)
    number = words(80, load_default="")
    risk_class = words(20, load_default="")
    holder_id = _party()
    manufacturer_id = _party()
    representative_id = _party()
    brand = words(200, load_default="")
    common_name = words(200, load_default="")
    model = words(120, load_default="")
    specification = words(300, load_default="")
    catalogue_number = words(80, load_default="")
    udi_di = words(40, load_default="")
    basic_udi_di = words(40, load_default="")
    fda_product_code = words(3, load_default="")
    emdn = words(20, load_default="")
    gmdn = words(10, load_default="")
    notified_body = words(4, load_default="")
    certificate_number = words(50, load_default="")
    category = words(120, load_default="")
    origin = words(2, load_default="")
    marketed_from = fields.Date(load_default=None, allow_none=True)
    marketed_to = fields.Date(load_default=None, allow_none=True)
    first_registered_on = fields.Date(load_default=None, allow_none=True)
    language = words(8, load_default="")


@blueprint.route("/products/<product_id>/registrations", methods=["GET"])
@blueprint.response(200, RegistrationSchema(many=True))
def list_registrations(product_id: str) -> object:
    """Where a product is sold"""
    with world().database.read() as session:
        if product_details(session, product_id) is None:
            raise NotFound("There is no such product.", place="product_id")
        return markets.registrations_of(session, product_id)


@blueprint.route("/products/<product_id>/registrations", methods=["POST"])
@blueprint.arguments(RegistrationSchema, example=PLASTER_US)
@blueprint.alt_response(201, schema=RegistrationSchema)
def add_registration(given: dict[str, Any], product_id: str) -> Response:
    """Add a market of a product"""
    with unit_of_work() as session:
        made = registrations.register_product(session, signed_in(), world().clock, product_id,
                                              registrations.NewRegistration(**given))
        return created(RegistrationSchema(), made, "api_registrations.read_registration", registration_id=made.id)


@blueprint.route("/registrations/<registration_id>", methods=["GET"])
@blueprint.alt_response(200, schema=RegistrationSchema)
def read_registration(registration_id: str) -> Response:
    """One product in one market"""
    with world().database.read() as session:
        found = markets.registration_by_id(session, registration_id)
        if found is None:
            raise NotFound("There is no such registration.", place="registration_id")
        return shown(RegistrationSchema(), found)


@blueprint.route("/registrations/<registration_id>", methods=["PUT"])
@blueprint.arguments(RegistrationSchema)
@blueprint.alt_response(200, schema=RegistrationSchema)
def replace_registration(given: dict[str, Any], registration_id: str) -> Response:
    """Change a product in a market (If-Match)"""
    with unit_of_work() as session:
        changed = registrations.change_registration(session, signed_in(), world().clock,
                                                    registrations.ChangeRegistration(
                                                        registration_id, registrations.NewRegistration(**given),
                                                        wanted_revision()))
        return shown(RegistrationSchema(), changed)
