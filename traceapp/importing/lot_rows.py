"""Rows of lots that were received or made, and of batches with what went into them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from traceapp.catalog.model import Product
from traceapp.core.errors import InvalidInput, Problem
from traceapp.core.quantity import Quantity
from traceapp.trace import guards
from traceapp.trace.entering import EnterLot, enter_lot
from traceapp.trace.model import Lot, LotEdge, Production
from traceapp.trace.policy import ReleaseState
from traceapp.trace.production import InputLot, MadeAt, ProduceBatch, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, reject_lot, release_lot

from .desk import Desk, Line, Names, Outcome, shared

_BY_IMPORT = "按导入的记录 · By the imported record"
_MADE = ("work_order", "line", "shift", "equipment", "operator", "sterilisation_load")
_ORDER = (*_MADE, "product", "lot", "quantity", "unit", "made_at", "site", "retained_samples", "expires_on", "state",
          "decided_at", "note")
LOT_PLACES = {"number": "lot", "received_at": "at", "made_at": "at", "supplier_id": "supplier",
              "supplier_lot_number": "supplier_lot", "site_id": "site"}
PRODUCTION_PLACES = {"number": "lot", "site_id": "site", "inputs": "input_lot", "#": "input_lot"} | {
    f"place/{name}": name for name in _MADE}


def lot_names(lines: Sequence[Line]) -> Names:
    """What a lot is known by in the file."""
    said = lines[0]
    return (("lot", f"lot:{said.get('product', '').strip()}:{said.get('lot', '').strip()}"),)


def take_lot(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """A row as a lot that was received from its supplier, or, without one, as a batch of ours whose materials nobody
    told; and its release."""
    said = lines[0].values
    product = desk.product(said["product"])
    quantity = _quantity(said, product)
    supplier = desk.party(said["supplier"], "supplier").id if "supplier" in said else None
    site = desk.site(said["site"]).id if "site" in said else None
    found = desk.lot_of(product, said["lot"])
    if found is not None and found.is_own:
        compared = {name: said[name] for name in ("at", "supplier_lot", "origin", "made_on", "expires_on")
                    if name in said}
        compared |= {name: value for name, value in (("supplier", supplier), ("site", site)) if value is not None}
        compared["quantity"] = guards.amount_in(quantity, product.unit, place="quantity")
        present = {"at": found.started_at, "supplier_lot": found.supplier_lot_number, "origin": found.origin,
                   "made_on": found.made_on, "expires_on": found.expires_on, "supplier": found.supplier_id,
                   "site": found.site_id, "quantity": found.made}
        desk.settle(compared, present, can_change=False)
        return _settled(desk, found, said)
    dates = {name: said.get(name) for name in ("made_on", "expires_on")}
    who = (desk.session, desk.actor, desk.clock)
    if supplier is not None:
        lot = receive_lot(*who, ReceiveLot(
            product.id, said["lot"], supplier, said.get("supplier_lot", ""), quantity, said["at"], site,
            said.get("origin", ""), document=said.get("document", ""), **dates))
    else:
        lot = enter_lot(*who, EnterLot(product.id, said["lot"], quantity, said["at"], MadeAt(site_id=site), **dates))
    decide(desk, lot, said)
    desk.lots[lot.lot_key] = lot
    return Outcome.stored


def _quantity(said: Mapping[str, Any], product: Product) -> Quantity:
    return Quantity(said["quantity"], said.get("unit", product.unit))


def _settled(desk: Desk, lot: Lot, said: Mapping[str, Any]) -> Outcome:
    """Of a lot that is there: released or rejected now, where the file knows more than we do."""
    if said.get("state", lot.release_state) == lot.release_state or lot.release_state != ReleaseState.pending:
        return Outcome.already
    decide(desk, lot, said)
    return Outcome.changed


def decide(desk: Desk, lot: Lot, said: Mapping[str, Any]) -> None:
    """Release or reject a lot as the row says, at its own time. Raises Problem naming the column."""
    state = said.get("state", ReleaseState.pending)
    if state == ReleaseState.pending:
        return
    at: datetime = said.get("decided_at") or max(lot.started_at, said.get("made_at") or lot.started_at)
    act = release_lot if state == ReleaseState.released else reject_lot
    try:
        act(desk.session, desk.actor, desk.clock, Decide(lot.lot_key, said.get("note", _BY_IMPORT), at=at))
    except Problem as problem:
        problem.place = {"at": "decided_at", "note": "note"}.get(problem.place or "", "state")
        raise


def take_production(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """The rows of one order as one batch: each row a lot that went into it."""
    said = shared(lines, _ORDER)
    product = desk.product(said["product"])
    inputs = tuple(_input(desk, line, index) for index, line in enumerate(lines))
    found = desk.lot_of(product, said["lot"])
    if found is not None and found.is_own:
        _compare(desk, found, said, (product, inputs))
        return _settled(desk, found, said)
    place = MadeAt(**{name: said[name] for name in _MADE if name in said},
                   site_id=desk.site(said["site"]).id if "site" in said else None)
    lot = produce_batch(desk.session, desk.actor, desk.clock, ProduceBatch(
        product.id, said["lot"], _quantity(said, product), said["made_at"], inputs, place,
        said.get("retained_samples", Decimal(0)), said.get("expires_on")))
    decide(desk, lot, said)
    desk.lots[lot.lot_key] = lot
    return Outcome.stored


def _input(desk: Desk, line: Line, index: int) -> InputLot:
    try:
        lot = desk.lot(line.values["input_lot"], line.get("input_product"), "input_lot")
        unit = line.get("input_unit", lot.unit or "EA")
        return InputLot(lot.lot_key, Quantity(line.values["input_quantity"], unit))
    except Problem as problem:
        field = "input_product" if problem.place == "product" else problem.place
        problem.place = f"{index}/{field or 'input_lot'}"
        raise


def _compare(desk: Desk, lot: Lot, said: Mapping[str, Any], told: tuple[Product, tuple[InputLot, ...]]) -> None:
    """Nothing when the batch is there as the rows say. Raises Conflict naming the column."""
    product, inputs = told
    made = desk.session.scalar(select(Production).where(Production.lot_key == lot.lot_key))
    compared = {name: said[name] for name in (*_MADE, "made_at", "expires_on") if name in said}
    present: dict[str, Any] = {"made_at": lot.started_at, "expires_on": lot.expires_on, "quantity": lot.made}
    present |= {name: getattr(made, name, "") for name in _MADE}
    compared["quantity"] = guards.amount_in(_quantity(said, product), product.unit, place="quantity")
    desk.settle(compared, present, can_change=False)
    went_in = dict(desk.session.execute(select(LotEdge.other_key, LotEdge.quantity).where(
        LotEdge.lot_key == lot.lot_key, LotEdge.direction == "up")).all())
    wanted: dict[str, Decimal] = {}
    for index, used in enumerate(inputs):
        unit = desk.lots[used.lot_key].unit or "EA"
        amount = guards.amount_in(used.quantity, unit, place=f"{index}/input_quantity")
        wanted[used.lot_key] = wanted.get(used.lot_key, Decimal(0)) + amount
    if wanted != went_in:
        raise InvalidInput("This batch is there already, made out of other lots or quantities. Correct the rows, or "
                           "leave them out.", code="differs", place="input_lot")
