"""The public list of recalls: as pages, as JSON, as an Atom feed."""
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from flask import Response, g, jsonify, request
from flask_babel import gettext as _

from traceapp.core.errors import NotFound
from traceapp.recall.public import PublicLot, PublicRecall, public_recall, public_recalls
from traceapp.web.context import world
from traceapp.web.i18n import LANGUAGES

from . import scan_view
from .pages import squeezed
from .state import consumer, public_page
from .wishes import linked, settle_language, takes_gzip

_A_PAGE = 20
_FEED = 100
_ATOM = "http://www.w3.org/2005/Atom"


def recall_list() -> Response:
    """All recalls, twenty a page."""
    settle_language()
    with world().database.read() as session:
        page = public_recalls(session, after=request.args.get("after") or None, limit=_A_PAGE)
    return _sent(public_page("recalls.html", recalls=[
        (linked(f"/recalls/{recall.facts.reference}"), scan_view.recall_view(recall.facts, g.language),
         recall.lots_text(g.language), recall.facts.is_closed) for recall in page.rows],
        next_url=linked("/recalls", after=page.next) if page.next else None))


def recall_page(reference: str) -> Response:
    """One recall with all its batches."""
    language = settle_language()
    recall = _found(reference)
    products: dict[str, list[dict[str, str]]] = {}
    for lot in recall.lots:
        name = scan_view.name_in(language, lot.name_zh, lot.name_en)
        products.setdefault(name, []).append(
            {"number": lot.number, "address": linked(f"/t/{lot.lot_key}"), "dates": _dates(lot, language)})
    return _sent(public_page("recall.html", recall=scan_view.recall_view(recall.facts, language),
                             is_closed=recall.facts.is_closed, products=sorted(products.items()),
                             recall_class=_class_words(recall.facts.recall_class)))


def recalls_json() -> Response:
    """The newest recalls for machines; `next` leads on."""
    with world().database.read() as session:
        page = public_recalls(session, after=request.args.get("after") or None, limit=_FEED)
    base = world().settings.base_url
    answer = jsonify({
        "total": page.total, "next": f"{base}/recalls.json?after={page.next}" if page.next else None,
        "recalls": [_machine(recall, base) for recall in page.rows]})
    answer.headers["Cache-Control"] = "public, max-age=1"
    return answer


def recalls_atom() -> Response:
    """The newest recalls as a feed in one language."""
    language = settle_language()
    with world().database.read() as session:
        rows = public_recalls(session, limit=_FEED).rows
    answer = Response(_atom(rows, language), mimetype="application/atom+xml")
    answer.headers["Vary"] = "Accept-Language"
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def _found(reference: str) -> PublicRecall:
    with world().database.read() as session:
        recall = public_recall(session, reference[:40])
    if recall is None:
        raise NotFound("There is no recall with this number. All recalls stand under /recalls.", code="unknown-recall")
    return recall


def _sent(answer: Response) -> Response:
    answer.headers["Vary"] = "Accept-Language, Accept-Encoding"
    answer.headers["Cache-Control"] = "public, max-age=1"
    return squeezed(answer) if takes_gzip(request.headers.get("Accept-Encoding", "")) else answer


def _dates(lot: PublicLot, language: str) -> str:
    made = _("made %(day)s", day=scan_view.day_text(lot.made_on, language)) if lot.made_on else ""
    until = _("use until %(day)s", day=scan_view.day_text(lot.expires_on, language)) if lot.expires_on else ""
    return " · ".join(part for part in (made, until) if part)


def _class_words(recall_class: str) -> str:
    words = {"I": _("Class I: serious harm or death is possible"), "II": _("Class II: passing or curable harm"),
             "III": _("Class III: harm is unlikely")}
    return words.get(recall_class, recall_class)


def _machine(recall: PublicRecall, base: str) -> dict[str, Any]:
    facts = recall.facts
    return {
        "reference": facts.reference, "url": f"{base}/recalls/{facts.reference}", "class": facts.recall_class,
        "announced_at": facts.announced_at.isoformat(), "is_closed": facts.is_closed,
        "closed_at": facts.closed_at.isoformat() if facts.closed_at else None, "title": dict(facts.title),
        "risk": dict(facts.risk), "action": dict(facts.action), "remedy": dict(facts.remedy),
        "contact": facts.contact,
        "lots": [{"number": lot.number, "gtin": lot.gtin, "uri": lot.uri, "product": {"zh": lot.name_zh,
                  "en": lot.name_en}, "made_on": lot.made_on.isoformat() if lot.made_on else None,
                  "expires_on": lot.expires_on.isoformat() if lot.expires_on else None} for lot in recall.lots]}


def _atom(rows: tuple[PublicRecall, ...], language: str) -> bytes:
    """Source: RFC 4287."""
    base = world().settings.base_url
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": LANGUAGES[language][0]})
    address = f"{base}/recalls.atom?lang={language}"
    _add(feed, "id", address)
    _add(feed, "title", f"{_('Recalls')} · {consumer().maker.name(language)}")
    _add(feed, "updated", _stamp(max((_changed(recall) for recall in rows), default=datetime(1970, 1, 1, tzinfo=UTC))))
    _add(_add(feed, "author"), "name", consumer().maker.name(language))
    _add(feed, "link", rel="self", href=address)
    for recall in rows:
        facts = scan_view.recall_view(recall.facts, language)
        url = f"{base}/recalls/{recall.facts.reference}"
        entry = _add(feed, "entry")
        _add(entry, "id", url)
        _add(entry, "title", facts["title"])
        _add(entry, "updated", _stamp(_changed(recall)))
        _add(entry, "published", _stamp(recall.facts.announced_at))
        _add(entry, "link", rel="alternate", href=f"{url}?lang={language}")
        _add(entry, "summary", "\n".join(part for part in (
            facts["action"], facts["risk"], recall.lots_text(language), facts["remedy"], facts["contact"]) if part))
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _changed(recall: PublicRecall) -> datetime:
    return recall.facts.closed_at or recall.facts.announced_at


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _add(parent: ET.Element, name: str, content: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = _plain(content) or None
    return element


def _plain(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(sign for sign in text if sign in "\n\t" or (sign >= " " and not "\ud800" <= sign <= "\udfff"
                                                               and sign not in "\ufffe\uffff"))
