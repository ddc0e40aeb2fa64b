"""Console: adverse events. The list; a case stands in the module beside this one."""
from __future__ import annotations

from flask import request
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import AdverseEventFilter, adverse_event_page
from traceapp.adverse_event.service import about
from traceapp.catalog.queries import all_products
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.web.context import world
from traceapp.web.listings import adverse_event_table
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.tables import send_table
from traceapp.web.words import EVENT_STATES, choices, own_name
from traceapp.worklist.lookup import next_due

from . import adverse_event_assess, adverse_event_case, adverse_event_history
from .casework import case_page
from .layout import blueprint
from .listing import PAGE_ROWS, choice, day_start, export_links, placed, wished

# endpoint -> permission (see traceapp.web.permissions). Reading asks for `adverse_event.write` too:
# `adverse_event.read` is also the regulator's, who has pages of its own.
PERMISSIONS: dict[str, str] = joined(
    {"console.adverse_events": "adverse_event.write"}, adverse_event_case.PERMISSIONS, adverse_event_assess.PERMISSIONS,
    adverse_event_history.PERMISSIONS)
_FIELDS = ("text", "state", "serious", "product", "lot", "lot_key", "since", "until", "sort")
_SERIOUS = {"yes": lazy_gettext("Serious"), "no": lazy_gettext("Not serious")}
_SORTS = {"latest": lazy_gettext("Latest first"), "oldest": lazy_gettext("Oldest first")}


def _filter(db: Session, wanted: dict[str, str], after: str | None = None) -> AdverseEventFilter:
    state = choice(wanted["state"], EVENT_STATES)
    lots = lots_of_number(db, wanted["lot"]) if wanted["lot"] else []
    if wanted["product"]:
        lots = [lot for lot in lots if lot.product_id == wanted["product"]]
    lot_key = wanted["lot_key"] or (lots[0].lot_key if lots else "-" if wanted["lot"] else None)
    return AdverseEventFilter(
        since=day_start(wanted["since"]), until=day_start(wanted["until"], days=1),
        product_id=wanted["product"] or None, lot_key=lot_key, states=(state,) if state else (),
        is_serious={"yes": True, "no": False}.get(wanted["serious"]), text=wanted["text"],
        oldest_first=wanted["sort"] == "oldest", after=after, limit=PAGE_ROWS)


@blueprint.get("/adverse-events")
def adverse_events() -> Response:
    """The list, the latest first; with `format` the line listing as a file."""
    wanted = wished(*_FIELDS)
    with world().database.read() as db:
        if request.args.get("format"):
            shown = {name: value for name, value in wanted.items() if value}
            return send_table(adverse_event_table(_filter(db, wanted), shown), request.args["format"])
        found = adverse_event_page(db, _filter(db, wanted, given("after", 500) or None))
        lots = lots_by_key(db, (row.lot_key for row in found.rows))
        products = {product.id: product for product in all_products(db, only_active=False)}
        due = next_due(db, (about(row.id) for row in found.rows))
    return case_page(
        "console/adverse_events.html", found=found, lots=lots, products=products, wanted=wanted,
        due={key.partition(":")[2]: value for key, value in due.items()},
        listed=placed(found, "console.adverse_events", wanted),
        exports=export_links("console.adverse_events", wanted),
        options={"state": choices(EVENT_STATES), "serious": [(key, str(text)) for key, text in _SERIOUS.items()],
                 "sort": [(key, str(text)) for key, text in _SORTS.items()],
                 "product": [(key, own_name(product)) for key, product in products.items()
                             if product.kind != "material"]})
