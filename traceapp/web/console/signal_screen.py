"""The nightly screen: terms that come up with one batch more than with the others of its product."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask import request
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.complaint.terms import terms
from traceapp.surveillance.screen_model import ScreenRun
from traceapp.surveillance.screen_queries import SORTS, ScreenFilter, screen_page, screen_runs
from traceapp.trace.lookup import lots_by_key
from traceapp.web.context import world
from traceapp.web.listings_screen import screen_table
from traceapp.web.tables import send_table
from traceapp.web.words import own_name, term_names

from .casework import case_page
from .layout import blueprint
from .listing import PAGE_ROWS, choice, export_links, placed, wished
from .words import options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.signals_screen": "signal.read"}

_ = lazy_gettext
_SHOWN: dict[str, Any] = {"all": _("All with two reports or more")}
_SORTS: dict[str, Any] = {"ebgm": _("By EBGM"), "expected": _("By what is expected")}


@blueprint.get("/signals/screen")
def signals_screen() -> Response:
    """What stands out, the most remarkable first; all pairs where asked for; with `format` the rows as a file."""
    values = wished("product", "term", "lot", "show", "sort")
    asked = ScreenFilter(values["product"], values["lot"], choice(values["term"], terms()) or "",
                         only_flagged=choice(values["show"], _SHOWN) is None,
                         sort=choice(values["sort"], SORTS) or "ic025", after=request.args.get("after") or None,
                         limit=PAGE_ROWS)
    if request.args.get("format"):
        return send_table(screen_table(asked, {name: value for name, value in values.items() if value}),
                          request.args["format"])
    with world().database.read() as db:
        found = screen_page(db, asked)
        lots = lots_by_key(db, (row.lot_key for row in found.rows))
        products = {product.id: product for product in all_products(db, only_active=False)}
        runs = screen_runs(db, [values["product"]] if values["product"] else None)
    return case_page(
        "console/signals_screen.html", found=found, lots=lots, products=products, wanted=values,
        listed=placed(found, "console.signals_screen", values), exports=export_links("console.signals_screen", values),
        runs=[run for run in runs if run.reports], jumps=_jumps(runs),
        last_run=max((run.ran_at for run in runs), default=None),
        choices={"show": options(_SHOWN), "sort": options(_SORTS),
                 "term": [(code, term_names([code])[0]) for code in terms()],
                 "product": [(key, own_name(product)) for key, product in products.items()
                             if product.kind != "material"]})


def _jumps(runs: Iterable[ScreenRun]) -> list[tuple[ScreenRun, dict[str, Any]]]:
    """What jumped, each with the run that found it; the day is kept as text."""
    return [(run, jump | {"on": date.fromisoformat(jump["on"])}) for run in runs for jump in run.jumps]
