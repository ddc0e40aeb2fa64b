"""The front page: type or scan a code, recalls, a way to sign in."""
from __future__ import annotations

import base64
from typing import Any

from flask import Response, g, redirect, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response as AnyResponse

import labels
from traceapp.catalog.model import Product, ProductKind
from traceapp.code.labels import lot_link
from traceapp.core.errors import TooMany
from traceapp.gs1 import readings
from traceapp.identity.rate import hit
from traceapp.recall.public import PublicFilter, public_recalls
from traceapp.trace.model import Lot, ShipmentLine
from traceapp.trace.policy import ReleaseState, Verdict
from traceapp.web.context import source_network, world

from . import scan_view
from .finding import MOST_CHARACTERS, Found, find_code, named
from .pages import squeezed
from .scan_views import unknown_number, wish, wrong_code
from .state import public_page
from .wishes import linked, settle_language, takes_gzip

_SHOWN_RECALLS = 3
_SEARCHES_A_MINUTE = 20


def front() -> AnyResponse:
    """The page, or where the typed code leads."""
    settle_language()
    text = readings(request.args.get("code", "")[:MOST_CHARACTERS])[0]
    if text:
        return _looked_up(text, request.args.get("gtin", "")[:14])
    with world().database.read() as session:
        recalls = public_recalls(session, PublicFilter(limit=_SHOWN_RECALLS))
        examples = _examples(session) if world().settings.development else []
    answer = public_page("front.html", examples=examples, recalls=[
        (linked(f"/recalls/{recall.facts.reference}"), scan_view.recall_view(recall.facts, g.language),
         recall.facts.is_withdrawn)
        for recall in recalls.rows], more=recalls.total > _SHOWN_RECALLS)
    answer.headers["Vary"] = "Accept-Language, Accept-Encoding"
    return squeezed(answer) if takes_gzip(request.headers.get("Accept-Encoding", "")) else answer


def _looked_up(text: str, gtin: str) -> AnyResponse:
    with world().database.read() as session:
        found = find_code(session, text, gtin, _may_search)
        if found.path is not None:
            return redirect(linked(found.path), 303)
        candidates = named(session, found.candidates, g.language)
    if candidates:
        return public_page("meant.html", text=text,
                           candidates=[(number, name, linked(path)) for number, name, path in candidates])
    return _not_found(text, found)


def _not_found(text: str, found: Found) -> Response:
    if found.error is not None:
        return wrong_code(text, found.error, wish(), path_kept=False)
    return unknown_number(text, wish())


def _may_search() -> bool:
    """Whether this source may have near numbers searched: the search reads every lot."""
    here = world()
    try:
        with here.database.write() as session:
            hit(session, here.clock, f"find {source_network()}", _SEARCHES_A_MINUTE, 60)
    except TooMany:
        return False
    return True


def _examples(session: Session) -> list[dict[str, Any]]:
    """A few codes to scan, one of each verdict that there is: released and shipped, recalled, on hold."""
    is_shipped = select(ShipmentLine.shipment_id).where(ShipmentLine.lot_key == Lot.lot_key).exists()
    kinds = ((Verdict.released, (~Lot.is_recalled, ~Lot.is_on_hold, Lot.release_state == ReleaseState.released,
                                 is_shipped)),
             (Verdict.recalled, (Lot.is_recalled,)), (Verdict.on_hold, (~Lot.is_recalled, Lot.is_on_hold)))
    found = []
    for verdict, conditions in kinds:
        row = session.execute(
            select(Lot, Product).join(Product, Product.id == Lot.product_id).options(selectinload(Product.levels))
            .where(Lot.is_own == 1, Product.kind != ProductKind.material, *conditions)
            .order_by(Lot.created_at.desc(), Lot.lot_key).limit(1)).first()
        if row is not None:
            found.append(_example(verdict, *row))
    return found


def _example(verdict: Verdict, lot: Lot, product: Product) -> dict[str, Any]:
    address = lot_link(world().settings.base_url, product.levels, lot)
    picture = base64.b64encode(labels.qr(address, format="png")).decode("ascii")
    return {"verdict": verdict.value, "number": lot.number, "address": address, "path": linked(f"/t/{lot.lot_key}"),
            "name": scan_view.name_in(g.language, product.name_zh, product.name_en),
            "picture": f"data:image/png;base64,{picture}", "label": _("Code of batch %(number)s", number=lot.number)}
