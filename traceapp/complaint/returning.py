"""Goods asked back because of a complaint: received as an event of their lot, replaced or refunded."""
from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.core.quantity import Quantity, known_unit
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.trace.guards import amount_in, known_party, refuse_unusable
from traceapp.trace.model import Lot
from traceapp.trace.shipping import ReturnUnits, return_units

from .case_parts import NOTE_LIMIT, about, complaint_of
from .matching import lot_of_key
from .model import Complaint
from .policy import cleaned_text
from .return_model import ComplaintReturn
from .return_states import ReturnState, next_state


@dataclass(frozen=True, slots=True)
class AskReturn:
    """`quantity` in a unit that fits the lot's, where a lot is known."""

    complaint_id: str
    quantity: Quantity
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ChangeReturn:
    """`action`: receive, replace, refund or call_off. `quantity` is what came (None: all that was asked for);
    `consignee_id`: who sent it, so that the receipt is an event; `replacement_lot_key`: what was sent instead."""

    complaint_id: str
    return_id: str
    action: str
    quantity: Decimal | None = None
    consignee_id: str | None = None
    replacement_lot_key: str | None = None
    note: str = field(default="", repr=False)
    revision: int | None = None


ACTIONS = ("receive", "replace", "refund", "call_off")


def ask_return(session: Session, actor: Actor, clock: Clock, command: AskReturn) -> ComplaintReturn:
    """A return that was asked for. Raises NotFound, InvalidInput for a quantity or unit that cannot be."""
    complaint = complaint_of(session, command.complaint_id)
    unit = known_unit(command.quantity.unit, place="unit")
    lot = lot_of_key(session, complaint.lot_key)
    _amount(lot, command.quantity)
    amount = command.quantity.value
    now = clock.now()
    row = ComplaintReturn(
        lot_key=complaint.lot_key, id=new_id(now), complaint_id=complaint.id, quantity=amount, unit=unit,
        state=ReturnState.asked, asked_at=now, asked_by=actor.id,
        note=cleaned_text(command.note, place="note", limit=NOTE_LIMIT))
    session.add(row)
    record(session, actor, now, "complaint.return_asked", about(complaint.id),
           {"return": row.id, "lot": row.lot_key, "quantity": amount, "unit": unit})
    session.flush()
    return row


def _amount(lot: Lot | None, quantity: Quantity) -> Decimal:
    """The quantity in the unit of its lot. Raises InvalidInput for one that cannot be."""
    return amount_in(quantity, (lot.unit if lot is not None else None) or quantity.unit, place="quantity")


def change_return(session: Session, actor: Actor, clock: Clock, command: ChangeReturn) -> ComplaintReturn:
    """The return after an action of its table. What a consignee sent back is an event of the lot.

    Raises NotFound, Stale, Conflict (wrong state; more than the consignee has), InvalidInput.
    """
    if command.action not in ACTIONS:
        raise InvalidInput("“%(action)s” is not one of: %(known)s.", code="unknown-action", place="action",
                           action=command.action[:40], known=", ".join(ACTIONS))
    complaint = complaint_of(session, command.complaint_id)
    wanted = select(ComplaintReturn).where(ComplaintReturn.id == command.return_id,
                                           ComplaintReturn.complaint_id == complaint.id)
    row = session.scalars(wanted.with_for_update()).first()
    if row is None:
        raise NotFound("There is no such return.", code="unknown-return", place="return_id")
    expect_revision(row, command.revision)
    before, state = row.state, next_state(row.state, command.action)
    note = cleaned_text(command.note, place="note", limit=NOTE_LIMIT, required=command.action == "call_off")
    if command.action == "receive":
        _receive(session, actor, clock, row, command)
    elif command.action == "replace":
        row.replacement_lot_key = _replacement(session, clock, complaint, command.replacement_lot_key)
    if command.action in ("replace", "refund"):
        row.settled_at = clock.now()
    row.state, row.note = state, note or row.note
    record(session, actor, clock.now(), f"complaint.return_{state}", about(complaint.id), {
        "return": row.id, "before": before, "lot": row.lot_key, "quantity": row.received_quantity or row.quantity,
        "unit": row.unit, "shipment": row.shipment_id, "replacement": row.replacement_lot_key})
    session.flush()
    return row


def _receive(session: Session, actor: Actor, clock: Clock, row: ComplaintReturn, command: ChangeReturn) -> None:
    amount = row.quantity if command.quantity is None else command.quantity
    lot = lot_of_key(session, row.lot_key)
    units = _amount(lot, Quantity(amount, row.unit))
    row.received_at, row.received_quantity = clock.now(), amount
    if command.consignee_id is None:
        return
    if lot is None:
        raise InvalidInput("Bind the complaint to a batch first: what came back must be taken into one.",
                           code="no-lot", place="consignee_id")
    permit(actor, "trace.record")
    party = known_party(session, command.consignee_id, place="consignee_id")
    reference = complaint_of(session, row.complaint_id).reference
    shipment = return_units(session, actor, clock, ReturnUnits(
        lot.lot_key, party.id, units, clock.now(), reference))
    row.consignee_id, row.shipment_id = party.id, shipment.id


def _replacement(session: Session, clock: Clock, complaint: Complaint, lot_key: str | None) -> str | None:
    """The lot that was sent instead. Raises NotFound, Conflict for one that may not leave, or of another product."""
    if lot_key is None:
        return None
    lot = lot_of_key(session, lot_key)
    if lot is None:
        raise NotFound("There is no such lot.", code="unknown-lot", place="replacement_lot_key")
    if complaint.product_id is not None and lot.product_id != complaint.product_id:
        raise Conflict("This batch is of another product.", code="other-product", place="replacement_lot_key")
    refuse_unusable(lot, clock.now().date(), place="replacement_lot_key")
    return lot.lot_key


def returns_of(session: Session, complaint_id: str) -> list[ComplaintReturn]:
    """What was asked back because of a complaint, the oldest first."""
    return list(session.scalars(select(ComplaintReturn).where(ComplaintReturn.complaint_id == complaint_id)
                                .order_by(ComplaintReturn.asked_at, ComplaintReturn.id)))


@dataclass(frozen=True, slots=True)
class ReturnTotals:
    """What complaints had come back of a lot, in its unit; what does not convert stands in `others`, as asked."""

    asked: Decimal = Decimal(0)
    received: Decimal = Decimal(0)
    replaced: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    others: tuple[Quantity, ...] = ()


def returns_of_lot(session: Session, lot: Lot) -> ReturnTotals | None:
    """The totals of a lot; None when nothing was ever asked back."""
    rows = session.scalars(select(ComplaintReturn).where(ComplaintReturn.lot_key == lot.lot_key)
                           .order_by(ComplaintReturn.asked_at)).all()
    if not rows:
        return None
    sums = dict.fromkeys(("asked", "received", "replaced", "refunded"), Decimal(0))
    others = []
    for row in rows:
        if row.state == ReturnState.called_off:
            continue
        try:
            asked = Quantity(row.quantity, row.unit).to(lot.unit or row.unit).value
            came = Quantity(row.received_quantity or row.quantity, row.unit).to(lot.unit or row.unit).value
        except InvalidInput:
            others.append(Quantity(row.quantity, row.unit))
            continue
        sums["asked"] += asked
        sums["received"] += came if row.received_at is not None else 0
        if row.state in (ReturnState.replaced, ReturnState.refunded):
            sums[row.state] += came
    return ReturnTotals(**sums, others=tuple(others))
