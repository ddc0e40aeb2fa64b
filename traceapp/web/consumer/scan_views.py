"""The pages that codes lead to: /s/01/{gtin}, /s/01/{gtin}/10/{lot}, …/21/{serial}, /s/414/… of our places, and /t/{id}
for what has no GS1 key."""
from __future__ import annotations

from urllib.parse import quote

from flask import Response, g, jsonify, request
from flask_babel import gettext as _

from traceapp.code.resolving import KnownProduct, ScannedCode, scanned_code
from traceapp.core.errors import NotFound
from traceapp.gs1 import Gs1Error, parse_path
from traceapp.recall.public import recalls_of_product
from traceapp.trace.policy import Verdict
from traceapp.web.at_once import is_same, without_content
from traceapp.web.context import world
from traceapp.web.problems import translated

from . import scan_view
from .page_cache import VARY, KeptPage
from .pages import squeezed
from .places import PLACES, place_page
from .scan_pages import UnknownItem, Wish, key_of_path
from .state import consumer, public_page
from .wishes import language_of, linked, takes_gzip, wants_json

# Set in the environ when the answer is the page of a lot.
IS_SCAN = "traceapp.scan"
_PARTS = 500


def raw_path() -> str:
    """The path as it came over the wire; where the server hides it, the decoded one escaped again."""
    uri: str | None = request.environ.get("REQUEST_URI")
    if uri is None:
        return quote(request.environ.get("PATH_INFO", "/").encode("latin-1"), safe="/:@!$&'()*+,;=-._~")
    return uri.partition("?")[0].partition("#")[0]


def wish() -> Wish:
    """The form in which this request wants its answer."""
    headers = request.headers
    return Wish(language_of(request.environ.get("QUERY_STRING", ""), headers.get("Accept-Language", "")),
                wants_json(headers.get("Accept", "")), takes_gzip(headers.get("Accept-Encoding", "")))


def scan_code(rest: str) -> Response:
    """The page of a code with a GTIN, or of a place of ours."""
    wanted, path = wish(), raw_path()
    g.language = wanted.language
    try:
        parsed = parse_path(path)
        if parsed.key in PLACES:
            return _finished(place_page(parsed, wanted), wanted)
        code = scanned_code(parsed)
    except Gs1Error as error:
        return wrong_code(path, error, wanted)
    if code.is_product:
        return _product(code, wanted)
    found = consumer().pages.of_code(path, code, wanted)
    if isinstance(found, UnknownItem):
        return unknown_item(code, found.product, wanted)
    return _known(found, code.serial, wanted)


def scan_private(rest: str) -> Response:
    """The page of a trace item without a GS1 key."""
    wanted, path = wish(), raw_path()
    g.language = wanted.language
    key = key_of_path(path)
    found = consumer().pages.of_key(path, key, wanted) if key else UnknownItem()
    if isinstance(found, UnknownItem):
        return unknown_item(None, None, wanted)
    return _known(found, None, wanted)


def _known(page: KeptPage, serial: str | None, wanted: Wish) -> Response:
    """A kept page as an answer, and the scan noted."""
    page = consumer().judge.answer(page, wanted, raw_path(), serial, request.environ)
    request.environ[IS_SCAN] = True
    headers = consumer().pages.headers_of(page)
    if is_same(request.headers.get("If-None-Match", ""), page.etag):
        return Response(status=304, headers=without_content(headers))
    return Response(page.body, headers=headers)


def _finished(answer: Response, wanted: Wish) -> Response:
    answer.headers["Vary"] = VARY
    answer.headers["Cache-Control"] = "no-cache"
    return squeezed(answer) if wanted.is_gzip else answer


def unknown_item(code: ScannedCode | None, product: KnownProduct | None, wanted: Wish) -> Response:
    """Nothing is known under the code: explained, to be typed again, to be reported. That a batch of a product of ours
    is not known is an answer (200); that the product is none of ours is none (404)."""
    asked: list[tuple[str, str]] = []
    if code is not None:
        name = scan_view.name_in(wanted.language, product.name_zh, product.name_en) if product else ""
        asked = [(_("Product"), name or _("not one of ours (%(gtin)s)", gtin=code.gtin)),
                 (_("Batch number"), code.lot or ""), (_("Serial number"), code.serial or "")]
    if wanted.is_json and code is not None and product is not None:
        return _finished(jsonify(scan_view.machine_unknown(code, product)), wanted)
    answer = _unknown(asked, code.lot or "" if code else "", wanted, same_path=True,
                      gtin=code.gtin if code and product else "", phone=product.contact_phone if product else "")
    if product is not None:
        answer.status_code = 200
    return answer


def unknown_number(text: str, wanted: Wish) -> Response:
    """The same for a number that was typed."""
    return _unknown([(_("Batch number"), text)], text, wanted, same_path=False)


def _unknown(asked: list[tuple[str, str]], lot: str, wanted: Wish, *, same_path: bool, gtin: str = "",
             phone: str = "") -> Response:
    if wanted.is_json:
        raise NotFound("We do not know this batch.", code="unknown-lot")
    return _finished(public_page(
        "unknown.html", status=404, same_path=same_path, lot=lot[:_PARTS], phone=phone, gtin=gtin,
        advice=scan_view.advice(Verdict.unknown, None, wanted.language),
        asked=[(term, text[:_PARTS]) for term, text in asked if text],
        report_url=linked("/report", number=lot[:80], via="unknown")), wanted)


def wrong_code(text: str, error: Gs1Error, wanted: Wish, *, path_kept: bool = True) -> Response:
    """The text with its wrong place marked; `path_kept` False: it did not stand in the path."""
    if wanted.is_json:
        error.status = 400
        raise error
    start, end = error.start, error.start + error.length
    return _finished(public_page(
        "wrong_code.html", status=400, same_path=path_kept, message=translated(error),
        before=text[max(0, start - _PARTS):start], wrong=text[start:end][:_PARTS], after=text[end:end + _PARTS],
        place=start, report_url=linked("/report", via="unknown")), wanted)


def _product(code: ScannedCode, wanted: Wish) -> Response:
    product = consumer().pages.product(code.gtin)
    if product is None:
        return unknown_item(code, None, wanted)
    if wanted.is_json:
        return _finished(jsonify(gtin=code.gtin, lot=None, verdict=None), wanted)
    with world().database.read() as session:
        recalls = recalls_of_product(session, product.id)
    return _finished(public_page(
        "product.html", same_path=True, gtin=code.gtin, recalls=[
            (scan_view.recall_view(recall.facts, wanted.language), recall.lots_text(wanted.language))
            for recall in recalls],
        name=scan_view.name_in(wanted.language, product.name_zh, product.name_en),
        report_url=linked("/report", product=product.id, via="typed")), wanted)
