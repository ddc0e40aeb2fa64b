"""Console: the periodic safety report of a product, as a file."""
from __future__ import annotations

from datetime import date, timedelta

from flask import request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.core.errors import InvalidInput, Problem
from traceapp.submission.periodic_reporting import period_rows
from traceapp.web import clock_words, report_words
from traceapp.web.context import world
from traceapp.web.periodic import PeriodicFile, send_periodic
from traceapp.web.problems import translated
from traceapp.web.words import own_name

from .casework import case_page
from .layout import blueprint
from .layout import today as date_here
from .listing import wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {name: "report.write" for name in (
    "console.report_periodic", "console.report_periodic_file")}
_FIELDS = ("product", "since", "until", "form", "audience")


@blueprint.get("/reports/periodic")
def report_periodic() -> Response:
    """Choose the product and the period: last year where nothing is said."""
    today = date_here()
    end = today.replace(month=1, day=1) - timedelta(days=1)
    wanted = wished(*_FIELDS)
    return _page({**wanted, "since": wanted["since"] or f"{end:%Y}-01-01", "until": wanted["until"] or end.isoformat(),
                  "form": wanted["form"] or "docx", "audience": wanted["audience"] or "authority"}, [])


def _page(wanted: dict[str, str], errors: list[tuple[str, str]], status: int = 200) -> Response:
    with world().database.read() as db:
        products = [product for product in all_products(db, only_active=False) if product.kind != "material"]
        periods = period_rows(db, only_running=True)
    return case_page("console/report_periodic.html", status, wanted=wanted, errors=errors, periods=periods,
                     products=[(product.id, own_name(product)) for product in products], clock_words=clock_words,
                     report_words=report_words, by_id={product.id: product for product in products})


@blueprint.get("/reports/periodic/export")
def report_periodic_file() -> Response:
    """The file; the page again with what is wrong."""
    wanted = wished(*_FIELDS)
    try:
        return send_periodic(PeriodicFile(
            wanted["product"], _day(wanted, "since"), _day(wanted, "until"), wanted["form"] or "docx",
            request.args.get("audience") == "public"))
    except Problem as problem:
        place = {"product_id": "product"}.get(problem.place or "", problem.place or "product")
        return _page(wanted, [(place, translated(problem))], problem.status)


def _day(wanted: dict[str, str], name: str) -> date:
    try:
        found = date.fromisoformat(wanted[name])
    except ValueError:
        found = date.min
    if not 1990 <= found.year <= 9000:
        raise InvalidInput("“%(text)s” is not a day; write it as 2026-03-09.", code="not-a-day", place=name,
                           text=wanted[name][:40] or _("nothing"))
    return found
