"""The one gate of regulators: how each route that their permissions open is bounded by the scope of the account.

A route that is not listed is not there for them. What is outside of the scope is not there either: the same answer as
for what does not exist.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from flask import g
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import AdverseEventFilter
from traceapp.catalog.model import Product
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.identity.policy import Role
from traceapp.oversight import scope as bounds
from traceapp.oversight.cases import CaseChoice, cases_chosen
from traceapp.oversight.scope import Scope
from traceapp.recall.part import RecallPart
from traceapp.recall.queries import LedgerFilter, RecallFilter
from traceapp.submission.records import AskedRecords
from traceapp.submission.report_queries import ReportFilter
from traceapp.trace.finding import key_of_text
from traceapp.trace.lookup import lots_of_number
from traceapp.trace.model import Lot
from traceapp.worklist.clock_model import LegalClock

from .context import actor, world

OPEN = "open"      # tells nothing of a case, a batch or a recall
LISTED = "listed"  # the view asks for what is in scope: by `bounded`, `recall_part`, `checked`, `check_reached`
_EVENT, _RECALL, _REPORT, _LOT = (("adverse_event", "adverse_event_id"), ("recall", "recall_id"),
                                  ("report", "report_id"), ("lot", "lot_key"))
_NAMED = ("", "")  # kind and key both stand in the address

# endpoint -> how it is bounded: open, listed, or by the thing (kind, argument of the route) that the address names
BOUNDED: dict[str, str | tuple[str, str]] = {
    "api_accounts.change_account": OPEN, "api_accounts.change_password": OPEN, "api_accounts.read_account": OPEN,
    "api_adverse_events.list_events": LISTED, "api_adverse_events.read_event": _EVENT,
    "api_code_lists.list_releases": OPEN, "api_code_lists.list_terms": OPEN, "api_code_lists.read_changes": OPEN,
    "api_exports.adverse_events": LISTED, "api_exports.ledger": _RECALL, "api_exports.recalls": LISTED,
    "api_files.read_file": LISTED, "api_legal_clocks.list_clocks": _EVENT,
    "api_legal_clocks.list_recall_clocks": _RECALL, "api_legal_clocks.list_rules": OPEN,
    "api_recall_figures.read_figures": _RECALL, "api_recall_notices.list_revisions": _RECALL,
    "api_recall_ledger.read_ledger": _RECALL, "api_recall_ledger.read_notices": _RECALL,
    "api_recalls.list_recalls": LISTED, "api_recalls.read_recall": _RECALL, "api_recalls.read_scope": _RECALL,
    "api_records.cancel_job": LISTED, "api_records.create_job": LISTED, "api_records.list_jobs": LISTED,
    "api_records.read_file": LISTED, "api_records.read_job": LISTED, "api_records.records": LISTED,
    "console.clocks": OPEN, "console.code_lists": OPEN, "console.file": LISTED, "console.own_account": OPEN,
    "console.own_account_change": OPEN, "console.own_password": OPEN, "identity.sign_out": OPEN,
    "regulator.adverse_event": _EVENT, "regulator.authority_report_file": _REPORT,
    "regulator.authority_report_package": _REPORT, "regulator.cases": LISTED, "regulator.evidence": OPEN,
    "regulator.evidence_chain": _NAMED, "regulator.evidence_excerpt": _NAMED, "regulator.evidence_file": OPEN,
    "regulator.evidence_packet": _EVENT,
    "regulator.evidence_script": OPEN, "regulator.evidence_verify": OPEN, "regulator.home": OPEN,
    "regulator.lot": _LOT, "regulator.recall": _RECALL, "regulator.recall_status": _RECALL, "regulator.records": LISTED,
    "regulator.records_file": LISTED, "regulator.report": _REPORT, "regulator.report_file": LISTED,
    "regulator.reports": LISTED,
}
NO_SCOPE = "No jurisdiction was set for your account yet. Ask the administrator of this service to set it."
Filter = TypeVar("Filter", AdverseEventFilter, RecallFilter, ReportFilter)


def judge(endpoint: str | None, arguments: Mapping[str, Any]) -> None:
    """Nothing when the one who asks is no regulator, or the address is in scope. Raises NotFound, and Forbidden for an
    account without a jurisdiction."""
    if actor().role != Role.regulator:
        return
    bound = BOUNDED.get(endpoint or "")
    if bound is None:
        raise NotFound("There is nothing at this address.")
    if bound == OPEN:
        return
    if not actor().jurisdictions:
        raise Forbidden(NO_SCOPE, code="no-scope")
    if not isinstance(bound, str):
        kind, name = bound
        check_reached(kind or arguments["kind"], arguments[name or "key"])


def scope(session: Session | None = None) -> Scope | None:
    """The scope of the one who asks; None: no regulator, and not bounded."""
    if "scope" not in g:
        if session is None:
            with world().database.read() as own:
                g.scope = bounds.scope_of(own, actor())
        else:
            g.scope = bounds.scope_of(session, actor())
    found: Scope | None = g.scope
    return found


def needed_scope(session: Session) -> Scope:
    """The scope, on pages that only regulators open. Raises NotFound for others."""
    found = scope(session)
    if found is None:
        raise NotFound("There is nothing at this address.")
    return found


def reached(session: Session, kind: str, key: str) -> bool:
    """Whether a thing is in scope."""
    return bounds.reaches(session, scope(session), kind, key)


def check_reached(kind: str, key: str) -> None:
    """Nothing when a thing is in scope. Raises NotFound."""
    if scope() is None:
        return
    with world().database.read() as session:
        if not bounds.reaches(session, scope(), kind, key):
            raise NotFound("There is nothing at this address.")


def bounded(wanted: Filter) -> Filter:
    """The same filter, of what is in scope."""
    found = scope()
    if found is None:
        return wanted
    if isinstance(wanted, AdverseEventFilter):
        within = bounds.cases_in(found)
        return replace(wanted, within=within if wanted.within is None else within.where(
            AdverseEvent.id.in_(wanted.within)))
    if isinstance(wanted, ReportFilter):
        return replace(wanted, within=bounds.reports_in(found))
    return replace(wanted, within=bounds.recalls_in(found))


def chosen_events(session: Session, filters: Mapping[str, Any]) -> AdverseEventFilter:
    """The filter of what was asked for, with the names of `CaseChoice` beside its own, of what is in scope."""
    wanted = dict(filters)
    choice = CaseChoice(**{one.name: wanted.pop(one.name, "") for one in fields(CaseChoice)})
    if choice != CaseChoice():
        wanted["within"] = cases_chosen(scope(session) or bounds.whole_scope(session), choice, world().clock.now())
    return bounded(AdverseEventFilter(**wanted))


def bounded_ledger(wanted: LedgerFilter) -> LedgerFilter:
    """The same filter, of the lines in scope."""
    return replace(wanted, part=recall_part())


def recall_part() -> RecallPart:
    """What is shown of a recall."""
    return bounds.part_of_recall(scope())


def reached_lots(session: Session, lots: Iterable[Lot]) -> list[Lot]:
    """Those of the batches that are in scope."""
    return [lot for lot in lots if reached(session, "lot", lot.lot_key)]


def reached_products(products: Iterable[Product]) -> list[Product]:
    """Those of the products that the scope names; all where it names none."""
    found = scope()
    return [one for one in products if found is None or not found.product_ids or one.id in found.product_ids]


def own_clocks(clocks: list[LegalClock]) -> list[LegalClock]:
    """Those of the clocks that run in a jurisdiction of the scope."""
    found = scope()
    return [one for one in clocks if found is None or one.jurisdiction in found.jurisdictions]


def lot_asked(session: Session, text: str) -> str:
    """The key of the batch that somebody named. Raises as `key_of_text`; what is not in scope is not there."""
    if scope(session) is None:
        return key_of_text(session, text)
    try:
        key = key_of_text(session, text)
    except Conflict:
        found = reached_lots(session, lots_of_number(session, text, only_own=False))
        key = found[0].lot_key if len(found) == 1 else ""
    if not reached(session, "lot", key):
        raise NotFound("There is no lot “%(text)s”.", code="unknown-lot", place="lot", text=text[:200])
    return key


def checked(asked: AskedRecords) -> AskedRecords:
    """What was asked, when it may be read: the authority at home may ask for all, another one for a batch in scope and
    what it came from. Raises InvalidInput and NotFound."""
    found = scope()
    if found is None or found.is_home and not found.product_ids:
        return asked
    if asked.lot_key is None:
        raise InvalidInput("Choose a batch: your account sees those of its jurisdictions and products.", code="missing",
                           place="lot")
    if asked.direction not in (None, "upstream"):
        raise InvalidInput("Your account sees a batch and what it came from, not what others made of it.",
                           code="beyond-scope", place="direction")
    check_reached("lot", asked.lot_key)
    return asked
