"""Console: complaints. The list; a case, new ones and imports stand in the modules beside this one."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.queries import all_products
from traceapp.complaint.intake import about
from traceapp.complaint.queries import ComplaintFilter, complaint_page
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.web.context import world
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.tables import Table, send_table, titled
from traceapp.web.words import (
    CHANNELS,
    COMPLAINT_STATES,
    LOT_CAPTURES,
    SEVERITIES,
    TRIAGE_RESULTS,
    choices,
    own_name,
    term_names,
    word,
)
from traceapp.worklist.lookup import next_due

from . import complaint_acts, complaint_case, complaint_import, complaint_new
from .casework import case_page
from .layout import blueprint
from .listing import PAGE_ROWS, choice, day_start, export_links, placed, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = joined(
    {"console.complaints": "complaint.read"}, complaint_acts.PERMISSIONS, complaint_case.PERMISSIONS,
    complaint_import.PERMISSIONS, complaint_new.PERMISSIONS)
_FIELDS = ("text", "state", "severity", "product", "lot", "lot_key", "since", "until", "channel", "special", "sort")
_SPECIAL = {"quarantined": lazy_gettext("Held back, to be looked at"), "unbound": lazy_gettext("Without a batch"),
            "duplicates": lazy_gettext("Perhaps a duplicate"), "harm": lazy_gettext("Somebody was harmed")}
_SORTS = {"received": lazy_gettext("Newest first"), "oldest": lazy_gettext("Oldest first"),
          "awareness": lazy_gettext("By the day we learned of it")}
_NO_LOT = "-"


def _filter(db: Session, wanted: dict[str, str], after: str | None, limit: int) -> ComplaintFilter:
    special = wanted["special"]
    state = choice(wanted["state"], COMPLAINT_STATES)
    return ComplaintFilter(
        states=(state,) if state else (), severity=choice(wanted["severity"], SEVERITIES),
        channel=choice(wanted["channel"], CHANNELS), product_id=wanted["product"] or None,
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
    if request.args.get("format"):
        return _export(wanted, request.args["format"])
    with world().database.read() as db:
        found = complaint_page(db, _filter(db, wanted, given("after", 500) or None, PAGE_ROWS))
        lots = lots_by_key(db, (row.lot_key for row in found.rows))
        products = {product.id: product for product in all_products(db, only_active=False)}
        due = next_due(db, (about(row.id) for row in found.rows))
    return case_page(
        "console/complaints.html", found=found, lots=lots, products=products, wanted=wanted,
        due={key.partition(":")[2]: value for key, value in due.items()},
        listed=placed(found, "console.complaints", wanted), exports=export_links("console.complaints", wanted),
        options={"state": choices(COMPLAINT_STATES), "severity": choices(SEVERITIES), "channel": choices(CHANNELS),
                 "special": [(key, str(text)) for key, text in _SPECIAL.items()],
                 "sort": [(key, str(text)) for key, text in _SORTS.items()],
                 "product": [(key, own_name(product)) for key, product in products.items()
                             if product.kind != "material"]})


def _export(wanted: dict[str, str], form: str) -> Response:
    columns = (
        ("reference", _("Complaint")), ("received_at", _("Received")), ("awareness_at", _("Known since")),
        ("channel", _("Channel")), ("state", _("State")), ("severity", _("Severity")), ("triage", _("Triage")),
        ("product", _("Product")), ("lot", _("Batch")), ("lot_text", _("Batch as given")),
        ("lot_capture", _("How the batch is known")), ("happened_on", _("Happened on")), ("affected", _("Who")),
        ("age_band", _("Age")), ("sex", _("Sex")), ("terms", _("What happened")), ("seriousness", _("Seriousness")),
        ("is_harm", _("Harm")), ("narrative", _("In their words")), ("use_text", _("How it was used")),
        ("decision", _("Decision")))
    return send_table(Table("complaints", _("Complaints"), titled(columns), _records(wanted), wanted), form)


def _records(wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    after: str | None = None
    with world().database.snapshot() as db:
        while True:
            page = complaint_page(db, _filter(db, wanted, after, 1000))
            lots = lots_by_key(db, (row.lot_key for row in page.rows))
            products = products_by_id(db, (row.product_id for row in page.rows))
            for row in page.rows:
                lot = lots.get(row.lot_key)
                yield {
                    "reference": row.reference, "received_at": row.received_at, "awareness_at": row.awareness_at,
                    "channel": word(CHANNELS, row.channel), "state": word(COMPLAINT_STATES, row.state),
                    "severity": word(SEVERITIES, row.severity), "triage": word(TRIAGE_RESULTS, row.triage_result),
                    "product": own_name(products.get(row.product_id or "")), "lot": lot.number if lot else "",
                    "lot_text": row.lot_text, "lot_capture": word(LOT_CAPTURES, row.lot_capture),
                    "happened_on": row.happened_on, "affected": row.affected, "age_band": row.age_band, "sex": row.sex,
                    "terms": term_names(row.terms), "seriousness": list(row.seriousness), "is_harm": row.is_harm,
                    "narrative": row.narrative, "use_text": row.use_text, "decision": row.decision}
            after = page.next
            if after is None:
                return
