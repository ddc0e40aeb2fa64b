"""A lot that went to very many consignees: nobody waits for the others, and the work grows with their number, not with
its square."""
from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

import traceapp.signals.exposure as curves
from tests.factories_surveillance import add_complaint, add_lot, add_product, add_shipment
from tests.factories_watch import watch
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.surveillance import enrolling, nightly, projecting
from traceapp.surveillance.alarm import NodeKind, SeverityGroup
from traceapp.surveillance.basis import Basis
from traceapp.surveillance.enrolling import enrol_lot
from traceapp.surveillance.membership import Membership, enrolled_lots
from traceapp.surveillance.nightly import LINES_AT_ONCE, first_part
from traceapp.surveillance.projecting import Projection, rates_of
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.surveillance.watch_model import WatchMember, WatchNode
from traceapp.trace.model import Hold, Lot


def sent_to(session: Session, clock: FixedClock, number: str, consignees: int) -> Lot:
    """A lot that went to so many consignees on three days, each a different number of units."""
    made = clock.now() - timedelta(days=20)
    lot = add_lot(session, add_product(session, made, number), number, 9000, made)
    for place in range(consignees):
        add_shipment(session, lot, 20 + place % 7, made + timedelta(days=place % 3), f"{number}{place:04}")
    return lot


def members_of(session: Session, lot: Lot) -> set[str]:
    """The consignees in whose nodes a lot is."""
    return set(session.scalars(select(WatchNode.subject).join(WatchMember, WatchMember.node_key == WatchNode.node_key)
                               .where(WatchMember.lot_key == lot.lot_key, WatchNode.kind == NodeKind.consignee)))


def test_the_nights_curves_and_plans_do_not_grow_with_the_number_of_consignees(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    curve, planned = curves.expected_curve, projecting.planned_length

    def counting(name: str, real: Any) -> Any:
        def count(*given: Any) -> Any:
            calls[name] += 1
            return real(*given)
        return count

    monkeypatch.setattr(curves, "expected_curve", counting("curves", curve))
    monkeypatch.setattr(projecting, "planned_length", counting("plans", planned))
    costs = []
    for number, consignees in (("A", 20), ("B", 90)):
        with sqlite.write() as session:
            lot = sent_to(session, clock, number, consignees)
        calls.clear()
        with sqlite.write() as session:
            enrol_lot(session, clock, session.get_one(Lot, lot.lot_key))
        costs.append(dict(calls))
    assert costs[0] == costs[1]
    assert costs[0]["plans"] == len(SeverityGroup)


def test_putting_a_lot_under_watch_costs_as_many_statements_whatever_its_consignees(
        database: Database, clock: FixedClock) -> None:
    costs = []
    for number, consignees in (("A", 20), ("B", 90)):
        with database.write() as session:
            key = sent_to(session, clock, number, consignees).lot_key
        seen: list[str] = []

        def note(_c: Any, _x: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        with database.write() as session:
            lot = session.get_one(Lot, key)
            event.listen(database.engine, "before_cursor_execute", note)
            enrol_lot(session, clock, lot)
            event.remove(database.engine, "before_cursor_execute", note)
        costs.append(len(seen))
    assert costs[1] <= costs[0]  # the second meets lines of alarms that the first one worked out


@pytest.mark.parametrize("is_held", [False, True])
def test_what_is_expected_of_a_consignee_is_what_its_units_alone_cause(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, is_held: bool) -> None:
    ratios = {"": 1.5, "CN/A": 2.0, "CN/B": 0.25}  # also where nobody knows the region
    monkeypatch.setattr(Basis, "region_ratio", lambda _basis, _group, region: ratios[region])
    on = clock.now().date()
    with sqlite.write() as session:
        lot = sent_to(session, clock, "A", 9)
        add_shipment(session, lot, -3, clock.now() - timedelta(days=5), "A0004")
        if is_held:
            session.add(Hold(id="h1", lot_key=lot.lot_key, kind="manual", source="manual", reason="look", placed_by="q",
                             placed_at=clock.now() - timedelta(days=12), lifted_at=clock.now() - timedelta(days=9)))
        session.flush()
        one = replace(enrolled_lots(session, [lot])[0], regions={"A0001": "CN/A", "A0004": "CN/A", "A0007": "CN/B"})
        rates = rates_of(session, [lot.product_id or ""])[lot.product_id or ""]
    projection, basis = Projection(one, rates, on), rates.basis
    for member in (each for each in one.members if each.node.kind is NodeKind.consignee):
        assert isinstance(member, Membership) and member.consignees is not None
        consignee = member.consignees[0]
        moved = [(line.day, line.units * ratios[one.regions.get(consignee, "")])
                 for line in one.lines if line.consignee_id == consignee]
        entries = curves.in_use(moved, list(one.holds), basis.use_mean_days)
        for group in SeverityGroup:
            alone = [curves.expected_reports(entries, basis.rate(group), basis.law, on + timedelta(days=day))
                     for day in range(projection.days)]
            np.testing.assert_allclose(projection.expected(member, group), np.array(alone) * rates.named, rtol=1e-9)


def test_a_report_about_a_lot_of_very_many_consignees_waits_for_none_that_nobody_named(
        database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolling, "MOST_AT_ONCE", 10)
    with database.write() as session:
        lot = sent_to(session, clock, "A", 30)
        add_complaint(session, lot, clock.now(), consignee_id="A0007")
    with database.write() as session:
        rescore_lot(session, clock, lot.lot_key)
        assert members_of(session, lot) == {"A0007"}
        add_complaint(session, lot, clock.now(), consignee_id="A0011")
        rescore_lot(session, clock, lot.lot_key)
        assert members_of(session, lot) == {"A0007"}
    run = watch(database, clock)
    assert run.drifted == 0
    with database.read() as session:
        assert members_of(session, lot) == {f"A{place:04}" for place in range(30)}
        counts = dict(session.execute(select(WatchNode.subject, WatchNode.observed).where(
            WatchNode.kind == NodeKind.consignee, WatchNode.severity_group == "harm", WatchNode.observed > 0)).all())
        assert counts == {"A0007": 1, "A0011": 1}


def test_a_transaction_of_the_night_takes_no_more_despatches_than_it_can_in_a_moment() -> None:
    assert first_part([("a", 10), ("b", LINES_AT_ONCE), ("c", 3)]) == ["a"]
    assert first_part([("b", 9 * LINES_AT_ONCE), ("c", 3)]) == ["b"]
    assert first_part([("c", 3), ("d", LINES_AT_ONCE - 3), ("e", 0), ("f", 1)]) == ["c", "d", "e"]


def test_the_night_takes_every_lot_however_it_parts_them(
        database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "LINES_AT_ONCE", 7)
    monkeypatch.setattr(nightly, "LOTS_AT_ONCE", 3)
    with database.write() as session:
        lots = [sent_to(session, clock, number, consignees) for number, consignees in (
            ("A", 2), ("B", 20), ("C", 3), ("D", 4), ("E", 1), ("F", 8))]
        product = lots[0].product_id
        for lot in lots:
            lot.product_id = product
    run = watch(database, clock)
    assert (run.lots, run.drifted) == (6, 0)
    with database.read() as session:
        assert [len(members_of(session, lot)) for lot in lots] == [2, 20, 3, 4, 1, 8]
