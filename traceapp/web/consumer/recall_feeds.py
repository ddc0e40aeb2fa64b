"""The public list of recalls for machines: as JSON and as an Atom feed."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from flask import Response, g, jsonify, request
from flask_babel import gettext as _

from traceapp.recall.public import PublicFilter, PublicRecall, public_recalls, public_stamp
from traceapp.web.context import world
from traceapp.web.i18n import LANGUAGES

from . import scan_view
from .kept_answers import KeptAnswer
from .state import consumer
from .wishes import settle_language

FEED_ROWS = 100
_ATOM = "http://www.w3.org/2005/Atom"
# A time in whole seconds does not tell two changes of one second apart, so a young one is not given out.
_SETTLED = timedelta(seconds=2)


def asked_filter(limit: int) -> PublicFilter:
    """Which recalls the address asks for: `product` (a GTIN), `lot` (a batch number), `after` (where to go on)."""
    return PublicFilter(request.args.get("product", "").strip()[:40], request.args.get("lot", "").strip()[:200],
                        request.args.get("after") or None, limit)


def address_of(path: str, wanted: PublicFilter, **more: str | None) -> str:
    """The address of the same choice, with other parameters beside it."""
    query = {"product": wanted.product, "lot": wanted.lot, **more}
    filled = {name: value for name, value in query.items() if value}
    return f"{world().settings.base_url}{path}" + (f"?{urlencode(filled)}" if filled else "")


def kept(make: Callable[[], tuple[Response, datetime | None]]) -> tuple[Response, datetime | None]:
    """What `make` answers, with when it last changed; made anew only after something public changed."""
    answers, key = consumer().answers, (request.full_path, g.get("language", ""))
    with world().database.read() as session:
        stamp = public_stamp(session)
    found = answers.get(key, stamp)
    if found is None:
        answer, changed_at = make()
        found = KeptAnswer(answer.get_data(), answer.headers["Content-Type"], changed_at)
        answers.put(key, stamp, found)
    return Response(found.body, content_type=found.media_type), found.changed_at


def conditional(answer: Response, changed_at: datetime | None) -> Response:
    """The answer for at most a second, with what a reader needs to ask later whether it still holds; empty (304) when
    it does."""
    answer.headers["Cache-Control"] = "public, max-age=1"
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32], weak=True)
    if changed_at is not None and world().clock.now() - changed_at >= _SETTLED:
        answer.last_modified = changed_at
    answer.make_conditional(request)
    return answer


def last_change(rows: tuple[PublicRecall, ...]) -> datetime | None:
    """When something of these recalls last changed for the public; None without a recall."""
    return max((recall.facts.changed_at for recall in rows), default=None)


def recalls_json() -> Response:
    """The newest recalls; `next` leads on."""
    return conditional(*kept(_json))


def _json() -> tuple[Response, datetime | None]:
    wanted = asked_filter(FEED_ROWS)
    with world().database.read() as session:
        page = public_recalls(session, wanted)
    answer = jsonify({
        "total": page.total, "next": address_of("/recalls.json", wanted, after=page.next) if page.next else None,
        "recalls": [_machine(recall) for recall in page.rows]})
    return answer, last_change(page.rows)


def recalls_atom() -> Response:
    """The newest recalls as a feed in one language; `next` leads on."""
    settle_language()
    answer = conditional(*kept(_feed))
    answer.headers["Vary"] = "Accept-Language"
    return answer


def _feed() -> tuple[Response, datetime | None]:
    language: str = g.language
    wanted = asked_filter(FEED_ROWS)
    with world().database.read() as session:
        page = public_recalls(session, wanted)
    links = {"self": address_of("/recalls.atom", wanted, lang=language, after=wanted.after),
             "alternate": address_of("/recalls", wanted, lang=language)}
    if page.next:
        links["next"] = address_of("/recalls.atom", wanted, lang=language, after=page.next)
    answer = Response(_atom(page.rows, language, address_of("/recalls.atom", wanted, lang=language), links),
                      mimetype="application/atom+xml")
    return answer, last_change(page.rows)


def _machine(recall: PublicRecall) -> dict[str, Any]:
    facts = recall.facts
    url = f"{world().settings.base_url}/recalls/{facts.reference}"
    return {
        "reference": facts.reference, "url": url, "message": f"{url}.json",
        "class": facts.recall_class, "status": recall.status,
        "announced_at": facts.announced_at.isoformat(), "updated_at": facts.changed_at.isoformat(),
        "is_closed": facts.is_closed, "closed_at": facts.closed_at.isoformat() if facts.closed_at else None,
        "title": dict(facts.title), "risk": dict(facts.risk), "action": dict(facts.action),
        "remedy": dict(facts.remedy), "contact": facts.contact,
        "renewed_at": [at.isoformat() for at in recall.renewed_at],
        "revisions": [{"kind": one.kind, "at": one.at.isoformat(), "said": dict(one.said), "before": dict(one.before)}
                      for one in recall.revisions],
        "lots": [{"number": lot.number, "gtin": lot.gtin, "uri": lot.uri, "product": {"zh": lot.name_zh,
                  "en": lot.name_en}, "made_on": lot.made_on.isoformat() if lot.made_on else None,
                  "expires_on": lot.expires_on.isoformat() if lot.expires_on else None} for lot in recall.lots]}


def _atom(rows: tuple[PublicRecall, ...], language: str, key: str, links: dict[str, str]) -> bytes:
    """Source: RFC 4287; pages by RFC 5005."""
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": LANGUAGES[language][0]})
    maker = consumer().maker.name(language)
    _add(feed, "id", key)
    _add(feed, "title", f"{_('Recalls')} · {maker}")
    _add(feed, "updated", _stamp(last_change(rows) or datetime(1970, 1, 1, tzinfo=UTC)))
    _add(_add(feed, "author"), "name", maker)
    for relation, address in links.items():
        _add(feed, "link", rel=relation, href=address)
    for recall in rows:
        _entry(feed, recall, language)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _entry(feed: ET.Element, recall: PublicRecall, language: str) -> None:
    """One recall. Its id is the address of its page, which never changes."""
    facts = scan_view.recall_view(recall.facts, language)
    url = f"{world().settings.base_url}/recalls/{recall.facts.reference}"
    entry = _add(feed, "entry")
    _add(entry, "id", url)
    _add(entry, "title", _("Withdrawn: %(title)s", title=facts["title"])
         if recall.facts.is_withdrawn else facts["title"])
    _add(entry, "updated", _stamp(recall.facts.changed_at))
    _add(entry, "published", _stamp(recall.facts.announced_at))
    _add(entry, "link", rel="alternate", href=f"{url}?lang={language}")
    _add(entry, "link", rel="related", type="application/json", href=f"{url}.json")
    _add(entry, "category", term=recall.status)
    stands = () if recall.facts.is_withdrawn else (facts["action"], facts["risk"])
    _add(entry, "summary", "\n".join(part for part in (
        *(text for text, _meaning in revision_lines(recall, language)), *stands, recall.lots_text(language),
        "" if recall.facts.is_withdrawn else facts["remedy"], facts["contact"]) if part))


def revision_lines(recall: PublicRecall, language: str) -> list[tuple[str, str]]:
    """(what was changed and when, meaning) for people, the last change first."""
    found: list[tuple[datetime, str, str]] = []
    for at in recall.renewed_at:
        found.append((at, _("Announced again on %(day)s. The batches below are those that count.",
                            day=_day(at, language)), "info"))
    for one in recall.revisions:
        day, said = _day(one.at, language), scan_view.name_in(language, one.said["zh"], one.said["en"])
        if one.kind == "withdrawal":
            found.append((one.at, _("Withdrawn on %(day)s: %(why)s", day=day, why=said), "check"))
        else:
            found.append((one.at, _("Corrected on %(day)s: %(what)s", day=day, what=said), "info"))
    return [(text, meaning) for _at, text, meaning in sorted(found, key=lambda line: line[0], reverse=True)]


def _day(at: datetime, language: str) -> str:
    return scan_view.day_text(scan_view.local_day(at, scan_view.PUBLIC_ZONE), language)


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
