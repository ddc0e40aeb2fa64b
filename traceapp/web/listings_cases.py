"""Complaints, recalls and the ledger of a recall as staff and machines download them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.catalog.lookup import products_by_id
from traceapp.complaint.queries import ComplaintFilter, complaint_page
from traceapp.recall.model import Recall
from traceapp.recall.progress import progress_of
from traceapp.recall.queries import LedgerFilter, LedgerRow, RecallFilter, ledger_page, recall_page
from traceapp.trace.lookup import lots_by_key

from .context import world
from .i18n import language
from .oversight import bounded, bounded_ledger, recall_part
from .tables import Table, Titles, titled
from .words import (
    CHANNELS,
    COMPLAINT_KINDS,
    COMPLAINT_STATES,
    LINE_STATES,
    LOT_CAPTURES,
    RECALL_STATES,
    SEVERITIES,
    TRIAGE_RESULTS,
    own_name,
    term_names,
    word,
)

_ = lazy_gettext
_BATCH = 1000
_COMPLAINTS: Titles = (
    ("reference", _("Complaint")), ("received_at", _("Received")), ("awareness_at", _("Known since")),
    ("channel", _("Channel")), ("state", _("State")), ("severity", _("Severity")), ("triage", _("Triage")),
    ("product", _("Product")), ("lot", _("Batch")), ("lot_text", _("Batch as given")),
    ("lot_capture", _("How the batch is known")), ("happened_on", _("Happened on")), ("affected", _("Who")),
    ("age_band", _("Age")), ("sex", _("Sex")), ("terms", _("What happened")), ("seriousness", _("Seriousness")),
    ("is_harm", _("Harm")), ("narrative", _("In their words")), ("use_text", _("How it was used")),
    ("kinds", _("Kind")), ("cause", _("Cause")), ("solution", _("Solution")), ("decision", _("Decision")))
_RECALLS: Titles = (
    ("reference", _("Recall")), ("title", _("Title")), ("recall_class", _("Class")), ("state", _("State")),
    ("lots", _("Batches")), ("consignees", _("Consignees")), ("answered", _("Answered")),
    ("opened_at", _("Opened")), ("approved_at", _("Approved")), ("closed_at", _("Closed")))
_LEDGER: Titles = (
    ("consignee", _("Consignee")), ("region", _("Region")), ("lot", _("Batch")), ("product", _("Product")),
    ("unit", _("Unit")), ("shipped", _("Shipped")), ("told_at", _("Told")), ("received", _("Received")),
    ("on_hand", _("On hand")), ("used", _("Used")), ("passed_on", _("Passed on")),
    ("passed_to", _("Passed on to whom")), ("returned", _("Sent back")), ("came_back", _("Counted back")),
    ("destroyed", _("Destroyed")), ("corrected", _("Put right")), ("unaccounted", _("Unaccounted")),
    ("state", _("State")), ("answered_at", _("Answered")), ("answered_by", _("By")),
    ("explanation", _("Explanation")), ("settled_reason", _("Settled because")))


def complaints_table(wanted: ComplaintFilter, filters: Mapping[str, object]) -> Table:
    """The complaints of a filter, without who said it; `filters` is what the record of the file will say."""
    return Table("complaints", gettext("Complaints"), titled(_COMPLAINTS), _complaints(wanted), filters)


def _complaints(wanted: ComplaintFilter) -> Iterator[dict[str, Any]]:
    after: str | None = None
    with world().database.snapshot() as db:
        while True:
            page = complaint_page(db, replace(wanted, after=after, limit=_BATCH))
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
                    "narrative": row.narrative, "use_text": row.use_text,
                    "kinds": [word(COMPLAINT_KINDS, kind) for kind in row.kinds], "cause": row.cause,
                    "solution": row.solution, "decision": row.decision}
            after = page.next
            if after is None:
                return


def recalls_table(wanted: RecallFilter, filters: Mapping[str, object]) -> Table:
    """The recalls of a filter with how far each is."""
    return Table("recalls", gettext("Recalls"), titled(_RECALLS), _recalls(bounded(wanted)), filters)


def _recalls(wanted: RecallFilter) -> Iterator[dict[str, Any]]:
    after, part = None, recall_part()
    with world().database.snapshot() as db:
        while True:
            page = recall_page(db, replace(wanted, after=after, limit=_BATCH))
            progress = progress_of(db, (row.id for row in page.rows), part)
            for row in page.rows:
                yield {"reference": row.reference, "title": str(getattr(row, f"title_{language()}")),
                       "recall_class": row.recall_class, "state": word(RECALL_STATES, row.state),
                       "lots": progress[row.id].lots, "consignees": progress[row.id].consignees,
                       "answered": progress[row.id].answered, "opened_at": row.opened_at,
                       "approved_at": row.approved_at, "closed_at": row.closed_at}
            after = page.next
            if after is None:
                return


def ledger_table(case: Recall, wanted: LedgerFilter, filters: Mapping[str, object]) -> Table:
    """The lines of a recall's ledger."""
    return Table("recall_ledger", gettext("Ledger of %(reference)s", reference=case.reference), titled(_LEDGER),
                 _ledger(bounded_ledger(wanted)), {**filters, "recall": case.reference})


def _ledger(wanted: LedgerFilter) -> Iterator[dict[str, Any]]:
    after: str | None = None
    with world().database.snapshot() as db:
        while True:
            page = ledger_page(db, replace(wanted, after=after, limit=_BATCH))
            for row in page.rows:
                yield {
                    "consignee": _name(row, "consignee"), "region": row.region, "lot": row.number,
                    "product": _name(row, "product"), "unit": row.unit or "", "shipped": row.shipped,
                    "told_at": row.told_at, "received": row.received, "on_hand": row.on_hand, "used": row.used,
                    "passed_on": row.passed_on, "passed_to": row.passed_to, "returned": row.returned,
                    "came_back": row.came_back, "destroyed": row.destroyed, "corrected": row.corrected,
                    "unaccounted": row.unaccounted, "state": word(LINE_STATES, row.state),
                    "answered_at": row.answered_at, "answered_by": row.answered_by, "explanation": row.explanation,
                    "settled_reason": row.settled_reason}
            after = page.next
            if after is None:
                return


def _name(row: LedgerRow, what: str) -> str:
    return str(getattr(row, f"{what}_{language()}"))
