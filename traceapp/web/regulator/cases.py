"""Opening one case or one batch: adverse events without names, recalls that were announced."""
from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import (
    AdverseEventFilter,
    adverse_event_by_id,
    adverse_event_by_reference,
    adverse_event_page,
    versions_of,
)
from traceapp.adverse_event.service import about
from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.core.errors import NotFound
from traceapp.db.page import Page
from traceapp.export.line_listing import masked_text
from traceapp.oversight.lots import summary_of
from traceapp.recall.cases import is_told, recall_by_id
from traceapp.recall.public import recalls_of_lot
from traceapp.recall.queries import RecallFilter, recall_by_reference, recall_page, scope_rows, signatures, totals_of
from traceapp.submission.report_preparing import reports_about
from traceapp.submission.report_queries import SENT, ReportFilter, report_page
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.trace.policy import VerdictFacts, verdict
from traceapp.web import assessment_words, clock_words, report_words
from traceapp.web.code_names import names_of_codes
from traceapp.web.context import world
from traceapp.web.oversight import bounded, needed_scope, own_clocks, reached, reached_lots, recall_part
from traceapp.web.reading import ZONE, given, same_page
from traceapp.web.recall_status import status_values
from traceapp.web.signature_words import SIGNED
from traceapp.web.words import word
from traceapp.worklist.legal_clocks import clocks_about

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {name: "regulator.read" for name in (
    "regulator.cases", "regulator.adverse_event", "regulator.lot", "regulator.recall",
    "regulator.recall_status")}


@blueprint.get("/cases")
def cases() -> Response:
    """Find by any number; without one the latest adverse events and recalls."""
    number = given("q", 80)
    with world().database.read() as db:
        target = _exactly(db, number) if number else None
        if target:
            return redirect(target, 303)
        lots = reached_lots(db, lots_of_number(db, number)) if number else []
        events = adverse_event_page(db, bounded(AdverseEventFilter(after=given("after", 500) or None, limit=20)))
        recalls = recall_page(db, bounded(RecallFilter(is_told=True, limit=20)))
        sent = report_page(db, bounded(ReportFilter(states=SENT, text=number, limit=20)))
        values = _names(db, events, [lot.lot_key for lot in lots])
    return page("regulator/cases.html", number=number, found=lots, events=events, recalls=recalls, sent=sent,
                report_words=report_words, clock_words=clock_words,
                next_url=same_page(after=events.next) if events.next else None,
                first_url=same_page(after=None) if request.args.get("after") else None, **values)


def _exactly(db: Session, number: str) -> str | None:
    """Where a number leads when there is only one thing of it."""
    event = adverse_event_by_reference(db, number)
    if event is not None and reached(db, "adverse_event", event.id):
        return url_for("regulator.adverse_event", adverse_event_id=event.id)
    recall = recall_by_reference(db, number.upper())
    if recall is not None and is_told(recall) and reached(db, "recall", recall.id):
        return url_for("regulator.recall", recall_id=recall.id)
    lots = reached_lots(db, lots_of_number(db, number))
    return url_for("regulator.lot", lot_key=lots[0].lot_key) if len(lots) == 1 else None


def _names(db: Session, events: Page[Any], lot_keys: list[str]) -> dict[str, Any]:
    """The lots and products that a list of events names."""
    lots = lots_by_key(db, (*(row.lot_key for row in events.rows), *lot_keys))
    products = products_by_id(db, (*(row.product_id for row in events.rows),
                                   *(lot.product_id for lot in lots.values())))
    return {"lots": lots, "products": products}


def _summary(db: Session, lot_key: str) -> dict[str, Any]:
    """What a batch was made of and where it went, when it is in scope."""
    return {"summary": summary_of(db, needed_scope(db), lot_key) if reached(db, "lot", lot_key) else None}


@blueprint.get("/adverse-events/<adverse_event_id>")
def adverse_event(adverse_event_id: str) -> Response:
    """One adverse event: what happened and how it was assessed, without anything about who the person is."""
    with world().database.read() as db:
        case = adverse_event_by_id(db, adverse_event_id)
        if case is None:
            raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
        named = names_of_codes(db, case.details)
        values: dict[str, Any] = {
            "lot": lots_by_key(db, [case.lot_key]).get(case.lot_key),
            "product": products_by_id(db, [case.product_id]).get(case.product_id or ""),
            "consignee": parties_by_id(db, [case.consignee_id]).get(case.consignee_id or ""),
            "recalls": [row for row in recalls_of_lot(db, case.lot_key) if reached(db, "recall", row.id)],
            "reports": [row for row in reports_about(db, about(case.id)) if reached(db, "report", row.id)],
            "clocks": own_clocks(clocks_about(db, about(case.id))), **_summary(db, case.lot_key),
            "versions": [(version.version, version.at) for version in versions_of(db, case.id)]}
    return page("regulator/adverse_event.html", case=case, report_words=report_words,
                clock_words=clock_words, narrative=masked_text(case.narrative),
                use_text=masked_text(case.use_text), results=assessment_words.results_of(case.details),
                details=assessment_words.details_by_group(assessment_words.masked_details(case.details), named),
                began_on=assessment_words.partial_day(assessment_words.as_known(case.onset_on, case.onset_precision)),
                expectedness=word(assessment_words.EXPECTEDNESS, case.expectedness), **values)


@blueprint.get("/lots/<lot_key>")
def lot(lot_key: str) -> Response:
    """One batch: what it is, its adverse events, its recalls."""
    with world().database.read() as db:
        found = lots_by_key(db, [lot_key]).get(lot_key)
        if found is None:
            raise NotFound("There is no such lot.")
        events = adverse_event_page(db, bounded(AdverseEventFilter(lot_key=lot_key, after=given("after", 500) or None)))
        recalls = [row for row in recalls_of_lot(db, lot_key) if reached(db, "recall", row.id)]
        values = _names(db, events, [lot_key]) | _summary(db, lot_key)
    today = world().clock.now().astimezone(ZONE).date()
    state = verdict(VerdictFacts(found.release_state, found.is_recalled, found.is_on_hold, found.expires_on), today)
    return page("regulator/lot.html", lot=found, verdict=str(state), events=events, recalls=recalls,
                clock_words=clock_words, next_url=same_page(after=events.next) if events.next else None,
                first_url=same_page(after=None) if request.args.get("after") else None, **values)


@blueprint.get("/recalls/<recall_id>")
def recall(recall_id: str) -> Response:
    """One announced recall: texts, batches, how far it is, who signed."""
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        if not is_told(case):
            raise NotFound("There is no such recall.", code="unknown-recall", place="recall_id")
        values: dict[str, Any] = {"rows": scope_rows(db, case.id, recall_part()),
                                  "totals": totals_of(db, case.id, recall_part()),
                                  "signed": signatures(db, case.id)}
    return page("regulator/recall.html", case=case, signed_words=SIGNED, **values)


@blueprint.get("/recalls/<recall_id>/status")
def recall_status(recall_id: str) -> Response:
    """How far an announced recall is, on one page to print."""
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        if not is_told(case):
            raise NotFound("There is no such recall.", code="unknown-recall", place="recall_id")
        values = status_values(db, case, recall_part())
    return page("regulator/recall_status.html", case=case, values=values)
