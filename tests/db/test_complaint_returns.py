"""Goods that are asked back: tied to lot and quantity, received as an event, replaced, refunded, counted."""
from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.factories_complaint import VAULT, a_report, scanned
from tests.factories_trace import Hand, make_batch, make_hand
from traceapp.complaint.model import Complaint
from traceapp.complaint.return_model import ComplaintReturn
from traceapp.complaint.returning import (
    AskReturn,
    ChangeReturn,
    ask_return,
    change_return,
    returns_of,
    returns_of_lot,
)
from traceapp.complaint.service import BindLot, bind_lot, submit_complaint
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Stale
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.trace.holds import MANUAL, PlaceHold, place_hold
from traceapp.trace.model import Lot, Shipment

D = Decimal


def case_of(hand: Hand, lot: Lot | None) -> Complaint:
    given = {"lot": scanned(lot)} if lot is not None else {}
    complaint = submit_complaint(hand.session, PUBLIC, hand.clock, a_report(**given), vault=VAULT).complaint
    hand.session.flush()
    return complaint


def asked(hand: Hand, complaint: Complaint, value: str = "40", unit: str = "EA") -> ComplaintReturn:
    return ask_return(hand.session, hand.actor, hand.clock, AskReturn(complaint.id, Quantity(D(value), unit)))


def change(hand: Hand, row: ComplaintReturn, action: str, **more: object) -> ComplaintReturn:
    return change_return(hand.session, hand.actor, hand.clock, ChangeReturn(
        row.complaint_id, row.id, action, **more))  # type: ignore[arg-type]


def test_what_a_consignee_sent_back_is_an_event_of_the_lot_and_is_counted_on_it(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot, other = make_batch(hand), make_batch(hand, "B2")
        hand.ship(lot, hand.maker.clinic, "200")
        complaint = case_of(hand, lot)
        row = asked(hand, complaint)
        change(hand, row, "receive", quantity=D(38), consignee_id=hand.maker.clinic.id)
        assert (row.state, row.received_quantity, lot.returned) == ("received", D(38), D(38))
        shipment = session.get_one(Shipment, row.shipment_id)
        assert (shipment.consignee_id, shipment.document_number) == (hand.maker.clinic.id, complaint.reference)
        change(hand, row, "replace", replacement_lot_key=other.lot_key)
        change(hand, asked(hand, complaint, "5"), "refund")
        change(hand, asked(hand, complaint, "7"), "call_off", note="found it again")
        totals = returns_of_lot(session, lot)
        assert totals is not None
        assert (totals.asked, totals.received, totals.replaced, totals.refunded) == (D(45), D(38), D(38), D(5))
        assert returns_of_lot(session, other) is None


def test_what_a_consumer_sent_back_is_counted_without_an_event(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    with sqlite.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
        row = change(hand, asked(hand, case_of(hand, lot), "2"), "receive")
        assert (row.received_quantity, row.shipment_id, lot.returned) == (D(2), None, D(0))


def test_a_return_moves_with_its_complaint_to_the_right_batch(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
        complaint = case_of(hand, None)
        row_id = asked(hand, complaint, "3").id
        bind_lot(session, actor, clock, BindLot(complaint.id, lot.lot_key, "a photo"))
        session.expire_all()
        assert [(row.id, row.lot_key) for row in returns_of(session, complaint.id)] == [(row_id, lot.lot_key)]


def test_what_cannot_be_is_refused(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    with sqlite.write() as session:
        hand = make_hand(session, actor, clock)
        lot, held = make_batch(hand), make_batch(hand, "B2")
        hand.ship(lot, hand.maker.clinic, "20")
        place_hold(session, actor, clock, PlaceHold((held.lot_key,), MANUAL, MANUAL, "wet"))
        complaint, loose = case_of(hand, lot), case_of(hand, None)
        row, unbound = asked(hand, complaint, "40"), asked(hand, loose, "1")
    refused: list[tuple[type[Exception], Callable[[Session], object]]] = [
        (InvalidInput, lambda s: ask_return(s, actor, clock, AskReturn(complaint.id, Quantity(D(0), "EA")))),
        (InvalidInput, lambda s: ask_return(s, actor, clock, AskReturn(complaint.id, Quantity(D("1.5"), "EA")))),
        (InvalidInput, lambda s: ask_return(s, actor, clock, AskReturn(complaint.id, Quantity(D(1), "KGM")))),
        (InvalidInput, lambda s: ask_return(s, actor, clock, AskReturn(complaint.id, Quantity(D(1), "XX")))),
        (Conflict, lambda s: _change(s, actor, clock, row, "receive", consignee_id=hand.maker.clinic.id)),
        (NotFound, lambda s: _change(s, actor, clock, row, "receive", consignee_id="0" * 32)),
        (InvalidInput, lambda s: _change(s, actor, clock, unbound, "receive", consignee_id=hand.maker.clinic.id)),
        (InvalidInput, lambda s: _change(s, actor, clock, row, "call_off")),
        (InvalidInput, lambda s: _change(s, actor, clock, row, "burn")),
        (Conflict, lambda s: _change(s, actor, clock, row, "replace", replacement_lot_key=held.lot_key)),
        (NotFound, lambda s: _change(s, actor, clock, row, "replace", replacement_lot_key="0" * 32)),
        (Stale, lambda s: _change(s, actor, clock, row, "refund", revision=7))]
    for error, act in refused:
        with pytest.raises(error), sqlite.write() as session:
            act(session)
    with sqlite.write() as session:
        _change(session, actor, clock, row, "refund")
    with pytest.raises(Conflict) as wrong, sqlite.write() as session:
        _change(session, actor, clock, row, "receive")
    assert wrong.value.code == "wrong-state"


def _change(session: Session, actor: Actor, clock: FixedClock, row: ComplaintReturn, action: str,
            **more: object) -> ComplaintReturn:
    return change_return(session, actor, clock, ChangeReturn(
        row.complaint_id, row.id, action, **more))  # type: ignore[arg-type]
