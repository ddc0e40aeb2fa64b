"""Several people at once on the same lots, and many acts one after the other."""
from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests.factories_trace import CASE_GTIN, Hand, at, make_batch, make_hand
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Stale
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.trace.facts import event_row_id
from traceapp.trace.identity import party_uri
from traceapp.trace.model import Event, ItemPosition, Lot, ShipmentLine
from traceapp.trace.rebuilding import rebuild
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.shipping import ShipLine, ShipLots, ship_lots


def test_two_people_cannot_ship_the_same_units(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
    start = threading.Barrier(4)
    refused: list[str] = []

    def ship(number: int) -> None:
        start.wait()
        for turn in range(4):
            command = ShipLots(hand.maker.clinic.id, f"D-{number}-{turn}", at(10), hand.maker.site.id, "", (
                ShipLine(lot.lot_key, CASE_GTIN, Decimal(1)),))
            try:
                with database.write() as session:
                    ship_lots(session, replace(actor, id=f"u{number}"), clock, command)
            except (Conflict, Stale) as error:
                refused.append(error.code)

    people = [threading.Thread(target=ship, args=(number,)) for number in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    with database.read() as session:
        found = session.get(Lot, lot.lot_key)
        assert found is not None
        shipped = session.scalar(select(func.sum(ShipmentLine.units)))
        stored = session.scalar(select(func.count()).select_from(Event).where(Event.biz_step == "shipping"))
        assert (found.shipped, found.shipped) == (shipped, Decimal(200) * (stored or 0))
        assert found.stock >= 0
        assert (stored or 0) + len(refused) == 16
        assert set(refused) <= {"not-enough", "stale"}
        clinic = party_uri(hand.maker.clinic.gln, hand.maker.clinic.code)
        held = session.scalar(select(ItemPosition.quantity).where(ItemPosition.place == clinic,
                                                                  ItemPosition.until.is_(None)))
        assert held == shipped


def test_two_people_cannot_receive_a_lot_under_the_same_number(database: Database, actor: Actor,
                                                                clock: FixedClock) -> None:
    with database.write() as session:
        maker = make_hand(session, actor, clock).maker
    start = threading.Barrier(4)
    ended: list[str] = []

    def receive(person: int) -> None:
        start.wait()
        try:
            with database.write() as session:
                receive_lot(session, replace(actor, id=f"u{person}"), clock, ReceiveLot(
                    maker.glue.id, "G-SAME", maker.supplier.id, "S", Quantity(Decimal(person + 1), "KGM"), at(10)))
            ended.append("received")
        except (Conflict, Stale) as error:
            ended.append(error.code)

    people = [threading.Thread(target=receive, args=(number,)) for number in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(ended) == 4, "somebody got an error that says nothing"
    assert ended.count("received") == 1
    assert set(ended) <= {"received", "lot-exists", "taken-meanwhile", "stale"}
    with database.read() as session:
        lot = session.scalars(select(Lot).where(Lot.number == "G-SAME")).one()
        assert session.scalar(select(ItemPosition.quantity).where(ItemPosition.lot_key == lot.lot_key)) == lot.made


def test_a_lot_that_was_recorded_since_the_number_was_looked_up_is_not_written_over(
        sqlite: Database, actor: Actor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite.write() as session:
        hand = make_hand(session, actor, clock)
        lot = hand.receive(hand.maker.glue, "G-1", "10")
    # As on PostgreSQL, where the other receipt may be committed between the look and the writing.
    monkeypatch.setattr("traceapp.trace.receiving.refuse_known_lot", lambda *_: None)
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        receive_lot(session, actor, clock, ReceiveLot(
            hand.maker.glue.id, "G-1", hand.maker.supplier.id, "S", Quantity(Decimal(3), "KGM"), at(10)))
    assert refused.value.code == "lot-exists"
    with sqlite.read() as session:
        assert session.get_one(Lot, lot.lot_key).made == 10


def test_a_broken_constraint_that_is_no_second_row_stays_an_error_of_ours(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        lot = make_batch(make_hand(session, actor, clock))
    with pytest.raises(IntegrityError), database.write() as session:
        session.get_one(Lot, lot.lot_key).lost = Decimal(10**6)


def test_events_of_one_moment_keep_their_order(clock: FixedClock) -> None:
    ids = [event_row_id(clock.now()) for _ in range(5000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert all(one[12] == "7" and one[16] in "89ab" for one in ids)


def test_acts_of_one_moment_are_rebuilt_in_the_order_of_recording(
        sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    with sqlite.write() as session:
        hand: Hand = make_hand(session, actor, clock)
        for number in range(12):
            make_batch(hand, f"B{number}")
    with sqlite.write() as session:
        assert rebuild(session) == 12 * 9
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).select_from(Lot).where(Lot.release_state == "released")) == 36
