"""The line listing: the cases of a period, a product, a batch and more, on the page and as a file."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import SORTS, AdverseEventFilter, adverse_event_page
from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.catalog.queries import all_products
from traceapp.complaint.terms import terms
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.db.page import Page
from traceapp.oversight.cases import CaseChoice, Reported, cases_chosen, codes_of, regions_of, standings
from traceapp.submission.model import ExportRecord
from traceapp.submission.service import ExportFilter, export_page
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.web import report_words
from traceapp.web.clock_words import AUTHORITIES, authority_word
from traceapp.web.code_names import names_of_codes
from traceapp.web.context import actor, world
from traceapp.web.listings import adverse_event_table
from traceapp.web.oversight import NO_SCOPE, needed_scope, reached_lots, reached_products
from traceapp.web.problems import translated
from traceapp.web.reading import given, period, same_page
from traceapp.web.tables import send_table
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import place
from traceapp.web.words import joined_words, own_name, term_names

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "regulator.home": "regulator.read", "regulator.reports": "regulator.read", "regulator.report_file": "export.run"}
FORMATS = ("xlsx", "csv", "json")
_FIELDS = ("since", "until", "product", "lot", "serious", "term", "jurisdiction", "region", "reported")
_ROWS = 25


@blueprint.get("/")
def home() -> Response:
    """Three tasks, and of which jurisdictions and products."""
    products = _products()
    return page("regulator/home.html", products=products, no_scope=NO_SCOPE,
                places=joined_words([authority_word(one) for one in sorted(actor().jurisdictions)]),
                chosen=joined_words([name for _key, name in products]) if actor().product_ids else "")


def _products() -> list[tuple[str, str]]:
    with world().database.read() as db:
        return [(product.id, own_name(product)) for product in reached_products(all_products(db, only_active=False))
                if product.kind != "material"]


def _filter(db: Session) -> AdverseEventFilter:
    """What the address asks for, of what is in scope. Raises InvalidInput for a day or a batch that is none."""
    since, until = period()
    number, product_id = given("lot"), given("product") or None
    lot_key = None
    if number:
        lots = [lot for lot in reached_lots(db, lots_of_number(db, number)) if product_id in (None, lot.product_id)]
        if not lots:
            raise InvalidInput("There is no batch “%(number)s” of ours.", place="lot", number=number)
        if len(lots) > 1:
            raise InvalidInput("Several products have a batch “%(number)s”. Choose the product too.", place="product",
                               number=number)
        lot_key = lots[0].lot_key
    choice = CaseChoice(given("term", 40), given("jurisdiction", 8), given("region", 80), _known(
        given("reported"), list(Reported)))
    sort = given("sort") or "-awareness_at"
    return AdverseEventFilter(
        since=since, until=until, product_id=product_id, lot_key=lot_key,
        is_serious={"yes": True, "no": False}.get(given("serious")), sort=_known(sort.removeprefix("-"), SORTS)
        or "awareness_at", oldest_first=not sort.startswith("-"), after=given("after", 500) or None, limit=_ROWS,
        within=cases_chosen(needed_scope(db), choice, world().clock.now()))


def _known(text: str, known: Any) -> str:
    """The text where it is one of the known ones, else nothing."""
    return text if text in known else ""


@blueprint.get("/reports")
def reports() -> Response:
    """The cases that the address asks for; the files of the same; what was downloaded before."""
    wanted = {name: given(name) for name in _FIELDS}
    errors: list[tuple[str | None, str]] = []
    with world().database.read() as db:
        values: dict[str, Any] = {"found": None}
        try:
            values = _listed(db, _filter(db))
        except InvalidInput as error:
            errors = [(error.place, translated(error))]
        before = export_page(db, ExportFilter(actor_id=actor().id, limit=10))
        options = _options(db, wanted["term"])
    kept = {name: value for name, value in wanted.items() if value}
    files = [(form.upper(), url_for("regulator.report_file", **(kept | {"format": form})))  # type: ignore[arg-type]
             for form in FORMATS]
    return page("regulator/reports.html", 422 if errors else 200, wanted=wanted, errors=errors, files=files,
                before=before, report_words=report_words, sort_of=_sort_of,
                told_of=lambda row: _told_of(row, options["products"]),
                next_url=same_page(after=values["found"].next) if values["found"] and values["found"].next else None,
                first_url=same_page(after=None) if request.args.get("after") else None, **options, **values)


def _listed(db: Session, wanted: AdverseEventFilter) -> dict[str, Any]:
    """One page of the cases with what their rows name."""
    found = adverse_event_page(db, wanted)
    return {"found": found, "standing": standings(db, needed_scope(db), (row.id for row in found.rows)),
            **_named(db, found)}


def _named(db: Session, found: Page[Any]) -> Mapping[str, Any]:
    return {"lots": lots_by_key(db, (row.lot_key for row in found.rows)),
            "named_products": products_by_id(db, (row.product_id for row in found.rows)),
            "parties": parties_by_id(db, (row.consignee_id for row in found.rows))}


def _options(db: Session, term: str) -> dict[str, Any]:
    """What can be chosen in the form; a term that was asked for stays there, also where no case has it."""
    here = needed_scope(db)
    told = codes_of(db, here)
    names = names_of_codes(db, *told)
    codes = {code for one in told for chosen in one.values() if isinstance(chosen, list) for code in chosen}
    codes |= {term} - set(terms()) - {""}
    return {"products": _products(), "regions": [(one, place(one, current_locale())) for one in regions_of(db, here)],
            "places": [(one, authority_word(one)) for one in AUTHORITIES if one in here.jurisdictions],
            "terms": [*((code, term_names([code])[0]) for code, term in terms().items() if term.kind != "service"),
                      *((code, f"{code} {names.get(code, '')}".strip()) for code in sorted(codes))]}


def _told_of(row: ExportRecord, products: list[tuple[str, str]]) -> str:
    """What a downloaded file holds, in words."""
    asked, names = row.filters, {"since": _("from"), "until": _("to"), "lot": _("batch"), "name": _("file")}
    found = [f"{word} {asked[name]}" for name, word in names.items() if asked.get(name)]
    found += [name for key, name in products if key == asked.get("product")]
    found += term_names([asked["term"]]) if asked.get("term") else []
    found += [place(asked["region"], current_locale())] if asked.get("region") else []
    found += [authority_word(asked["jurisdiction"])] if asked.get("jurisdiction") else []
    found += [str(asked["case"])] if asked.get("case") else []
    return joined_words(found) or _("everything")


def _sort_of(key: str) -> dict[str, Any]:
    """What the head of a column needs so that it sorts."""
    present = given("sort") or "-awareness_at"
    return {"sort_url": same_page(sort=f"-{key}" if present == key else key),
            "sorted": {key: "ascending", f"-{key}": "descending"}.get(present)}


@blueprint.get("/reports/file")
def report_file() -> Response:
    """The file, recorded with its hash before it is sent."""
    form = given("format")
    if form not in FORMATS:
        raise NotFound("There is nothing at this address.")
    kept = {name: given(name) for name in _FIELDS if given(name)}
    with world().database.read() as db:
        wanted = _filter(db)
    return send_table(adverse_event_table(wanted, kept), form)
