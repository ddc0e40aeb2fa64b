"""The texts of a new recall as far as the records can write them, and texts as they are typed."""
from __future__ import annotations

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.model import ProductKind
from traceapp.catalog.queries import party_details, sites
from traceapp.complaint.terms import terms
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.recall.model import Recall
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.recall.service import Scope
from traceapp.recall.states import TriggerKind
from traceapp.surveillance.case_reads import CaseLots, lots_of_case, reports_of_lots
from traceapp.surveillance.model import Signal
from traceapp.surveillance.queries import signal_by_id
from traceapp.web.signal_words import case_names

from .entering import Entered

TEXT_FIELDS = ("title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "contact",
               "remedy_zh", "remedy_en")
_MOST_TERMS = 4
_ZONE = "Asia/Shanghai"


def drafted_texts(db: Session, clock: Clock, scope: Scope, signal_id: str | None) -> dict[str, str]:
    """The fields of a new recall: product and reported harm by name, what to do in plain words, whom to call.

    A person reads and changes them before anything is opened. Raises NotFound for an unknown signal.
    """
    signal = signal_by_id(db, signal_id) if signal_id else None
    if signal_id and signal is None:
        raise NotFound("There is no such signal.")
    names_zh, names_en = _products(db, scope)
    lots = lots_of_case(db, signal, clock.now().date()) if signal else None
    harm = _harm(db, lots)
    harm_zh, harm_en = "、".join(zh for zh, _en in harm), ", ".join(en.lower() for _zh, en in harm)
    return {
        "recall_class": "II",
        "title_zh": f"{names_zh}：{harm_zh}" if harm else names_zh,
        "title_en": f"{names_en}: {harm_en}" if harm else names_en,
        "reason": _reason(db, signal, lots) if signal and lots else "",
        "risk_zh": f"使用后可能出现：{harm_zh}。" if harm else "",
        "risk_en": f"After use the following can occur: {harm_en}." if harm else "",
        "action_zh": "立即停止使用。把剩余产品单独存放，等待退回。已有不适的，请就医并告知所用产品和批号。",
        "action_en": "Stop using it at once. Keep what is left apart until it is collected. If you feel unwell, see a "
                     "doctor and show the product and its batch number.",
        "contact": _contact(db), "remedy_zh": "", "remedy_en": "",
        "trigger_kind": str(TriggerKind.signal if signal else TriggerKind.other)}


def typed_texts(recall: Recall) -> dict[str, str]:
    """The fields of a draft as its form shows them."""
    known = (recall.awareness_at or recall.opened_at).astimezone(ZoneInfo(_ZONE))
    return {name: str(getattr(recall, name)) for name in (
        *TEXT_FIELDS, "recall_class", "trigger_kind", "trigger_text")} | {"awareness_at": f"{known:%Y-%m-%dT%H:%M}"}


def typed_trigger(form: Entered) -> dict[str, Any]:
    """What a case is about and since when it is known, as a form was filled in."""
    return {"trigger_kind": form.choice("trigger_kind", list(TriggerKind), required=False),
            "trigger_text": form.text("trigger_text"),
            "awareness_at": form.moment("awareness_at", _ZONE) if form.text("awareness_at") else None}


def _products(db: Session, scope: Scope) -> tuple[str, str]:
    products = products_by_id(db, (lot.product_id for lot in scope.lots))
    finished = [product for product in products.values() if product.kind != ProductKind.material]
    listed = sorted(finished or products.values(), key=lambda product: product.code)[:4]
    return "、".join(product.name_zh for product in listed), ", ".join(product.name_en for product in listed)


def _harm(db: Session, lots: CaseLots | None) -> list[tuple[str, str]]:
    """What was reported most about the signal's lots, in both languages; harm only."""
    known = terms()
    counted = Counter(code for report in (reports_of_lots(db, lots) if lots else ())
                      for code in report.terms if code in known and known[code].kind == "harm")
    return [(known[code].zh, known[code].en) for code, _count in counted.most_common(_MOST_TERMS)]


def _reason(db: Session, signal: Signal, lots: CaseLots) -> str:
    return _("%(reference)s, %(node)s: %(observed)s reports where %(expected)s were expected.",
             reference=signal.reference, node=case_names(db, [signal]).short[signal.id], observed=lots.observed,
             expected=f"{lots.expected:.1f}")


def _contact(db: Session) -> str:
    """Whom the last recall named, else the telephone of the maker's own contact."""
    last = recall_page(db, RecallFilter(limit=1)).rows
    if last:
        return last[0].contact
    for site in sites(db, only_own=True):
        party = party_details(db, site.party_id)
        for contact in party.contacts if party else ():
            if contact.is_active and (contact.phone or contact.email):
                return f"{contact.name} {contact.phone or contact.email}"
    return ""
