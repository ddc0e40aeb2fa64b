"""The public list of recalls, and the page of each with what was changed of its notice."""
from __future__ import annotations

from datetime import datetime

from flask import Response, g, request
from flask_babel import gettext as _

from traceapp.core.errors import NotFound
from traceapp.recall.public import PublicLot, PublicRecall, public_recall, public_recalls, recalled_products
from traceapp.web.context import world

from . import scan_view
from .pages import squeezed
from .recall_feeds import asked_filter, conditional, kept, last_change, revision_lines
from .state import public_page
from .wishes import linked, settle_language, takes_gzip

_A_PAGE = 20
# Batches of a product that the list names; the page of the recall names all.
_MOST_NUMBERS = 50


def recall_list() -> Response:
    """All recalls or those of a product or batch, twenty a page."""
    settle_language()
    return _sent(kept(_list))


def _list() -> tuple[Response, datetime | None]:
    language: str = g.language
    wanted = asked_filter(_A_PAGE)
    with world().database.read() as session:
        page = public_recalls(session, wanted)
        products = recalled_products(session)
    rows = [{"address": linked(f"/recalls/{recall.facts.reference}"), "lots": recall.lots_text(language, _MOST_NUMBERS),
             "status": recall.status, "changes": revision_lines(recall, language),
             **scan_view.recall_view(recall.facts, language)} for recall in page.rows]
    chosen = {name: value for name, value in (("product", wanted.product), ("lot", wanted.lot)) if value}
    return public_page(
        "recalls.html", recalls=rows, wanted=wanted, total=page.total, feed=linked("/recalls.atom", **chosen),
        product_choices=[(key, scan_view.name_in(language, chinese, english)) for key, chinese, english in products],
        next_url=linked("/recalls", after=page.next, **chosen) if page.next else None,
        all_url=linked("/recalls") if chosen else None), last_change(page.rows)


def recall_page(reference: str) -> Response:
    """One recall with all its batches."""
    settle_language()
    return _sent(kept(lambda: _one(reference)))


def _one(reference: str) -> tuple[Response, datetime | None]:
    language: str = g.language
    recall = _found(reference)
    products: dict[str, list[dict[str, str]]] = {}
    for lot in recall.lots:
        name = scan_view.name_in(language, lot.name_zh, lot.name_en)
        products.setdefault(name, []).append(
            {"number": lot.number, "address": linked(f"/t/{lot.lot_key}"), "dates": _dates(lot, language)})
    subjects = {lot.product_id: scan_view.name_in(language, lot.name_zh, lot.name_en)
                for lot in recall.lots if lot.product_id}
    return public_page(
        "recall.html", recall=scan_view.recall_view(recall.facts, language), standing=recall.status,
        products=sorted(products.items()), recall_class=_class_words(recall.facts.recall_class),
        changes=revision_lines(recall, language), earlier=_earlier(recall, language),
        subjects=sorted(subjects.items(), key=lambda pair: pair[1])), recall.facts.changed_at


def _earlier(recall: PublicRecall, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """(until when, [(field, what it said)]) of texts that were corrected, in one language, the last first."""
    names = {"title": _("Title"), "risk": _("Danger"), "action": _("What to do"), "remedy": _("What you get"),
             "contact": _("Contact")}
    found = []
    for one in reversed(recall.revisions):
        texts = [(names[field.removesuffix(f"_{language}")], text) for field, text in one.before.items()
                 if field.removesuffix(f"_{language}") in names and text]
        if texts:
            day = scan_view.day_text(scan_view.local_day(one.at, scan_view.PUBLIC_ZONE), language)
            found.append((day, texts))
    return found


def _found(reference: str) -> PublicRecall:
    with world().database.read() as session:
        recall = public_recall(session, reference[:40])
    if recall is None:
        raise NotFound("There is no recall with this number. All recalls stand under /recalls.", code="unknown-recall")
    return recall


def _sent(found: tuple[Response, datetime | None]) -> Response:
    answer = conditional(*found)
    answer.headers["Vary"] = "Accept-Language, Accept-Encoding"
    is_gzip = answer.status_code == 200 and takes_gzip(request.headers.get("Accept-Encoding", ""))
    return squeezed(answer) if is_gzip else answer


def _dates(lot: PublicLot, language: str) -> str:
    made = _("made %(day)s", day=scan_view.day_text(lot.made_on, language)) if lot.made_on else ""
    until = _("use until %(day)s", day=scan_view.day_text(lot.expires_on, language)) if lot.expires_on else ""
    return " · ".join(part for part in (made, until) if part)


def _class_words(recall_class: str) -> str:
    words = {"I": _("Class I: serious harm or death is possible"), "II": _("Class II: passing or curable harm"),
             "III": _("Class III: harm is unlikely")}
    return words.get(recall_class, recall_class)
