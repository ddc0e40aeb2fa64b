"""The trace of several lots at once: what it finds, how much, who has it; and what a name means. On both databases."""
from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from tests.db.test_trace_genealogy import key, random_links, store
from tests.factories_trace import CASE_GTIN, Hand, Maker, make_batch, make_hand
from tests.genealogies import Genealogy, Line, Oracle, genealogy, moment
from tests.genealogies import store as store_genealogies
from tests.made_once import made_once
from traceapp.catalog.model import Party
from traceapp.catalog.service import NewSite, create_site
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.quantity import rounded
from traceapp.db import Database
from traceapp.trace.genealogy import TraceWish, trace_from, trace_lot
from traceapp.trace.model import Lot, Production, Shipment, ShipmentLine
from traceapp.trace.starting import StartKind, others_called, start_of

D = Decimal


@pytest.mark.parametrize("direction", ["upstream", "downstream"])
def test_several_lots_reach_what_each_of_them_reaches(database: Database, direction: str) -> None:
    every = [genealogy(seed) for seed in range(120)]
    store_genealogies(database, every)
    with database.read() as session:
        for of in every:
            roots = sorted({0, of.seed % of.lots, (of.seed * 7) % of.lots})
            since = of.seed % 10 if direction == "downstream" else None
            wish = TraceWish(direction, since=None if since is None else moment(since))
            found = trace_from(session, tuple(of.key(root) for root in roots), wish)
            oracles = [Oracle(of, root, up=direction == "upstream", by_time=True, since=since or 0) for root in roots]
            steps = {number: min(one.steps[number] for one in oracles if number in one.steps)
                     for one in oracles for number in one.steps}
            assert {of.number(node.lot_key): node.depth for node in found.nodes} == steps, of
            assert {node.lot_key for node in found.roots} == {of.key(root) for root in roots}


def amounts_by_paths(links: list[tuple[int, int, Decimal | None]], roots: set[int], *,
                     up: bool) -> dict[int, Fraction | None]:
    """What goes along every single path from a root to which no other root comes."""
    steps = defaultdict(list)
    for parent, child, quantity in links:
        here, there = (child, parent) if up else (parent, child)
        steps[here].append((there, quantity))
    found: dict[int, Fraction | None] = {}

    def walk(here: int, amount: Fraction | None) -> None:
        before = found.get(here, Fraction(0))
        found[here] = None if amount is None or before is None else before + amount
        for there, quantity in steps[here]:
            if there not in roots:
                walk(there, None if amount is None or quantity is None else amount * Fraction(quantity) / 100)

    for root in roots:
        walk(root, Fraction(100))
    return found


@pytest.mark.parametrize("seed", range(10))
def test_what_of_several_lots_is_in_another_is_counted_once(database: Database, seed: int) -> None:
    lots = 14
    links = random_links(seed, lots=lots, with_circles=False)
    store(database, links, lots)
    with database.read() as session:
        for roots in ({0, 1, 5}, {3, 13}, {2, 4, 6, 8}):
            for direction in ("upstream", "downstream"):
                found = trace_from(session, tuple(key(root) for root in sorted(roots)), TraceWish(direction))
                exact = amounts_by_paths(links, roots, up=direction == "upstream")
                assert {node.lot_key for node in found.nodes} == {key(number) for number in exact}
                for number, amount in exact.items():
                    node = next(node for node in found.nodes if node.lot_key == key(number))
                    if amount is None:
                        assert node.quantity is None
                        continue
                    assert node.quantity is not None
                    assert node.at_least is not None
                    assert abs(node.quantity - rounded(D(amount.numerator) / amount.denominator)) <= D("0.000001")
                    if amount <= 100 * len(roots):  # random lines may hand on more than there was
                        assert node.at_least <= node.quantity + D("0.000001")


@pytest.fixture
def made(database: Database, actor: Actor, clock: FixedClock) -> Maker:
    """Glue and film of one supplier in a roll, the roll and more glue in two batches, which two consignees have."""

    def worked(session: Session) -> Maker:
        hand = make_hand(session, actor, clock)
        maker = hand.maker
        glue, film = hand.raw(maker.glue, "G1", "20"), hand.raw(maker.film, "F1", "300")
        roll = hand.make(maker.bulk, "R1", "100", [(glue, "5"), (film, "100")])
        hand.inspect(roll)
        hand.release(roll)
        first = hand.make(maker.plaster, "B1", "1000", [(roll, "25"), (glue, "2")])
        second = hand.make(maker.plaster, "B2", "1000", [(roll, "50")])
        for lot in (first, second):
            hand.inspect(lot, 6)
            hand.release(lot)
        hand.ship(first, maker.clinic, "5", CASE_GTIN)
        hand.ship(second, maker.clinic, "1", CASE_GTIN, 11)
        hand.ship(second, maker.hospital, "2", CASE_GTIN, 12)
        return maker

    return made_once(database, clock, worked)


def test_lots_of_several_units_are_added_up_by_unit(database: Database, made: Maker) -> None:
    with database.read() as session:
        found = trace_from(session, start_of(session, "SUP").keys, TraceWish("downstream"))
        nodes = {node.number: node for node in found.nodes}
        assert {node.number for node in found.roots} == {"G1", "F1"}
        assert {(one.quantity, one.unit) for one in nodes["B1"].amounts} == {(D("3.25"), "KGM"), (D(25), "MTR")}
        assert {(one.quantity, one.unit) for one in nodes["B2"].amounts} == {(D("2.5"), "KGM"), (D(50), "MTR")}
        assert (nodes["B1"].quantity, nodes["B1"].share) == (None, None)
        assert {one.unit: (one.made, one.consumed, one.traced, one.stock) for one in found.totals.balances} == {
            "KGM": (20, 7, 7, 13), "MTR": (300, 100, 100, 200)}
        assert (found.totals.lots, found.totals.consignees) == (3, 2)


def test_a_consignee_has_of_the_root_a_share_and_at_least_and_at_most(database: Database, made: Maker) -> None:
    with database.read() as session:
        found = trace_lot(session, start_of(session, "G1").keys[0], "downstream")
        clinic, hospital = found.receivers
    assert (clinic.code, clinic.lots, clinic.units) == ("CLINIC", 2, (("EA", D(1200)),))
    (amount,) = clinic.amounts
    # All of the first batch went there: of the glue in it (2 kg straight, at most 5 by the roll) at least 2 kg.
    assert (amount.quantity, amount.unit) == (D("3.75"), "KGM")
    assert (amount.at_least, amount.at_most) == (D(2), D(12))
    assert (hospital.amounts[0].quantity, hospital.amounts[0].at_least, hospital.amounts[0].at_most) == (D(1), 0, D(5))


def test_a_consignee_of_the_root_itself_has_what_was_sent(database: Database, made: Maker) -> None:
    with database.read() as session:
        found = trace_lot(session, start_of(session, "B2").keys[0], "downstream")
        assert {one.code: one.amounts[0] for one in found.receivers}["HOSPITAL"].at_least == 400
        assert {one.code: one.amounts[0].quantity for one in found.receivers} == {"CLINIC": 200, "HOSPITAL": 400}


def test_who_was_served_before_the_bad_input_arrived_is_not_affected(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    tank = Genealogy(0, 3, frozenset(), (0, 0, 0), (Line(0, 2, "made", 5), Line(1, 2, "made", 1)))
    store_genealogies(database, [tank])
    with database.write() as session:
        hand = make_hand(session, actor, clock)
        parties = {2: hand.maker.clinic.id, 6: hand.maker.hospital.id}
        for hour, party in parties.items():
            session.connection().execute(insert(Shipment), [{
                "id": f"s{hour}", "document_number": f"D{hour}", "consignee_id": party, "lane": "",
                "shipped_at": moment(hour)}])
            session.connection().execute(insert(ShipmentLine), [{
                "lot_key": tank.key(2), "shipment_id": f"s{hour}", "position": 0, "consignee_id": party,
                "shipped_at": moment(hour), "packs": D(3), "units": D(3), "event_id": "e"}])
    with database.read() as session:
        assert [one.code for one in trace_lot(session, tank.key(0), "downstream").consignees] == ["HOSPITAL"]
        assert len(trace_lot(session, tank.key(0), "downstream", by_time=False).consignees) == 2
        assert len(trace_lot(session, tank.key(1), "downstream").consignees) == 2
        late = trace_from(session, (tank.key(2),), TraceWish("downstream", since=moment(4)))
        assert [one.code for one in late.receivers] == ["HOSPITAL"]


@pytest.mark.parametrize(("text", "kind"), [
    ("SUP", StartKind.supplier), ("urn:traceapp:party:SUP", StartKind.supplier),
    ("https://id.gs1.org/417/9506000134376", StartKind.supplier), ("(417)9506000134376", StartKind.supplier),
    ("urn:epc:id:pgln:9506000.13437", StartKind.supplier), ("https://id.gs1.org/414/9506000134369", StartKind.supplier),
    ("https://example.com/414/9506000134369", StartKind.supplier),
    ("HOSPITAL", StartKind.consignee), ("95060001343520055", StartKind.shipment),
    ("https://id.gs1.org/402/95060001343520055", StartKind.shipment), ("urn:traceapp:despatch:D%2F7", StartKind.shipment),
    ("D/7", StartKind.shipment), ("https://id.gs1.org/8004/9506000MIX1", StartKind.equipment),
    ("9506000MIX1", StartKind.equipment), ("M-2", StartKind.equipment), ("urn:traceapp:order:WO-9", StartKind.work_order),
    ("WO-9", StartKind.work_order), ("B1", StartKind.item)])
def test_a_name_means_what_has_it(database: Database, made: Maker, actor: Actor, clock: FixedClock, text: str,
                                  kind: StartKind) -> None:
    _name_things(database, made, actor, clock)
    with database.read() as session:
        found = start_of(session, text)
        assert found.kind == kind
        assert found.keys == start_of(session, text, kind).keys


def _name_things(database: Database, made: Maker, actor: Actor, clock: FixedClock) -> None:
    def names(session: Session) -> None:
        supplier = session.get_one(Party, made.supplier.id)
        supplier.gln = "9506000134376"
        create_site(session, actor, clock, NewSite(supplier.id, "STORE", "仓库", "Store", gln="9506000134369"))
        ids = [row.id for row in session.query(Shipment).order_by(Shipment.id)]
        connection = session.connection()
        connection.execute(update(Shipment).where(Shipment.id == ids[0]).values(document_number="95060001343520055"))
        connection.execute(update(Shipment).where(Shipment.id == ids[1]).values(document_number="D/7"))
        batches = [start_of(session, number).keys[0] for number in ("B1", "B2")]
        for lot_key, equipment, order in zip(batches, ("9506000MIX1", "M-2"), ("WO-9", "WO-10"), strict=True):
            connection.execute(update(Production).where(Production.lot_key == lot_key).values(
                equipment=equipment, work_order=order))

    made_once(database, clock, names)


def test_a_name_of_several_things_asks_which(database: Database, made: Maker, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        made_again = Hand(session, actor, clock, made)
        made_again.ship(start_lot(made_again, "B2"), session.get_one(Party, made.supplier.id), "200", None)
    with database.read() as session:
        with pytest.raises(Conflict, match="supplier, consignee"):
            start_of(session, "SUP")
        assert {one.kind for one in others_called(session, "SUP")} == {StartKind.supplier, StartKind.consignee}
        assert len(start_of(session, "SUP", StartKind.consignee).keys) == 1


def start_lot(hand: Hand, number: str) -> Lot:
    return hand.session.get_one(Lot, start_of(hand.session, number).keys[0])


def test_a_name_of_nothing_is_refused(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        make_batch(make_hand(session, actor, clock))
    with database.read() as session:
        for text in ("nothing", "https://id.gs1.org/414/9506000134369", "", "%"):
            with pytest.raises(NotFound):
                start_of(session, text)
        with pytest.raises(NotFound):
            start_of(session, "", StartKind.equipment)
