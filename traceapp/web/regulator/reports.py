"""Downloading the reports of a period, a product or a batch; and what was downloaded before."""
from __future__ import annotations

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import AdverseEventFilter, count_adverse_events
from traceapp.catalog.queries import all_products
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.submission.service import ExportFilter, export_page
from traceapp.trace.lookup import lots_of_number
from traceapp.web.clock_words import authority_word
from traceapp.web.context import actor, world
from traceapp.web.listings import adverse_event_table
from traceapp.web.oversight import NO_SCOPE, bounded, reached_lots, reached_products
from traceapp.web.problems import translated
from traceapp.web.reading import given, period
from traceapp.web.tables import send_table
from traceapp.web.words import joined_words, own_name

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "regulator.home": "regulator.read", "regulator.reports": "regulator.read", "regulator.report_file": "export.run"}
FORMATS = ("xlsx", "csv", "json")
_FIELDS = ("since", "until", "product", "lot", "serious")


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
    """What the address asks for. Raises InvalidInput for a day or a batch that is none."""
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
    return AdverseEventFilter(since=since, until=until, product_id=product_id, lot_key=lot_key,
                              is_serious={"yes": True, "no": False}.get(given("serious")))


@blueprint.get("/reports")
def reports() -> Response:
    """Choose what the file shall hold; how many reports that is; the files downloaded before."""
    wanted = {name: given(name) for name in _FIELDS}
    count, errors = None, []
    with world().database.read() as db:
        try:
            count = count_adverse_events(db, bounded(_filter(db))) if request.args else None
        except InvalidInput as error:
            errors = [(error.place, translated(error))]
        before = export_page(db, ExportFilter(actor_id=actor().id, after=given("after", 500) or None, limit=20))
    kept = {name: value for name, value in wanted.items() if value}
    files = [(form.upper(), url_for("regulator.report_file", **(kept | {"format": form})))  # type: ignore[arg-type]
              for form in FORMATS]
    return page("regulator/reports.html", 422 if errors else 200, wanted=wanted, products=_products(), count=count,
                errors=errors, files=files, before=before)


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
