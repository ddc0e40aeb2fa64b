"""Products and materials: the list, the page of one, new, change."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.attachment.service import attachments_of
from traceapp.audit.entries import entries_of
from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.markets import registrations_of
from traceapp.catalog.model import Product
from traceapp.catalog.queries import ProductFilter, all_products, product_details, product_page
from traceapp.catalog.service import (
    STEM,
    STORAGE,
    ChangeProduct,
    Ingredient,
    Level,
    NewProduct,
    change_product,
    create_product,
)
from traceapp.code.labels import unit_gtin
from traceapp.code.link_queries import links_of_key
from traceapp.code.links import read_code
from traceapp.core.errors import NotFound
from traceapp.core.quantity import plain
from traceapp.identity.lookup import names_of_users
from traceapp.submission.periodic_reporting import period_rows
from traceapp.web import clock_words, report_words
from traceapp.web.clock_words import market_word
from traceapp.web.context import signed_in, world
from traceapp.web.listings_catalog import products_table
from traceapp.web.tables import send_table

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .links import details_of, kind_word, leads_of
from .listing import PAGE_ROWS, choice, export_links, placed, wished
from .words import KINDS, LEVELS, action_word, named, options, unit_options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.products": "console.read", "console.products_export": "console.read", "console.product": "console.read",
    "console.product_new": "catalog.write", "console.product_change": "catalog.write"}

_ = lazy_gettext
_WISHES = ("text", "kind", "active")
_ACTIVE = {"1": _("In use"), "0": _("Not in use any more")}
_TEXTS = ("code", "name_zh", "name_en", "registration_number", "risk_class", "storage_zh", "storage_en", "usage_zh",
          "usage_en", "contact_phone")
_ROWS, _MOST_ROWS = 4, 60


def _filter(values: dict[str, str]) -> ProductFilter:
    active = {"1": True, "0": False}.get(values["active"])
    return ProductFilter(values["text"], choice(values["kind"], KINDS), active, request.args.get("after") or None,
                         PAGE_ROWS)


@blueprint.get("/products")
def products() -> Response:
    """The list."""
    values = wished(*_WISHES)
    with world().database.read() as session:
        found = product_page(session, _filter(values))
    return page("console/products.html", found=found, listed=placed(found, "console.products", values), values=values,
                kinds=options(KINDS), kind_words=KINDS, active=options(_ACTIVE),
                exports=export_links("console.products_export", values))


@blueprint.get("/products/export")
def products_export() -> Response:
    """The products of the filter as a file."""
    values = wished(*_WISHES)

    return send_table(products_table(_filter(values), values), request.args.get("format", ""))


def _known(session: Session, product_id: str) -> Product:
    found = product_details(session, product_id)
    if found is None:
        raise NotFound("There is no such product.")
    return found


@blueprint.get("/products/<product_id>")
def product(product_id: str) -> Response:
    """All about one product."""
    with world().database.read() as session:
        found = _known(session, product_id)
        entries = entries_of(session, f"product:{product_id}", 50)
        people = names_of_users(session, [entry.actor_id for entry in entries])
        files = attachments_of(session, f"product:{product_id}")
        gtin = unit_gtin(found.levels)
        leads = leads_of(session, read_code(gtin)) if gtin else []
        markets = registrations_of(session, product_id)
        parties = parties_by_id(session, (one.holder_id or one.manufacturer_id for one in markets))
        periods = period_rows(session, product_id)
        registered = links_of_key(session, tuple(f"{STEM}{level.gtin}" for level in found.levels))
    return page("console/product.html", product=found, kind_words=KINDS, level_words=LEVELS, files=files, gtin=gtin,
                leads=leads, registered=registered, kind_word=kind_word, details_of=details_of, markets=markets,
                parties=parties, market_word=market_word, periods=periods, clock_words=clock_words,
                report_words=report_words,
                entries=[(entry, action_word(entry.action), people.get(entry.actor_id, entry.actor_id))
                         for entry in entries])


@blueprint.route("/products/new", methods=["GET", "POST"])
def product_new() -> Response:
    """A new product or material."""
    form = Entered({"kind": "device", "unit": "EA"})

    def act(session: Session) -> Done:
        made = create_product(session, signed_in(), world().clock, _command(form))
        return Done(url_for("console.product", product_id=made.id), gettext("%(name)s is entered.", name=named(made)))

    return _answer(form, None, act)


@blueprint.route("/products/<product_id>/change", methods=["GET", "POST"])
def product_change(product_id: str) -> Response:
    """Change a product; code, kind, unit and GTINs stay."""
    with world().database.read() as session:
        found = _known(session, product_id)
    form = Entered(_values_of(found))
    revision = form.revision() if request.method == "POST" else None

    def act(session: Session) -> Done:
        changed = change_product(session, signed_in(), world().clock, ChangeProduct(
            product_id, _command(form), form.is_checked("is_active"), revision))
        return Done(url_for("console.product", product_id=product_id),
                    gettext("%(name)s is changed.", name=named(changed)))

    return _answer(form, found, act)


def _answer(form: Entered, found: Product | None, act: Any) -> Response:
    """The form of a product, or what came of it."""
    with world().database.read() as session:
        materials = all_products(session)
    counts = {"levels": form.count("levels", _ROWS, _MOST_ROWS), "recipe": form.count("recipe", _ROWS, _MOST_ROWS)}

    def again(status: int = 200) -> Response:
        return page("console/product_form.html", status, form=form, product=found, kinds=options(KINDS),
                    levels=options(LEVELS), units=unit_options(), counts=counts,
                    materials=[(one.id, f"{one.code} · {named(one)} ({one.unit})") for one in materials
                               if found is None or one.id != found.id])

    more = form.get("more")
    if more in counts:
        counts[more] = min(_MOST_ROWS, counts[more] + _ROWS)
    if request.method == "GET" or more:
        return again()
    _command(form)  # notes what cannot be read, before anything is tried
    return perform(form, act, Refusal(again, _fields(form)))


def _rows(form: Entered, prefix: str, key: str) -> list[int]:
    """The rows of a table of the form that are filled in."""
    return [row for row in range(form.count(prefix, 0, _MOST_ROWS)) if form.text(f"{prefix}-{row}-{key}")]


def _fields(form: Entered) -> dict[str, str]:
    """Which field a place of the service is: it counts filled rows only."""
    found = {"levels": "levels-0-gtin"}
    for n, row in enumerate(_rows(form, "levels", "gtin")):
        found |= {f"levels/{n}/{name}": f"levels-{row}-{name}" for name in ("level", "gtin", "units")}
    for n, row in enumerate(_rows(form, "recipe", "material_id")):
        found[f"recipe/{n}"] = f"recipe-{row}-quantity"
    return found


def _command(form: Entered) -> NewProduct:
    levels = []
    for row in _rows(form, "levels", "gtin"):
        name = form.choice(f"levels-{row}-level", LEVELS)
        units = form.amount(f"levels-{row}-units", required=False)
        levels.append(Level(name, form.text(f"levels-{row}-gtin"), units or Decimal(1)))
    recipe = []
    for row in _rows(form, "recipe", "material_id"):
        quantity = form.amount(f"recipe-{row}-quantity")
        loss = form.amount(f"recipe-{row}-loss", positive=False, required=False) or Decimal(0)
        recipe.append(Ingredient(form.text(f"recipe-{row}-material_id"), quantity or Decimal(1), loss / 100))
    output = form.amount("recipe_output", required=False)
    texts = {name: form.text(name) for name in _TEXTS}
    return NewProduct(
        kind=form.choice("kind", KINDS), unit=form.text("unit"), levels=tuple(levels), recipe=tuple(recipe),
        recipe_output=output, shelf_life_days=form.whole("shelf_life_days"),
        storage_min_c=form.amount("storage_min_c", positive=False, required=False),
        storage_max_c=form.amount("storage_max_c", positive=False, required=False),
        storage_min_rh=form.amount("storage_min_rh", positive=False, required=False),
        storage_max_rh=form.amount("storage_max_rh", positive=False, required=False),
        storage_allowed_minutes=form.whole("storage_allowed_minutes") or 0,
        balance_tolerance=form.amount("balance_tolerance", positive=False, required=False) or Decimal(0), **texts)


def _values_of(found: Product) -> dict[str, str]:
    """A product as its form shows it."""
    def shown(value: Any) -> str:
        return "" if value is None else plain(value) if isinstance(value, Decimal) else str(value)

    values = {name: shown(getattr(found, name)) for name in (
        *_TEXTS, *STORAGE, "kind", "unit", "shelf_life_days", "balance_tolerance", "recipe_output")}
    values["is_active"] = "1" if found.is_active else ""
    for row, level in enumerate(found.levels):
        values |= {f"levels-{row}-level": level.level, f"levels-{row}-gtin": level.gtin,
                   f"levels-{row}-units": plain(level.units)}
    for row, line in enumerate(found.recipe):
        values |= {f"recipe-{row}-material_id": line.material_id, f"recipe-{row}-quantity": plain(line.quantity),
                   f"recipe-{row}-loss": plain(line.loss * 100)}
    return values
