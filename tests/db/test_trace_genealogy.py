"""The trace of a lot against a plain walk in Python, on both databases."""
from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import insert

from tests.factories_trace import CASE_GTIN, Hand, at, make_batch, make_hand
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.ids import name_key
from traceapp.core.quantity import rounded
from traceapp.db import Database
from traceapp.trace.genealogy import Trace, trace_lot
from traceapp.trace.model import Lot, LotEdge
from traceapp.trace.shipping import ReturnUnits, return_units

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
Links = list[tuple[int, int, Decimal | None]]


def key(number: int) -> str:
    return name_key(f"urn:test:{number}")


def random_links(seed: int, *, lots: int, with_circles: bool) -> Links:
    """Lines between lots, some without a quantity, some doubled; without circles the parent has the lower number."""
    chance = random.Random(seed)
    links: Links = []
    for _ in range(int(lots * chance.uniform(0.8, 2.2))):
        low, high = sorted(chance.sample(range(lots), 2))
        if with_circles and chance.random() < 0.15:
            low, high = high, low
        quantity = None if chance.random() < 0.1 else Decimal(chance.randint(1, 5000)).scaleb(-2)
        links.append((low, high, quantity))
    return links


def store(database: Database, links: Links, lots: int) -> None:
    rows, edges = [], []
    for number in range(lots):
        rows.append({"lot_key": key(number), "uri": f"urn:test:{number}", "item_kind": "lot", "number": str(number),
                     "name": "", "supplier_lot_number": "", "origin": "", "started_at": MOMENT, "unit": "KGM",
                     "made": Decimal(100), "consumed": 0, "shipped": 0, "returned": 0, "sampled": 0, "lost": 0,
                     "is_own": 0, "release_state": "released", "release_note": "", "is_on_hold": False,
                     "is_recalled": False, "flags": [], "created_at": MOMENT, "revision": 1})
    for position, (parent, child, quantity) in enumerate(links):
        for lot, direction, other in ((parent, "down", child), (child, "up", parent)):
            edges.append({"lot_key": key(lot), "direction": direction, "other_key": key(other), "kind": "made",
                          "event_id": f"e{position}", "quantity": quantity, "unit": "KGM", "at": MOMENT})
    with database.write() as session:
        session.connection().execute(insert(Lot), rows)
        if edges:
            session.connection().execute(insert(LotEdge), edges)


class Plain:
    """The same answers by the plainest means: breadth first for depth, every single path for amounts."""

    def __init__(self, links: Links, root: int, *, up: bool) -> None:
        self.steps: dict[int, list[tuple[int, Decimal | None]]] = defaultdict(list)
        for parent, child, quantity in links:
            here, there = (child, parent) if up else (parent, child)
            self.steps[here].append((there, quantity))
        self.up = up
        self.depths = {root: 0}
        queue = [root]
        for here in queue:
            for there, _quantity in self.steps[here]:
                if there not in self.depths:
                    self.depths[there] = self.depths[here] + 1
                    queue.append(there)
        self.amounts: dict[int, Fraction | None] = {}
        self._walk(root, Fraction(100))

    def _walk(self, here: int, amount: Fraction | None) -> None:
        before = self.amounts.get(here, Fraction(0))
        self.amounts[here] = None if amount is None or before is None else before + amount
        for there, quantity in self.steps[here]:
            self._walk(there, None if amount is None or quantity is None else amount * Fraction(quantity) / 100)


@pytest.mark.parametrize("seed", range(12))
def test_a_trace_finds_what_a_plain_walk_finds_with_the_same_amounts(database: Database, seed: int) -> None:
    lots = 14
    links = random_links(seed, lots=lots, with_circles=False)
    store(database, links, lots)
    with database.read() as session:
        for root in (0, lots // 2, lots - 1):
            for direction in ("upstream", "downstream"):
                plain = Plain(links, root, up=direction == "upstream")
                trace = trace_lot(session, key(root), direction)
                assert {node.lot_key: node.depth for node in trace.nodes} == {
                    key(number): depth for number, depth in plain.depths.items()}
                for number, amount in plain.amounts.items():
                    node = trace.node(key(number))
                    assert node is not None
                    exact = None if amount is None else rounded(Decimal(amount.numerator) / amount.denominator)
                    if amount is None or exact is None:
                        assert node.quantity is None
                    else:
                        assert node.quantity is not None
                        assert abs(node.quantity - exact) <= Decimal("0.000001")
                inside = {key(number) for number in plain.depths}
                assert sum(edge.kind == "made" for edge in trace.edges) <= len(links)
                assert {(edge.parent, edge.child) for edge in trace.edges} == {
                    (key(parent), key(child)) for parent, child, _ in links
                    if key(parent) in inside and key(child) in inside}


@pytest.mark.parametrize("seed", range(8))
def test_circles_in_others_events_end_the_walk_and_leave_amounts_unknown(database: Database, seed: int) -> None:
    lots = 12
    links = [*random_links(seed + 100, lots=lots, with_circles=True), (2, 3, Decimal(1)), (3, 2, Decimal(1))]
    store(database, links, lots)
    with database.read() as session:
        for root in range(0, lots, 3):
            trace = trace_lot(session, key(root), "both")
            for side, up in (("up", True), ("down", False)):
                reached: set[int] = set()
                queue = [root]
                for here in queue:
                    for parent, child, _quantity in links:
                        other = {True: (child, parent), False: (parent, child)}[up]
                        if other[0] == here and other[1] not in reached and other[1] != root:
                            reached.add(other[1])
                            queue.append(other[1])
                found = {node.lot_key for node in trace.nodes if node.side == side}
                assert found == {key(number) for number in reached}
        circle = trace_lot(session, key(2), "downstream").node(key(3))
        assert circle is not None
        assert circle.quantity is None


def test_a_trace_over_real_acts_adds_up(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
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
        hand.ship(first, maker.clinic, "3", CASE_GTIN)
        hand.ship(second, maker.clinic, "1", CASE_GTIN, 11)
        hand.ship(second, maker.hospital, "2", CASE_GTIN, 12)
        return_units(session, actor, clock, ReturnUnits(second.lot_key, maker.hospital.id, Decimal(100), at(15)))
    with database.read() as session:
        down = trace_lot(session, glue.lot_key, "downstream")
        amounts = {node.number: (node.depth, node.quantity, node.share) for node in down.nodes}
        assert amounts == {
            "G1": (0, Decimal(20), Decimal(1)), "R1": (1, Decimal(5), Decimal("0.25")),
            "B1": (1, Decimal("3.25"), Decimal("0.1625")), "B2": (2, Decimal("2.5"), Decimal("0.125"))}
        held = {(one.code, one.units, one.shipped) for one in down.consignees}
        assert held == {("CLINIC", 600, 600), ("CLINIC", 200, 200), ("HOSPITAL", 300, 400)}
        assert down.totals.consignees == 2
        balance = down.totals.balance
        assert (balance.made, balance.consumed, balance.traced, balance.stock, balance.unaccounted) == (20, 7, 7, 13, 0)
        totals = {total.code: (total.lots, total.made, total.shipped, total.stock) for total in down.totals.products}
        assert totals == {"GLUE": (1, 20, 0, 13), "BULK": (1, 100, 0, 25), "PLASTER": (2, 2000, 1100, 900)}
        up = trace_lot(session, first.lot_key, "upstream")
        assert {node.number: node.quantity for node in up.nodes} == {
            "B1": Decimal(1000), "R1": Decimal(25), "G1": Decimal("3.25"), "F1": Decimal(25)}
        assert up.consignees == ()
        both = trace_lot(session, roll.lot_key, "both")
        assert {node.number: node.side for node in both.nodes} == {
            "R1": "root", "G1": "up", "F1": "up", "B1": "down", "B2": "down"}


def test_a_limit_keeps_the_nearest_lots_and_says_that_there_is_more(database: Database) -> None:
    store(database, [(number, number + 1, Decimal(1)) for number in range(29)], 30)
    with database.read() as session:
        trace: Trace = trace_lot(session, key(0), "downstream", limit=10)
        assert [node.number for node in trace.nodes] == [str(number) for number in range(10)]
        assert trace.truncated
        assert not trace_lot(session, key(0), "downstream", limit=30).truncated


def test_an_unknown_lot_or_direction_is_refused(database: Database) -> None:
    with database.read() as session:
        with pytest.raises(NotFound):
            trace_lot(session, key(1))
        with pytest.raises(InvalidInput):
            trace_lot(session, key(1), "sideways")


def test_a_batch_without_children_traces_to_itself(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        hand: Hand = make_hand(session, actor, clock)
        lot = make_batch(hand)
    with database.read() as session:
        trace = trace_lot(session, lot.lot_key, "downstream")
        assert [node.lot_key for node in trace.nodes] == [lot.lot_key]
        assert (trace.edges, trace.totals.lots) == ((), 0)
