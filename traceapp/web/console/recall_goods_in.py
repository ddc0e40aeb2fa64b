"""Console: what comes back to the gate during a recall, taken in by scan."""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.queries import product_of_gtin
from traceapp.code.beginning import lot_of_scan
from traceapp.core.errors import Problem
from traceapp.gs1 import Gs1Error, parse_anything
from traceapp.recall.cases import recall_by_id
from traceapp.recall.returned_containers import sscc_in
from traceapp.recall.returning import TakeBack, return_of, senders_of, take_back
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import Lot
from traceapp.web.context import actor, world
from traceapp.web.i18n import language
from traceapp.web.problems import translated
from traceapp.web.reading import given

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .words import named

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_goods_in": "trace.record"}


@dataclass(frozen=True, slots=True)
class Scanned:
    """The lot of a code, with how many units one pack of its GTIN holds; a fault when there is no such lot."""

    lot: Lot | None = None
    product: str = ""
    pack: Decimal | None = None
    fault: str = ""


@blueprint.route("/goods-in", methods=["GET", "POST"])
def recall_goods_in() -> Response:
    """Scan or type a lot, say whom it comes from, count."""
    form = Entered({"code": given("code", 500), "sender": given("sender", 80)})
    if request.method == "GET":
        if sscc_in(form.get("code")):
            return redirect(url_for("console.recall_container_in", code=form.get("code")))
        return _show(form)
    recall_id, _sign, consignee_id = form.text("sender", required=True).partition("/")
    units = form.amount("units")

    def act(db: Session) -> Done:
        assert units is not None
        row = take_back(db, actor(), world().clock, TakeBack(
            recall_id, consignee_id, form.text("code"), units, form.text("document_number"), form.text("note"),
            form.is_checked("is_outside")))
        return Done(url_for("console.recall_goods_in", recall=recall_id, done=row.id), _("Taken in."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))


def _show(form: Entered, status: int = 200) -> Response:
    code, text = form.get("code").strip(), given("from", 100)
    with world().database.read() as db:
        scanned = _scanned(db, code) if code else Scanned()
        lot_key = scanned.lot.lot_key if scanned.lot else None
        senders = senders_of(db, lot_key, text) if lot_key else ()
        in_scope = bool(senders) or bool(lot_key and text and senders_of(db, lot_key))
        if lot_key and not in_scope:
            senders = senders_of(db, None, text)
        done = _done(db, given("recall"), given("done")) if given("done") else None
    choices = [(f"{one.recall_id}/{one.consignee_id}",
                f"{one.name_zh if language() == 'zh' else one.name_en} · {one.reference}") for one in senders]
    return page("console/recall_goods_in.html", status, form=form, code=code, text=text, scanned=scanned,
                senders=choices, in_scope=in_scope, done=done)


def _scanned(db: Session, code: str) -> Scanned:
    try:
        key = lot_of_scan(db, code)
    except Problem as problem:
        return Scanned(fault=translated(problem))
    lot = lots_by_key(db, [key])[key]
    product = products_by_id(db, [lot.product_id]).get(lot.product_id or "")
    return Scanned(lot, named(product) if product else lot.name, _pack(db, code))


def _pack(db: Session, code: str) -> Decimal | None:
    try:
        gtin = parse_anything(code).get("01")
    except Gs1Error:
        return None
    found = product_of_gtin(db, gtin) if gtin else None
    return Decimal(found[1].units) if found else None


def _done(db: Session, recall_id: str, return_id: str) -> dict[str, object]:
    """What was taken in, beside what the consignee said."""
    row, line = return_of(db, recall_id, return_id)
    lot = lots_by_key(db, [row.lot_key])[row.lot_key]
    return {"row": row, "line": line, "lot": lot, "reference": recall_by_id(db, recall_id).reference}
