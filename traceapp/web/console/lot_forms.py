"""Forms about one lot: receiving a raw lot with its certificate, recording an inspection, taking units back."""
from __future__ import annotations

from decimal import Decimal
from typing import BinaryIO, cast

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.attachment.service import ReadyFile, ready_file
from traceapp.catalog.queries import all_products, parties_in_role, sites
from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.core.quantity import Quantity, parse_amount
from traceapp.recall.cases import recall_by_id
from traceapp.recall.returning import return_or_take_back
from traceapp.trace.files import AttachFile, attach_file
from traceapp.trace.inspecting import NewResult, RecordInspection, record_inspection
from traceapp.trace.overview import usual_characteristics
from traceapp.trace.queries import consignees_of
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.shipping import ReturnUnits
from traceapp.web.context import signed_in, world
from traceapp.web.problems import translated

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .lots import known_lot
from .timing import default_zone, now_text
from .words import named, unit_options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.lot_receive": "trace.record", "console.lot_inspect": "trace.record", "console.lot_return": "trace.record"}

ACCEPTED_FILES = "application/pdf,image/png,image/jpeg,image/webp"
_ROWS, _MOST_ROWS = 4, 60


def sent_file(form: Entered) -> ReadyFile | None:
    """The form's file, ready to be kept: before the unit of work, since that takes its time. What cannot be kept is a
    fault of its field."""
    file = form.file("file")
    if file is None:
        return None
    try:
        return ready_file(cast(BinaryIO, file.stream), store=world().files)
    except (InvalidInput, TooLarge) as error:
        form.refuse(error)
        return None


def attach(session: Session, lot_key: str, form: Entered, ready: ReadyFile | None,
           inspection_id: str | None = None) -> None:
    """Hang the form's file on a lot or on an inspection of it, when there is one."""
    file = form.file("file")
    if file is not None and ready is not None:
        here = world()
        attach_file(session, signed_in(), here.clock, AttachFile(
            lot_key, file.filename or "", ready, inspection_id, form.is_checked("is_public")), store=here.files)


@blueprint.route("/lots/receive", methods=["GET", "POST"])
def lot_receive() -> Response:
    """Take in a raw lot."""
    with world().database.read() as session:
        products = all_products(session)
        suppliers, places = parties_in_role(session, "supplier"), sites(session, only_own=True)
    zone = default_zone(places)
    form = Entered({"received_at": now_text(zone), "product_id": request.args.get("product", ""),
                    "number": request.args.get("number", ""),
                    "site_id": places[0].id if places else ""})
    units = {product.id: product.unit for product in products}

    def again(status: int = 200) -> Response:
        chosen = units.get(form.get("product_id"))
        return page("console/lot_receive.html", status, form=form, zone=zone, accept=ACCEPTED_FILES,
                    products=[(one.id, f"{one.code} · {named(one)}") for one in products],
                    suppliers=[(one.id, f"{one.code} · {named(one)}") for one in suppliers],
                    sites=[(one.id, named(one)) for one in places],
                    units=[("", gettext("its own unit")), *unit_options(chosen)])

    if request.method == "GET":
        return again()
    command, file = _receive_command(form, zone, units), sent_file(form)

    def act(session: Session) -> Done:
        assert command is not None
        lot = receive_lot(session, signed_in(), world().clock, command)
        attach(session, lot.lot_key, form, file)
        return Done(url_for("console.lot", lot_key=lot.lot_key),
                    gettext("Lot %(lot)s is received. It waits for inspection and release.", lot=lot.number))

    return perform(form, act, Refusal(again))


def _receive_command(form: Entered, zone: str, units: dict[str, str]) -> ReceiveLot | None:
    product_id = form.choice("product_id", units)
    number, supplier_id = form.text("number", required=True), form.text("supplier_id", required=True)
    amount, at = form.amount("quantity"), form.moment("received_at", zone)
    made_on, expires_on = form.day("made_on"), form.day("expires_on")
    if amount is None or at is None or not product_id:
        return None
    unit = form.text("quantity_unit") or units[product_id]
    return ReceiveLot(product_id, number, supplier_id, form.text("supplier_lot_number"), Quantity(amount, unit), at,
                      form.text("site_id") or None, form.text("origin"), made_on, expires_on, form.text("document"))


@blueprint.route("/lots/<lot_key>/inspect", methods=["GET", "POST"])
def lot_inspect(lot_key: str) -> Response:
    """Record an inspection report; the verdict follows from its results."""
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        usual = usual_characteristics(session, head.lot.product_id) if head.lot.product_id else ()
        zone = default_zone(sites(session, only_own=True))
    known: dict[str, str] = {"inspected_at": now_text(zone), "sample_size": "0"}
    for row, one in enumerate(usual):
        known |= {f"results-{row}-{name}": str(getattr(one, name) if getattr(one, name) is not None else "")
                  for name in ("name_zh", "name_en", "unit", "lower", "upper", "expected_text")}
    form = Entered(known)
    rows = form.count("results", max(_ROWS, len(usual)), _MOST_ROWS)

    def again(status: int = 200, rows: int = rows) -> Response:
        return page("console/lot_inspect.html", status, form=form, lot=head.lot, product=head.product, zone=zone,
                    rows=range(rows), accept=ACCEPTED_FILES)

    if request.method == "GET":
        return again()
    if form.get("more"):
        return again(200, min(_MOST_ROWS, rows + _ROWS))
    results, file = [_result(form, row) for row in range(rows) if _is_filled(form, row)], sent_file(form)
    command = RecordInspection(
        lot_key, form.text("report_number", required=True), form.text("laboratory"),
        form.moment("inspected_at", zone) or world().clock.now(),
        form.amount("sample_size", positive=False, required=False) or Decimal(0),
        tuple(result for result in results if result is not None), form.is_checked("from_retained"))
    # Empty rows are skipped, so a place of the service is the n-th filled row of the form.
    filled = [row for row in range(rows) if _is_filled(form, row)]
    fields = {f"results/{n}{rest}": f"results-{row}-{field}" for n, row in enumerate(filled)
              for rest, field in (("", "value"), ("/name_zh", "name_zh"), ("/name_en", "name_en"), ("/value", "value"),
                                  ("/lower", "lower"), ("/upper", "upper"), ("/text", "text"), ("/unit", "unit"),
                                  ("/expected_text", "expected_text"))}

    def act(session: Session) -> Done:
        inspection = record_inspection(session, signed_in(), world().clock, command)
        attach(session, lot_key, form, file, inspection.id)
        conforms = inspection.verdict == "conforming"
        text = gettext("Recorded: lot %(lot)s conforms.", lot=head.lot.number) if conforms else gettext(
            "Recorded: lot %(lot)s does not conform.", lot=head.lot.number)
        return Done(url_for("console.lot", lot_key=lot_key, part="inspections"), text, "go" if conforms else "stop")

    return perform(form, act, Refusal(again, fields | {"results": "results-0-value"}))


def _is_filled(form: Entered, row: int) -> bool:
    """Whether this row states a result; one that only has its usual name and limits does not."""
    has_result = any(form.text(f"results-{row}-{name}") for name in ("value", "text"))
    is_named = any(form.text(f"results-{row}-{name}") for name in ("name_zh", "name_en"))
    has_limits = any(form.text(f"results-{row}-{name}") for name in ("lower", "upper", "expected_text"))
    return has_result or (is_named and not has_limits)


def _result(form: Entered, row: int) -> NewResult | None:
    def text(name: str) -> str:
        return form.text(f"results-{row}-{name}")

    def amount(name: str) -> Decimal | None:
        field = f"results-{row}-{name}"
        try:
            return parse_amount(text(name), place=field, positive=False) if text(name) else None
        except InvalidInput as error:
            form.fault(field, translated(error))
            return None

    return NewResult(text("name_zh"), text("name_en"), text("unit"), amount("value"), amount("lower"),
                     amount("upper"), text("text"), text("expected_text"))


@blueprint.route("/lots/<lot_key>/return", methods=["GET", "POST"])
def lot_return(lot_key: str) -> Response:
    """Take units back from a consignee."""
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        here = [one for one in consignees_of(session, lot_key) if one.units > 0]
        zone = default_zone(sites(session, only_own=True))
    form = Entered({"returned_at": now_text(zone), "consignee_id": request.args.get("consignee", "")})

    def again(status: int = 200) -> Response:
        return page("console/lot_return.html", status, form=form, lot=head.lot, product=head.product, zone=zone,
                    held=here, consignees=[(one.consignee.id, f"{one.consignee.code} · {named(one.consignee)}")
                                           for one in here])

    if request.method == "GET":
        return again()
    consignee_id = form.choice("consignee_id", [one.consignee.id for one in here])
    units, at = form.amount("units"), form.moment("returned_at", zone)

    def act(session: Session) -> Done:
        assert units is not None and at is not None
        counted = return_or_take_back(session, signed_in(), world().clock, ReturnUnits(
            lot_key, consignee_id, units, at, form.text("document_number")))
        said = gettext("The return to lot %(lot)s is recorded.", lot=head.lot.number)
        if counted is not None:
            said += " " + gettext("It is counted in the books of the recall %(reference)s.",
                                  reference=recall_by_id(session, counted.recall_id).reference)
        return Done(url_for("console.lot", lot_key=lot_key, part="shipments"), said)

    return perform(form, act, Refusal(again))
