"""Console: complaints. The list; a case, new ones and imports stand in the modules beside this one."""
from __future__ import annotations

from flask import request
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.complaint.intake import about
from traceapp.complaint.queries import ComplaintFilter, complaint_page
from traceapp.complaint.terms import terms
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.web.context import world
from traceapp.web.listings_cases import complaints_table
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.tables import send_table
from traceapp.web.words import (
    CHANNELS,
    COMPLAINT_KINDS,
    COMPLAINT_STATES,
    SEVERITIES,
    choices,
    own_name,
)
from traceapp.worklist.lookup import next_due

from . import (
    complaint_acts,
    complaint_case,
    complaint_clusters,
    complaint_email,
    complaint_import,
    complaint_measures,
    complaint_new,
    complaint_returns,
    complaint_triage,
)
from .capa_drafting import problem_choices
from .casework import case_page
from .layout import blueprint
from .listing import PAGE_ROWS, choice, day_start, export_links, placed, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = joined(
    {"console.complaints": "complaint.read"}, complaint_acts.PERMISSIONS, complaint_case.PERMISSIONS,
    complaint_clusters.PERMISSIONS, complaint_email.PERMISSIONS, complaint_import.PERMISSIONS,
    complaint_measures.PERMISSIONS, complaint_new.PERMISSIONS, complaint_returns.PERMISSIONS,
    complaint_triage.PERMISSIONS)
_FIELDS = ("text", "state", "severity", "product", "lot", "lot_key", "since", "until", "channel", "kind",
           "term", "special", "sort")
_SPECIAL = {"quarantined": lazy_gettext("Held back, to be looked at"), "unbound": lazy_gettext("Without a batch"),
            "duplicates": lazy_gettext("Perhaps a duplicate"), "harm": lazy_gettext("Somebody was harmed"),
            "fakes": lazy_gettext("Perhaps a fake or a wrong label")}
_SORTS = {"received": lazy_gettext("Newest first"), "oldest": lazy_gettext("Oldest first"),
          "awareness": lazy_gettext("By the day we learned of it")}
_NO_LOT = "-"


def _filter(db: Session, wanted: dict[str, str], after: str | None, limit: int) -> ComplaintFilter:
    special = wanted["special"]
    state = choice(wanted["state"], COMPLAINT_STATES)
    return ComplaintFilter(
        states=(state,) if state else (), severity=choice(wanted["severity"], SEVERITIES),
        channel=choice(wanted["channel"], CHANNELS), kind=choice(wanted["kind"], COMPLAINT_KINDS),
        term=choice(wanted["term"], terms()), is_suspected_fake=True if special == "fakes" else None,
        product_id=wanted["product"] or None,
        lot_key=wanted["lot_key"] or _lot_key(db, wanted["lot"], wanted["product"]), since=day_start(wanted["since"]),
        until=day_start(wanted["until"], days=1), is_quarantined=True if special == "quarantined" else None,
        is_unbound=True if special == "unbound" else None,
        is_suspected_duplicate=True if special == "duplicates" else None, is_harm=True if special == "harm" else None,
        text=wanted["text"], sort=choice(wanted["sort"], _SORTS) or "received", after=after, limit=limit)


def _lot_key(db: Session, number: str, product_id: str) -> str | None:
    """The batch that was asked for by its number; a number that we don't know finds nothing."""
    if not number:
        return None
    found = [lot.lot_key for lot in lots_of_number(db, number) if not product_id or lot.product_id == product_id]
    return found[0] if found else _NO_LOT


@blueprint.get("/complaints")
def complaints() -> Response:
    """The list, the newest first; with `format` the same as a file."""
    wanted = wished(*_FIELDS)
    with world().database.read() as db:
        if request.args.get("format"):
            return send_table(complaints_table(_filter(db, wanted, None, PAGE_ROWS), wanted), request.args["format"])
        found = complaint_page(db, _filter(db, wanted, given("after", 500) or None, PAGE_ROWS))
        lots = lots_by_key(db, (row.lot_key for row in found.rows))
        products = {product.id: product for product in all_products(db, only_active=False)}
        due = next_due(db, (about(row.id) for row in found.rows))
    return case_page(
        "console/complaints.html", found=found, lots=lots, products=products, wanted=wanted,
        due={key.partition(":")[2]: value for key, value in due.items()},
        listed=placed(found, "console.complaints", wanted), exports=export_links("console.complaints", wanted),
        options={"state": choices(COMPLAINT_STATES), "severity": choices(SEVERITIES), "channel": choices(CHANNELS),
                 "kind": choices(COMPLAINT_KINDS), "term": problem_choices(),
                 "special": [(key, str(text)) for key, text in _SPECIAL.items()],
                 "sort": [(key, str(text)) for key, text in _SORTS.items()],
                 "product": [(key, own_name(product)) for key, product in products.items()
                             if product.kind != "material"]})
