"""The state of recall for machines: of a batch what its page says, of a product its open recalls. Never older than a
second, readable from every site."""
from __future__ import annotations

import json
from typing import Any

from flask import Response, jsonify

from traceapp.code.resolving import KnownProduct, ScannedCode, scanned_code
from traceapp.core.errors import NotFound, Problem
from traceapp.gs1 import Gs1Error, parse_path
from traceapp.recall.public import PublicRecall, recalls_of_product
from traceapp.trace.policy import Verdict
from traceapp.web.context import world
from traceapp.web.cors import HEADERS
from traceapp.web.problems import render

from . import scan_view
from .page_cache import KeptPage
from .scan_pages import UnknownItem, Wish
from .scan_views import raw_path
from .state import consumer

_FORM = Wish("zh", is_json=True)


def recall_status(rest: str) -> Response:
    """The state; 404 for a product that is not ours, 400 for a malformed code."""
    path = raw_path()
    try:
        code = scanned_code(parse_path(path))
        answer = _of_product(code) if code.is_product else _of_lot(path, code)
    except Gs1Error as error:
        error.status = 400
        answer = render(error, is_json=True)
    except Problem as error:
        answer = render(error, is_json=True)
    answer.headers.update(HEADERS)
    return answer


def _of_lot(path: str, code: ScannedCode) -> Response:
    found = consumer().pages.of_code(path, code, _FORM)
    if isinstance(found, KeptPage):
        said = json.loads(found.body)
        answer = jsonify(said | {"is_recalled": said["verdict"] == Verdict.recalled})
        for name, value in consumer().pages.headers_of(found):
            if name in ("Cache-Control", "Age"):
                answer.headers[name] = value
        return answer
    # Whether a batch that is not known is recalled, nobody knows; it must not look as if it were not.
    return _brief(scan_view.machine_unknown(code, _known(found, code)) | {"is_recalled": None})


def _known(found: UnknownItem, code: ScannedCode) -> KnownProduct:
    if found.product is None:
        raise NotFound("Nothing is registered for this code.", code="unknown-code")
    return found.product


def _of_product(code: ScannedCode) -> Response:
    product = consumer().pages.product(code.gtin)
    if product is None:
        raise NotFound("Nothing is registered for this code.", code="unknown-code")
    with world().database.read() as session:
        recalls = recalls_of_product(session, product.id)
    return _brief({
        "gtin": code.gtin, "product": {"zh": product.name_zh, "en": product.name_en, "gtin": code.gtin}, "lot": None,
        "verdict": None, "is_recalled": bool(recalls), "recalls": [_said(recall) for recall in recalls]})


def _said(recall: PublicRecall) -> dict[str, Any]:
    facts = recall.facts
    return {"reference": facts.reference, "class": facts.recall_class, "title": dict(facts.title),
            "action": dict(facts.action), "contact": facts.contact,
            "lots": [{"number": lot.number, "gtin": lot.gtin, "uri": lot.uri} for lot in recall.lots]}


def _brief(said: dict[str, Any]) -> Response:
    answer = jsonify(said)
    answer.headers["Cache-Control"] = "public, max-age=1"
    return answer
