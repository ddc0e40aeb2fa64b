"""Products and partners as staff and machines download them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flask_babel import gettext, lazy_gettext

from traceapp.catalog.queries import PartyFilter, ProductFilter, party_page, product_page
from traceapp.core.quantity import plain
from traceapp.export.spreadsheet import Record

from .context import world
from .tables import Table, Titles, titled

_ = lazy_gettext
_BATCH = 500
_PRODUCTS: Titles = (
    ("code", _("Code")), ("kind", _("Kind")), ("name_zh", _("Name (Chinese)")), ("name_en", _("Name (English)")),
    ("unit", _("Unit of quantity")), ("registration", _("Registration number")), ("risk_class", _("Risk class")),
    ("shelf_life", _("Shelf life in days")), ("gtins", _("GTINs")), ("active", _("In use")))
_PARTNERS: Titles = (
    ("code", _("Code")), ("name_zh", _("Name (Chinese)")), ("name_en", _("Name (English)")), ("gln", _("GLN")),
    ("country", _("Country")), ("region", _("Region")), ("city", _("City")), ("address", _("Address")),
    ("roles", _("Roles")), ("active", _("In use")))


def products_table(wanted: ProductFilter, filters: Mapping[str, object]) -> Table:
    """The products of a filter; `filters` is what the record of the file will say."""
    return Table("products", gettext("Products"), titled(_PRODUCTS), _products(wanted), filters)


def _products(wanted: ProductFilter) -> Iterator[Record]:
    after = None
    with world().database.snapshot() as session:
        while True:
            found = product_page(session, replace(wanted, after=after, limit=_BATCH))
            for one in found.rows:
                yield {"code": one.code, "kind": one.kind, "name_zh": one.name_zh, "name_en": one.name_en,
                       "unit": one.unit, "registration": one.registration_number, "risk_class": one.risk_class,
                       "shelf_life": one.shelf_life_days, "active": one.is_active,
                       "gtins": [f"{level.level} {level.gtin} = {plain(level.units)}" for level in one.levels]}
            after = found.next
            if after is None:
                return


def partners_table(wanted: PartyFilter, filters: Mapping[str, object]) -> Table:
    """The partners of a filter; contacts are persons and stay out of it."""
    return Table("partners", gettext("Partners"), titled(_PARTNERS), _partners(wanted), filters)


def _partners(wanted: PartyFilter) -> Iterator[Record]:
    after = None
    with world().database.snapshot() as session:
        while True:
            found = party_page(session, replace(wanted, after=after, limit=_BATCH))
            for one in found.rows:
                yield {"code": one.code, "name_zh": one.name_zh, "name_en": one.name_en, "gln": one.gln,
                       "country": one.country, "region": one.region, "city": one.city, "address": one.address,
                       "roles": sorted({role.role for role in one.roles}), "active": one.is_active}
            after = found.next
            if after is None:
                return
