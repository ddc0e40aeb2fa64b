"""Where how much of a lot is and was: by acts of our own, by others' events, through containers, in any order."""
from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.db.test_cold_chain import LOT, PALLET, rebuilt_is_equal
from tests.db.test_trace_capture import capture, document
from tests.factories_trace import CASE_GTIN, at, make_batch, make_hand
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.trace.entering import EnterLot, enter_lot
from traceapp.trace.identity import item_of
from traceapp.trace.model import ItemPosition, Lot, PositionState, ShipmentLine
from traceapp.trace.position_query import named_places, position_page, positions_at
from traceapp.trace.production import MadeAt
from traceapp.trace.shipping import DisposeUnits, ReturnUnits, dispose_units, return_units

FISH = "https://id.gs1.org/01/10000082345676/10/F1"
ICE, FARM, SHOP = (f"https://id.gs1.org/414/69012340000{number}" for number in ("30", "47", "54"))
BOX = "urn:epc:id:sscc:6901234.0000000007"


def told(step: str, hour: int, quantity: int | None, place: str | None = None, **more: Any) -> dict[str, Any]:
    stated = {"epcClass": FISH} | ({} if quantity is None else {"quantity": quantity, "uom": "KGM"})
    return {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": f"2026-11-05T{hour:02}:00:00Z",
            "eventTimeZoneOffset": "+00:00", "bizStep": step, "quantityList": [stated],
            **({"bizLocation": {"id": place}} if place else {}), **more}


def packed(action: str, hour: int, children: dict[str, Any], parent: str = BOX, place: str | None = None) -> dict[str, Any]:
    return {"type": "AggregationEvent", "action": action, "eventTime": f"2026-11-05T{hour:02}:00:00Z",
            "eventTimeZoneOffset": "+00:00", "parentID": parent, **children, **({"bizLocation": {"id": place}} if place else {})}


def some(quantity: int) -> dict[str, Any]:
    return {"childQuantityList": [{"epcClass": FISH, "quantity": quantity, "uom": "KGM"}]}


def to(place: str) -> dict[str, Any]:
    return {"destinationList": [{"type": "location", "destination": place}]}


def where(database: Database, uri: str, hour: int | None = None) -> set[tuple[Any, ...]]:
    moment = None if hour is None else datetime(2026, 11, 5, hour, 30, tzinfo=UTC)
    key = item_of(uri, is_class="/10/" in uri, is_parent="sscc" in uri).key
    with database.read() as session:
        return {(one.state.value, one.place[-2:], one.quantity) for one in positions_at(session, key, moment)}


FARMED = told("commissioning", 1, 100, FARM) | {"action": "ADD"}
WAY = (FARMED, told("shipping", 3, 40, **to(ICE)), told("receiving", 5, 40, ICE), told("shipping", 7, 15, **to(SHOP),
       sourceList=[{"type": "location", "source": ICE}]), told("destroying", 9, 10, ICE) | {"action": "DELETE"})


@pytest.mark.parametrize("seed", range(4))
def test_a_lot_is_at_many_places_with_its_quantities(
        database: Database, actor: Actor, clock: FixedClock, seed: int) -> None:
    events = list(WAY)
    random.Random(seed).shuffle(events)
    for part in (events[:2], events[2:]):
        capture(database, actor, clock, document(*part))
    assert where(database, FISH, 2) == {("at", "47", 100)}
    assert where(database, FISH, 3) == {("at", "47", 60), ("transit", "30", 40)}
    assert where(database, FISH, 6) == {("at", "47", 60), ("at", "30", 40)}
    assert where(database, FISH) == {("at", "47", 60), ("at", "30", 15), ("transit", "54", 15)}
    assert where(database, FISH, 0) == set()
    rebuilt_is_equal(database)


def test_what_leaves_nobody_says_where_leaves_every_quantity_unknown(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(*WAY[:3], told("shipping", 8, 10)))
    assert where(database, FISH) == {("at", "47", None), ("at", "30", None), ("transit", "", 10)}


def test_contents_move_with_their_container_and_stay_where_it_is_emptied(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    moved = {"type": "ObjectEvent", "action": "OBSERVE", "eventTimeZoneOffset": "+00:00", "epcList": [BOX]}
    capture(database, actor, clock, document(
        FARMED, packed("ADD", 2, some(30), place=FARM), packed("ADD", 3, {"childEPCs": [BOX]}, PALLET),
        moved | {"eventTime": "2026-11-05T04:00:00Z", "epcList": [PALLET], "bizStep": "shipping", **to(ICE)},
        moved | {"eventTime": "2026-11-05T06:00:00Z", "epcList": [PALLET], "bizLocation": {"id": ICE}},
        packed("DELETE", 8, {}, PALLET, ICE), packed("DELETE", 9, {}, BOX, ICE)))
    assert where(database, FISH, 2) == {("at", "47", 70), ("at", "47", 30)}
    assert where(database, FISH, 4) == {("at", "47", 70), ("transit", "30", 30)}
    assert where(database, FISH, 6) == {("at", "47", 70), ("at", "30", 30)}
    assert where(database, FISH) == {("at", "47", 70), ("at", "30", 30)}
    assert where(database, BOX, 7) == {("at", "30", 1)}
    with database.read() as session:
        (inside,) = [one for one in positions_at(session, name_key(FISH), datetime(2026, 11, 5, 6, tzinfo=UTC))
                     if one.inside]
        assert [uri[-8:] for uri in inside.inside] == [item_of(uri, is_class=False).uri[-8:] for uri in (BOX, PALLET)]
    rebuilt_is_equal(database)


def test_a_late_word_of_emptying_lets_go_of_the_contents(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    capture(database, actor, clock, document(FARMED, packed("ADD", 2, some(30))))
    emptying = packed("DELETE", 3, {}, place=ICE) | {"eventID": "urn:uuid:7f0a2b5e-0d15-4d32-9c07-3f4c5a4f8e09"}
    capture(database, actor, clock, document(emptying))
    assert where(database, FISH) == {("at", "47", 70), ("at", "30", 30)}
    capture(database, actor, clock, document(emptying | {"errorDeclaration": {
        "declarationTime": "2026-11-06T00:00:00Z", "reason": "did_not_occur"}}))
    assert where(database, FISH) == {("at", "47", 70), ("unknown", "", 30)}  # in a box of which nobody tells
    rebuilt_is_equal(database)


def test_owner_and_possessor_are_as_the_last_destination_said(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    parties = [{"type": "owning_party", "destination": "urn:x:buyer"}, {"type": "possessing_party", "destination": "urn:x:carrier"}]
    capture(database, actor, clock, document(
        FARMED, told("shipping", 3, 100, destinationList=parties), told("arriving", 5, 100, SHOP)))
    with database.read() as session:
        (one,) = positions_at(session, name_key(FISH), None)
        assert (one.place, one.owner, one.possessor) == (SHOP, "urn:x:buyer", "urn:x:carrier")


@pytest.mark.parametrize("seed", range(3))
def test_what_stands_open_adds_up_to_the_stock_and_what_consignees_have(
        database: Database, actor: Actor, clock: FixedClock, seed: int) -> None:
    dice = random.Random(seed)
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot, other = make_batch(hand), make_batch(hand, "B2")
        for day in dice.sample(range(10, 20), 5):  # recorded in any order
            hand.ship(dice.choice((lot, other)), dice.choice((hand.maker.clinic, hand.maker.hospital)), "1", CASE_GTIN, day)
        hand.ship(lot, hand.maker.clinic, "7", None, 10)
        return_units(session, actor, clock, ReturnUnits(lot.lot_key, hand.maker.clinic.id, Decimal(7), at(20)))
        dispose_units(session, actor, clock, DisposeUnits(lot.lot_key, Quantity(Decimal(3), "EA"), at(21), "torn"))
    with database.read() as session:
        for one in session.scalars(select(Lot)):
            places = positions_at(session, one.lot_key, None)
            assert sum(place.quantity for place in places if place.is_stock) == one.stock
            away = sorted(place.quantity for place in places if place.state is PositionState.transit)
            assert away == sorted(units for units in session.scalars(select(func.sum(ShipmentLine.units)).where(
                ShipmentLine.lot_key == one.lot_key).group_by(ShipmentLine.consignee_id)) if units)
        names = named_places(session, session.scalars(select(ItemPosition.place)))
        assert {name.name_en for name in names.values()} >= {"Plant one"}
        first = position_page(session, name_key(LOT), None, 2)
        rest = position_page(session, name_key(LOT), first.next, 100)
        assert len(first.rows) == 2
        assert first.total == len(first.rows) + len(rest.rows)
    rebuilt_is_equal(database)


def test_others_events_never_take_from_our_stock(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        stock = make_batch(hand).stock
        hand.ship(make_batch(hand, "B2"), hand.maker.clinic, "1", CASE_GTIN)
    seen = {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-15T00:00:00Z", "eventTimeZoneOffset": "+00:00",
            "bizStep": "storing", "bizLocation": {"id": SHOP}, "quantityList": [{"epcClass": LOT, "quantity": 5, "uom": "EA"}]}
    capture(database, actor, clock, document(seen))
    assert where(database, LOT) == {("at", "NT", stock), ("at", "54", 5)}
    rebuilt_is_equal(database)


def test_a_batch_of_before_our_records_is_in_our_stock_with_what_was_made(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = enter_lot(session, actor, clock, EnterLot(
            hand.maker.plaster.id, "OLD-1", Quantity(Decimal(500), "EA"), at(2), MadeAt(site_id=hand.maker.site.id)))
        dispose_units(session, actor, clock, DisposeUnits(lot.lot_key, Quantity(Decimal(60), "EA"), at(21), "torn"))
        key = lot.lot_key
    with database.read() as session:
        assert {(one.state, one.quantity, one.is_stock) for one in positions_at(session, key, None)} == {
            (PositionState.at, Decimal(440), True)}
    rebuilt_is_equal(database)


def test_a_place_is_called_what_master_data_in_urns_call_it(database: Database, actor: Actor, clock: FixedClock) -> None:
    farm = {"id": "urn:epc:id:sgln:6901234.00004.0", "attributes": [{"id": "cbvmda:name", "attribute": "The farm"}]}
    capture(database, actor, clock, document(FARMED, epcisHeader={"epcisMasterData": {"vocabularyList": [
        {"type": "urn:epcglobal:epcis:vtype:Location", "vocabularyElementList": [farm]}]}}))
    with database.read() as session:
        assert named_places(session, [FARM])[FARM].name_en == "The farm"
