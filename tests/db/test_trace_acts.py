"""The acts on lots, each one event and what is derived from it, on both databases."""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from tests.factories_trace import BAD, CASE_GTIN, GOOD, Hand, at, gtin, make_batch, make_hand, open_hand
from traceapp.audit.model import AuditEntry
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Problem
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.epcis import dumps, load_json, read_json
from traceapp.trace.facts import said_of
from traceapp.trace.identity import party_uri, site_uri
from traceapp.trace.inspecting import NewResult, RecordInspection, record_inspection
from traceapp.trace.model import Event, EventItem, Inspection, Lot, LotEdge, ShipmentLine, TestResult
from traceapp.trace.position_query import places_of
from traceapp.trace.production import InputLot, ProduceBatch, mass_balance, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, reject_lot
from traceapp.trace.shipping import (
    DisposeUnits,
    ReturnUnits,
    ShipLine,
    ShipLots,
    dispose_units,
    return_units,
    ship_lots,
)


@pytest.fixture
def hand(database: Database, actor: Actor, clock: FixedClock) -> Iterator[Hand]:
    """A hand in an open unit of work on each database."""
    with open_hand(database, actor, clock) as hand:
        yield hand


@pytest.fixture
def quick(sqlite: Database, actor: Actor, clock: FixedClock) -> Iterator[Hand]:
    """A hand on SQLite only, for refusals that no database has a part in."""
    with open_hand(sqlite, actor, clock) as hand:
        yield hand


def events(hand: Hand) -> int:
    return hand.session.scalar(select(func.count()).select_from(Event)) or 0


def test_every_act_is_one_event_with_its_audit_entry(hand: Hand) -> None:
    lot = make_batch(hand)
    hand.ship(lot, hand.maker.clinic, "2", CASE_GTIN)
    return_units(hand.session, hand.actor, hand.clock, ReturnUnits(
        lot.lot_key, hand.maker.clinic.id, Decimal(10), at(12), "RT-1"))
    dispose_units(hand.session, hand.actor, hand.clock, DisposeUnits(
        lot.lot_key, Quantity(Decimal(10), "EA"), at(13), "damaged"))
    rows = hand.session.scalars(select(Event).order_by(Event.id)).all()
    assert [row.biz_step for row in rows] == [
        "receiving", "inspecting", "storing", "receiving", "inspecting", "storing", "commissioning", "inspecting",
        "storing", "shipping", "receiving", "destroying"]
    hashes = {row.hash for row in rows}
    assert len(hashes) == len(rows)
    assert (lot.made, lot.shipped, lot.returned, lot.lost, lot.stock) == (1000, 400, 10, 10, 600)
    hand.session.flush()
    pending = hand.session.info["audit_pending"]
    acts = [entry[4] for entry in pending if entry[4].startswith("lot.")]
    assert len(acts) == len(rows)


def test_a_stored_event_is_sound_epcis_and_says_the_lot_by_its_digital_link(hand: Hand) -> None:
    lot = make_batch(hand)
    row = hand.session.scalar(select(Event).where(Event.type == "TransformationEvent"))
    assert row is not None
    document = {"@context": json.loads(row.context), **load_json(row.document)}
    event = read_json(dumps(document)).events[0]
    assert event.output_quantities[0].epc_class == lot.uri == "https://id.gs1.org/01/06901234500011/10/B1"
    assert event.ilmd["cbvmda:itemExpirationDate"] == "2028-11-04"
    assert said_of(row).input_quantities[0].quantity == Decimal("5.2")
    assert row.zone_offset == "+08:00"


def test_a_raw_lot_keeps_both_numbers_and_counts_in_the_unit_of_the_product(hand: Hand) -> None:
    lot = receive_lot(hand.session, hand.actor, hand.clock, ReceiveLot(
        hand.maker.glue.id, "G 1/甲", hand.maker.supplier.id, "SL-77", Quantity(Decimal("2500"), "GRM"), at(1),
        origin="江苏", document="DN-1"))
    assert (lot.number, lot.supplier_lot_number, lot.made, lot.unit) == ("G 1/甲", "SL-77", Decimal("2.5"), "KGM")
    assert lot.uri == "urn:traceapp:lot:GLUE:G%201%2F%E7%94%B2"
    here = site_uri(hand.maker.site.gln, hand.maker.site.code)
    assert [(one.place, one.quantity) for one in places_of(hand.session, [lot.lot_key])] == [(here, Decimal("2.5"))]


def test_several_lots_of_one_material_stay_several(hand: Hand) -> None:
    first, second = hand.raw(hand.maker.glue, "G1", "10"), hand.raw(hand.maker.glue, "G2", "10")
    batch = hand.make(hand.maker.plaster, "B1", "1000", [(first, "3"), (second, "2.5"), (first, "1")])
    edges = hand.session.execute(select(LotEdge.other_key, LotEdge.quantity, LotEdge.unit).where(
        LotEdge.lot_key == batch.lot_key, LotEdge.direction == "up")).all()
    assert sorted(edges) == sorted([(first.lot_key, Decimal(4), "KGM"), (second.lot_key, Decimal("2.5"), "KGM")])
    down = hand.session.scalar(select(LotEdge.other_key).where(LotEdge.lot_key == second.lot_key,
                                                               LotEdge.direction == "down"))
    assert (down, first.stock, second.stock) == (batch.lot_key, Decimal(6), Decimal("7.5"))


def test_the_mass_balance_shows_nominal_used_and_difference(hand: Hand) -> None:
    batch = make_batch(hand)
    extra = hand.raw(hand.maker.bulk, "BK", "10")
    other = hand.make(hand.maker.plaster, "B2", "100", [(extra, "1")])
    glue, film = mass_balance(hand.session, batch.lot_key)
    assert (glue.code, glue.nominal, glue.used) == ("GLUE", Decimal("5.102041"), Decimal("5.2"))
    assert (glue.difference, film.difference) == (Decimal("0.097959"), Decimal(0))
    lines = {line.code: (line.nominal, line.used) for line in mass_balance(hand.session, other.lot_key)}
    assert lines == {"GLUE": (Decimal("0.510204"), 0), "FILM": (Decimal(8), 0), "BULK": (None, 1)}


def test_the_verdict_of_an_inspection_follows_from_its_limits(hand: Hand) -> None:
    lot = hand.receive(hand.maker.glue, "G1", "10")
    good = record_inspection(hand.session, hand.actor, hand.clock, RecordInspection(
        lot.lot_key, "R-1", "Own laboratory", at(2), Decimal("0.25"), (
            *GOOD, NewResult("下限", "At the limit", "", Decimal(1), Decimal(1), None),
            NewResult("外观", "Appearance", text=" Clear ", expected_text="clear"))))
    bad = hand.inspect(lot, 3, (*GOOD, *BAD))
    assert (good.verdict, bad.verdict) == ("conforming", "non_conforming")
    assert (lot.sampled, lot.stock) == (Decimal("0.25"), Decimal("9.75"))
    within = hand.session.scalars(select(TestResult.is_within).where(TestResult.inspection_id == bad.id)
                                  .order_by(TestResult.position)).all()
    assert within == [True, False]


@pytest.mark.parametrize("result", [
    NewResult("值", "Value"), NewResult("值", "Value", value=Decimal(1)),
    NewResult("值", "Value", value=Decimal(1), lower=Decimal(3), upper=Decimal(2)),
    NewResult("值", "Value", text="clear"), NewResult("", "", value=Decimal(1), lower=Decimal(0)),
])
def test_a_result_that_cannot_be_judged_is_refused(quick: Hand, result: NewResult) -> None:
    lot = quick.receive(quick.maker.glue, "G1", "10")
    before = events(quick)
    with pytest.raises(InvalidInput) as error:
        quick.inspect(lot, 2, (*GOOD, result))
    assert (error.value.place or "").startswith("results/1")
    assert events(quick) == before


def test_a_shipment_of_cases_is_an_exposure_in_units(hand: Hand) -> None:
    lot = make_batch(hand)
    shipment = ship_lots(hand.session, hand.actor, hand.clock, ShipLots(
        hand.maker.clinic.id, "D-1", at(10), hand.maker.site.id, "cool", (
            ShipLine(lot.lot_key, CASE_GTIN, Decimal(2)), ShipLine(lot.lot_key, None, Decimal(5)))))
    lines = hand.session.execute(select(ShipmentLine.packs, ShipmentLine.units, ShipmentLine.consignee_id).where(
        ShipmentLine.shipment_id == shipment.id).order_by(ShipmentLine.position)).all()
    assert lines == [(2, 400, hand.maker.clinic.id), (5, 5, hand.maker.clinic.id)]
    items = hand.session.scalars(select(EventItem.quantity).where(
        EventItem.lot_key == lot.lot_key, EventItem.event_id == shipment.id)).all()
    assert items == [Decimal(405)]
    assert {one.place: one.quantity for one in places_of(hand.session, [lot.lot_key])} == {
        site_uri(hand.maker.site.gln, hand.maker.site.code): lot.stock,
        party_uri(hand.maker.clinic.gln, hand.maker.clinic.code): Decimal(405)}


def test_returns_come_off_the_consignee_and_not_beyond(hand: Hand) -> None:
    lot = make_batch(hand)
    hand.ship(lot, hand.maker.clinic, "2", CASE_GTIN)
    hand.ship(lot, hand.maker.hospital, "1", CASE_GTIN)
    back = ReturnUnits(lot.lot_key, hand.maker.hospital.id, Decimal(150), at(15))
    return_units(hand.session, hand.actor, hand.clock, back)
    net = dict(hand.session.execute(select(ShipmentLine.consignee_id, func.sum(ShipmentLine.units)).where(
        ShipmentLine.lot_key == lot.lot_key).group_by(ShipmentLine.consignee_id)).all())
    assert net == {hand.maker.clinic.id: 400, hand.maker.hospital.id: 50}
    with pytest.raises(Conflict) as error:
        return_units(hand.session, hand.actor, hand.clock, replace(back, units=Decimal(51), returned_at=at(16)))
    assert "50 EA of lot B1" in error.value.text


def refused(hand: Hand, act: object, code: str) -> Problem:
    """Run `act`, which must be refused with `code` and leave no event and no change."""
    before = events(hand), hand.session.execute(
        select(Lot.lot_key, Lot.made, Lot.consumed, Lot.shipped, Lot.release_state).order_by(Lot.lot_key)).all()
    with pytest.raises(Problem) as error:
        act()  # type: ignore[operator]
    assert error.value.code == code
    hand.session.flush()
    assert before == (events(hand), hand.session.execute(
        select(Lot.lot_key, Lot.made, Lot.consumed, Lot.shipped, Lot.release_state).order_by(Lot.lot_key)).all())
    return error.value


def test_consuming_more_than_a_lot_has_names_lot_and_numbers(hand: Hand) -> None:
    glue, film = hand.raw(hand.maker.glue, "G1", "3"), hand.raw(hand.maker.film, "F1", "100")
    error = refused(hand, lambda: hand.make(hand.maker.plaster, "B1", "100", [
        (film, "8"), (glue, "2"), (glue, "1.5")]), "not-enough")
    assert error.text == "Lot G1 has 3 KGM left; 3.5 KGM are asked for."
    assert error.place == "inputs/2"


@pytest.mark.parametrize(("spoil", "code"), [
    ("pending", "lot-not-released"), ("rejected", "lot-rejected"), ("expired", "lot-expired"),
])
def test_a_lot_that_may_not_be_used_is_neither_consumed_nor_shipped(quick: Hand, spoil: str, code: str) -> None:
    maker = quick.maker
    lot = receive_lot(quick.session, quick.actor, quick.clock, ReceiveLot(
        maker.glue.id, "G1", maker.supplier.id, "S1", Quantity(Decimal(10), "KGM"), at(1), maker.site.id,
        expires_on=date(2026, 11, 4) if spoil == "expired" else None))
    if spoil != "pending":
        lot.release_state = "released"
    if spoil == "rejected":
        reject_lot(quick.session, quick.actor, quick.clock, Decide(lot.lot_key, "smells"))
    error = refused(quick, lambda: quick.make(maker.plaster, "B1", "100", [(lot, "1")]), code)
    assert "G1" in error.text
    refused(quick, lambda: quick.ship(lot, maker.clinic, "1"), code)


def test_expiry_is_judged_by_the_date_at_the_site(quick: Hand) -> None:
    lot = quick.raw(quick.maker.glue, "G1", "10")
    lot.expires_on = date(2026, 11, 10)
    line = ShipLine(lot.lot_key, None, Decimal(1))
    # 15:59 UTC is still the tenth at the plant in UTC+8, 16:00 UTC is the eleventh.
    ship_lots(quick.session, quick.actor, quick.clock, ShipLots(
        quick.maker.clinic.id, "D-1", at(10, 15).replace(minute=59), quick.maker.site.id, "", (line,)))
    refused(quick, lambda: ship_lots(quick.session, quick.actor, quick.clock, ShipLots(
        quick.maker.clinic.id, "D-2", at(10, 16), quick.maker.site.id, "", (line,))), "lot-expired")


def test_a_lot_cannot_become_its_own_ancestor(hand: Hand) -> None:
    glue = hand.raw(hand.maker.glue, "G1", "10")
    film = hand.raw(hand.maker.film, "F1", "100")
    roll = hand.make(hand.maker.bulk, "R1", "50", [(glue, "1"), (film, "50")])
    hand.inspect(roll)
    hand.release(roll)
    batch = hand.make(hand.maker.plaster, "B1", "100", [(roll, "10")])
    hand.inspect(batch)
    hand.release(batch)
    error = refused(hand, lambda: hand.make(hand.maker.bulk, "R1", "5", [(batch, "20")]), "cycle")
    assert error.text == "Lot R1 cannot be made out of lot B1, because lot B1 was itself made out of lot R1."
    refused(hand, lambda: hand.make(hand.maker.bulk, "R1", "5", [(roll, "1")]), "cycle")
    rework = hand.make(hand.maker.bulk, "R2", "5", [(batch, "20")])
    assert rework.made == 5


def test_a_second_click_records_nothing_twice(hand: Hand) -> None:
    lot = make_batch(hand)
    hand.ship(lot, hand.maker.clinic, "1", CASE_GTIN)
    refused(hand, lambda: hand.ship(lot, hand.maker.clinic, "1", CASE_GTIN), "already-recorded")
    refused(hand, lambda: hand.make(hand.maker.plaster, "B1", "1", [(lot, "1")]), "cycle")
    refused(hand, lambda: hand.receive(hand.maker.glue, "G-B1", "50"), "lot-exists")


def test_what_is_wrong_in_a_form_is_refused_where_it_stands(quick: Hand) -> None:
    maker, lot = quick.maker, make_batch(quick)
    clinic = maker.clinic.id

    def ship(line: ShipLine, consignee: str = clinic) -> object:
        return lambda: ship_lots(quick.session, quick.actor, quick.clock, ShipLots(
            consignee, "D-9", at(10), maker.site.id, "", (line,)))

    def produce(inputs: tuple[InputLot, ...], made: str = "1", number: str = "B9") -> object:
        return lambda: produce_batch(quick.session, quick.actor, quick.clock, ProduceBatch(
            maker.plaster.id, number, Quantity(Decimal(made), "EA"), at(5), inputs))

    some = InputLot(lot.lot_key, Quantity(Decimal(1), "EA"))
    refused(quick, ship(ShipLine(lot.lot_key, CASE_GTIN, Decimal(-1))), "not-positive")
    refused(quick, ship(ShipLine(lot.lot_key, CASE_GTIN, Decimal("1.5"))), "not-whole")
    refused(quick, ship(ShipLine(lot.lot_key, gtin(77), Decimal(1))), "other-product")
    refused(quick, ship(ShipLine(lot.lot_key, CASE_GTIN, Decimal(6))), "not-enough")
    refused(quick, ship(ShipLine("no-such-lot", None, Decimal(1))), "unknown-lot")
    refused(quick, ship(ShipLine(lot.lot_key, None, Decimal(1)), "nobody"), "unknown-party")
    refused(quick, produce(()), "no-inputs")
    refused(quick, produce((some,), "-5"), "not-positive")
    refused(quick, produce((some,), "2.5"), "not-whole")
    refused(quick, produce((some,), "NaN"), "out-of-range")
    refused(quick, produce((some,), number="批1"), "bad-lot-number")
    refused(quick, produce((InputLot("no-such-lot", Quantity(Decimal(1), "EA")),)), "unknown-lot")
    refused(quick, produce((InputLot(lot.lot_key, Quantity(Decimal(1), "KGM")),)), "unit-mismatch")
    refused(quick, lambda: quick.receive(maker.glue, "G9", "5", day=29), "in-the-future")


def test_a_product_or_supplier_that_is_not_known_is_refused(quick: Hand) -> None:
    with pytest.raises(NotFound):
        receive_lot(quick.session, quick.actor, quick.clock, ReceiveLot(
            "nothing", "G1", quick.maker.supplier.id, "S", Quantity(Decimal(1), "KGM"), at(1)))
    with pytest.raises(NotFound):
        receive_lot(quick.session, quick.actor, quick.clock, ReceiveLot(
            quick.maker.glue.id, "G1", "nobody", "S", Quantity(Decimal(1), "KGM"), at(1)))


def test_a_refused_act_leaves_no_audit(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        lot = hand.receive(hand.maker.glue, "G1", "10")
    with pytest.raises(Conflict), database.write() as session:
        again = Hand(session, actor, clock, hand.maker)
        again.make(hand.maker.plaster, "B1", "10", [(lot, "1")])
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry).where(
            AuditEntry.action == "lot.produced")) == 0
        assert session.scalar(select(func.count()).select_from(Inspection)) == 0
