"""Console: what a new CAPA is opened from, and what of it is filled in beforehand."""
from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.capa.queries import people_for
from traceapp.capa.service import LinkTo
from traceapp.capa.states import LinkKind
from traceapp.catalog.model import Party
from traceapp.catalog.queries import all_products
from traceapp.complaint.queries import complaint_by_id
from traceapp.complaint.terms import terms
from traceapp.core.errors import NotFound
from traceapp.recall.cases import recall_by_id
from traceapp.recall.queries import scope_rows
from traceapp.surveillance.queries import signal_by_id
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import Inspection
from traceapp.web.capa_words import problem_word
from traceapp.web.reading import given
from traceapp.web.words import joined_words, own_name, term_names

from .casework import own_text
from .entering import Entered

LEAST_PRODUCTS = 3
Values = dict[str, str | list[str]]


def link_asked() -> LinkTo | None:
    """What the address says that it is opened from."""
    for kind in LinkKind:
        if given(kind, 32):
            return LinkTo(kind, given(kind, 32), given("lot", 32) or None)
    return None


def product_fields(form: Entered) -> list[str]:
    """The products chosen, and room for more."""
    chosen = form.several("product_ids")
    return [*chosen, *[""] * max(1, LEAST_PRODUCTS - len(chosen))]


def owner_choices(db: Session) -> list[tuple[str, str]]:
    """Who can own a CAPA."""
    return [(one.id, one.name) for one in people_for(db, "capa.write")]


def product_choices(db: Session) -> list[tuple[str, str]]:
    """Products to choose from."""
    return [(one.id, f"{one.code} · {own_name(one)}") for one in all_products(db)]


def problem_choices() -> list[tuple[str, str]]:
    """Kinds of problems to choose from."""
    return [(code, problem_word(code)) for code in terms()]


def drafted(db: Session, link: LinkTo | None) -> Values:
    """The fields of the form for what it is opened from. Raises NotFound."""
    if link is None:
        return {}
    return _DRAFTS[LinkKind(link.kind)](db, link)


def _from_signal(db: Session, link: LinkTo) -> Values:
    signal = signal_by_id(db, link.target_id)
    if signal is None:
        raise NotFound("There is no such signal.")
    return {"kind": "corrective", "product_ids": [signal.product_id] if signal.product_id else [],
            "title": _("%(name)s stands out", name=signal.name or signal.reference),
            "problem": _("%(reference)s: %(observed)s reports where %(expected)s were expected.",
                         reference=signal.reference, observed=signal.observed,
                         expected=f"{signal.expected:.1f}")}


def _from_complaint(db: Session, link: LinkTo) -> Values:
    case = complaint_by_id(db, link.target_id)
    if case is None:
        raise NotFound("There is no such complaint.", code="unknown-complaint")
    what = joined_words(term_names(case.terms)) or case.reference
    return {"kind": "corrective", "title": what, "product_ids": [case.product_id] if case.product_id else [],
            "problem": f"{case.reference}: {what}", "problem_kind": case.terms[0] if case.terms else ""}


def _from_event(db: Session, link: LinkTo) -> Values:
    event = adverse_event_by_id(db, link.target_id)
    if event is None:
        raise NotFound("There is no such adverse event.")
    return {"kind": "corrective", "title": _("Adverse event %(reference)s", reference=event.reference)}


def _from_recall(db: Session, link: LinkTo) -> Values:
    recall = recall_by_id(db, link.target_id)
    products = dict.fromkeys(row.product_id for row in scope_rows(db, recall.id) if row.product_id)
    return {"kind": "corrective", "title": own_text(recall, "title"), "problem": recall.reason,
            "product_ids": list(products)}


def _from_partner(db: Session, link: LinkTo) -> Values:
    party = db.get(Party, link.target_id)
    if party is None:
        raise NotFound("There is no such partner.")
    return {"kind": "corrective", "title": _("Deliveries of %(name)s", name=own_name(party))}


def _from_inspection(db: Session, link: LinkTo) -> Values:
    found = db.get(Inspection, (link.lot_key or "", link.target_id))
    if found is None:
        raise NotFound("There is no such inspection of this lot.", code="no-inspection", place="inspection_id")
    lot = lots_by_key(db, [found.lot_key])[found.lot_key]
    return {"kind": "corrective", "product_ids": [lot.product_id] if lot.product_id else [],
            "title": _("Inspection %(report)s of batch %(number)s", report=found.report_number, number=lot.number)}


_DRAFTS: dict[LinkKind, Callable[[Session, LinkTo], Values]] = {
    LinkKind.signal: _from_signal, LinkKind.complaint: _from_complaint, LinkKind.adverse_event: _from_event,
    LinkKind.recall: _from_recall, LinkKind.supplier: _from_partner, LinkKind.inspection: _from_inspection}
