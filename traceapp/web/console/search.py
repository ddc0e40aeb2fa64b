"""The search box: any number or scan leads to the thing, or to what it could mean."""
from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_event_by_reference
from traceapp.capa.queries import capa_by_reference
from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.queries import PartyFilter, ProductFilter, party_page, product_of_gtin, product_page
from traceapp.complaint.queries import complaint_by_reference
from traceapp.gs1 import TABLE, readings
from traceapp.gs1.element_string import GS
from traceapp.recall.queries import recall_by_reference
from traceapp.submission.report_queries import ReportFilter, report_page
from traceapp.surveillance.queries import signal_by_reference
from traceapp.trace.lot_list import LotFilter, lot_page
from traceapp.web import report_words
from traceapp.web.auth import may
from traceapp.web.context import world
from traceapp.web.problems import translated

from .casework import own_text
from .finding import lots_meant, read_code, why_unread
from .layout import blueprint, page, today
from .words import named

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.search": "console.read"}

_LONGEST = 400
_EACH = 10


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that the text can mean; not `is_whole`: the product of a code whose lot or pack is not known."""

    kind: str
    title: str
    text: str
    url: str
    is_whole: bool = True


@blueprint.get("/search")
def search() -> Response:
    """Go to the thing, or show what it could be."""
    given = request.args.get("q", "")[:_LONGEST]
    text = readings(given)[0]
    if not text:
        return page("console/search.html", text="", hits=[])
    with world().database.read() as session:
        exact = _exact(session, given)
        hits = exact or _similar(session, text)
    if len(exact) == 1 and exact[0].is_whole:
        return redirect(exact[0].url, 303)
    error = why_unread(given) if not hits else None
    return page("console/search.html", 200, text=visible(text), hits=hits,
                read=[] if any(hit.is_whole for hit in hits) else _read(given),
                wrong=translated(error) if error is not None else "")


def visible(text: str) -> str:
    """The text with its separators to be seen."""
    return text.replace(GS, "␝")


def _read(text: str) -> list[tuple[str, str]]:
    """What a code says of which there is nothing here: (AI with its title, value)."""
    parsed = read_code(text)
    if parsed is None:
        return []
    return [(f"({ai}) {TABLE[ai].title}" if ai in TABLE else f"({ai})", value) for ai, value in parsed.ai]


def _exact(session: Session, text: str) -> list[Hit]:
    """What bears exactly this name: a reference, a lot, the product of a GTIN."""
    found = _case(session, readings(text)[0])
    if found is not None:
        return [found]
    hits: list[Hit] = []
    if may("trace.read"):
        lots = lots_meant(session, text)
        products = products_by_id(session, (lot.product_id for lot in lots))
        hits = [Hit(gettext("Lot"), lot.number, named(products.get(lot.product_id or "")) or lot.name or lot.uri,
                    url_for("console.lot", lot_key=lot.lot_key)) for lot in lots]
    parsed = read_code(text)
    gtin = parsed.get("01") if parsed is not None else None
    known = product_of_gtin(session, gtin) if gtin and not hits else None
    if known is not None and parsed is not None:
        hits.append(Hit(gettext("Product"), known[0].code, named(known[0]),
                        url_for("console.product", product_id=known[0].id),
                        is_whole=not (parsed.get("10") or parsed.get("21"))))
    return hits


def _case(session: Session, text: str) -> Hit | None:
    """The complaint, adverse event, signal, recall or CAPA with this reference."""
    reference = text.upper()
    if reference.startswith("CP-") and may("complaint.read"):
        complaint = complaint_by_reference(session, reference)
        return Hit(gettext("Complaint"), reference, "", f"/console/complaints/{complaint.id}") if complaint else None
    if reference.startswith("AE-") and may("adverse_event.read"):
        event = adverse_event_by_reference(session, reference)
        return Hit(gettext("Adverse event"), reference, "", f"/console/adverse-events/{event.id}") if event else None
    if reference.startswith("SG-") and may("signal.read"):
        signal = signal_by_reference(session, reference)
        return Hit(gettext("Signal"), reference, "", f"/console/signals/{signal.id}") if signal else None
    if reference.startswith("RC-") and may("recall.read"):
        recall = recall_by_reference(session, reference)
        return Hit(gettext("Recall"), reference, own_text(recall, "title"),
                   f"/console/recalls/{recall.id}") if recall else None
    if reference.startswith("CA-") and may("capa.read"):
        capa = capa_by_reference(session, reference)
        return Hit(gettext("CAPA"), reference, capa.title, f"/console/capa/{capa.id}") if capa else None
    return None


def _similar(session: Session, text: str) -> list[Hit]:
    """Lots, products and partners whose number or name holds the text."""
    hits: list[Hit] = []
    if may("trace.read"):
        hits += [Hit(gettext("Lot"), row.lot.number, named(row.product) or row.lot.name,
                     url_for("console.lot", lot_key=row.lot.lot_key))
                 for row in lot_page(session, LotFilter(today(), text, limit=_EACH)).rows]
    if may("report.write"):
        hits += [Hit(gettext("Report"), row.number, report_words.kind_word(row.kind),
                     url_for("console.report", report_id=row.id))
                 for row in report_page(session, ReportFilter(text=text, limit=_EACH)).rows]
    hits += [Hit(gettext("Product"), row.code, named(row), url_for("console.product", product_id=row.id))
             for row in product_page(session, ProductFilter(text, limit=_EACH)).rows]
    hits += [Hit(gettext("Partner"), row.code, named(row), url_for("console.partner", party_id=row.id))
             for row in party_page(session, PartyFilter(text, limit=_EACH)).rows]
    return hits
