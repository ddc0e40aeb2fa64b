"""Records for an authority on the pages of staff and regulators and over the API: the same choice, the same file."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from traceapp.catalog.queries import all_products
from traceapp.catalog.queries import sites as all_sites
from traceapp.core.errors import InvalidInput, NotFound, Problem
from traceapp.submission.records import FORMS, KIND, RecordsFile, write_records
from traceapp.submission.service import ExportFilter, export_page
from traceapp.trace.finding import key_of_text
from traceapp.trace.genealogy import DIRECTIONS
from traceapp.trace.tracking_choice import (
    TrackingChoice,
    count_chosen,
    lots_of_trace,
    product_of_code,
    site_of_code,
)

from .context import actor, world
from .i18n import language
from .problems import translated
from .reading import given, period
from .tables import NewFile, send_file
from .words import own_name

FIELDS = ("lot", "direction", "since", "until", "product", "site", "steps")
_ENDINGS = {"epcis": "jsonld"}


def page_values(here: str, file: str) -> tuple[int, dict[str, Any]]:
    """Status and values of the page `records.html`: what was chosen, how many events that is, and what was taken
    before. `here` and `file` are the endpoints of the page and of its files."""
    wanted = {name: given(name) for name in FIELDS}
    count, errors, status = None, [], 200
    with world().database.read() as session:
        if request.args.get("chosen"):
            try:
                count = count_chosen(session, _asked(session, wanted))
            except Problem as error:
                errors, status = [(error.place or "lot", translated(error))], 422
        products = [(product.id, f"{product.code} · {own_name(product)}")
                    for product in all_products(session, only_active=False)]
        sites = [(site.id, f"{site.code} · {own_name(site)}") for site in all_sites(session)]
        before = export_page(session, ExportFilter(actor_id=actor().id, kind=KIND, limit=10))
    kept = {name: value for name, value in wanted.items() if value}
    files = [(form.upper(), url_for(file, **(kept | {"format": form})))  # type: ignore[arg-type]
             for form in FORMS]
    return status, {"wanted": wanted, "count": count, "errors": errors, "products": products, "sites": sites,
                    "files": files, "before": before, "here_url": url_for(here),
                    "told_of": lambda row: _told(row.filters, dict(products), dict(sites))}


def send_asked() -> Response:
    """The file of what the address asks for. Raises InvalidInput and NotFound for what cannot be asked."""
    wanted, form = {name: given(name) for name in FIELDS}, given("format")
    if form not in FORMS:
        raise NotFound("There is nothing at this address.")
    with world().database.snapshot() as session:
        choice = _asked(session, wanted)
    return send_records(choice, form, {name: value for name, value in wanted.items() if value})


def send_records(choice: TrackingChoice, form: str, filters: Mapping[str, object]) -> Response:
    """The file of a choice in the reader's language, recorded with its hash before it is sent."""
    def write(file: Any) -> Any:
        with world().database.snapshot() as session:
            return write_records(session, file, RecordsFile(
                choice, form, world().clock.now(), language(), gettext))

    told = dict(filters) | {"language": language()}
    return send_file(NewFile(KIND, form, told, _ENDINGS.get(form, "")), write)


def _asked(session: Session, wanted: Mapping[str, str]) -> TrackingChoice:
    since, until = period()
    if not wanted["lot"] and since is None and until is None:
        raise InvalidInput("Choose a batch or a period.", place="lot")
    direction = wanted["direction"] if wanted["direction"] in DIRECTIONS else None
    lots = lots_of_trace(session, key_of_text(session, wanted["lot"]), direction) if wanted["lot"] else None
    return TrackingChoice(
        lots, since, until, product_of_code(session, wanted["product"]) if wanted["product"] else None,
        site_of_code(session, wanted["site"]) if wanted["site"] else None, bool(wanted["steps"]))


def _told(filters: Mapping[str, Any], products: Mapping[str, str], sites: Mapping[str, str]) -> list[str]:
    """What a file was asked for, in words."""
    names = {"since": gettext("from"), "until": gettext("to"), "lot": gettext("batch")}
    found = [f"{word} {filters[name]}" for name, word in names.items() if filters.get(name)]
    return found + [names_of.get(filters[name], str(filters[name])) for name, names_of in (
        ("product", products), ("site", sites)) if filters.get(name)]
