"""What is expected of a lot: units in use by day, less what came back and what was held."""
from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tests.factories_surveillance import add_complaint, add_lot, add_product, add_shipment
from tests.statements import traced
from traceapp.core.clock import FixedClock
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.signals.delay import Delay
from traceapp.signals.exposure import expected_curve
from traceapp.surveillance.alarm import SeverityGroup
from traceapp.surveillance.basis import DEFAULT_RATE, history_of
from traceapp.surveillance.observe import expected_by_lot, lot_curve, observe_lots
from traceapp.trace.model import Hold, Lot


def add_hold(database: Database, clock: FixedClock, lot_key: str, days: tuple[int, int | None]) -> None:
    """A hold that began and was lifted so many days ago."""
    placed, lifted = (None if day is None else clock.now() - timedelta(days=day) for day in days)
    assert placed is not None
    with database.write() as session:
        session.add(Hold(lot_key=lot_key, id=new_id(placed), kind="manual", source="manual", reason="look",
                         placed_at=placed, placed_by="q", lifted_at=lifted))


def despatched(database: Database, clock: FixedClock, number: str, *moves: tuple[int, int]) -> str:
    """A lot with (days ago, units) despatched; answers its key."""
    at = clock.now() - timedelta(days=60)
    with database.write() as session:
        product = add_product(session, at, f"P-{number}")
        lot = add_lot(session, product, number, 3000, at)
        for ago, units in moves:
            add_shipment(session, lot, units, clock.now() - timedelta(days=ago))
        return lot.lot_key


def test_returned_and_held_units_stop_what_is_expected(database: Database, clock: FixedClock) -> None:
    today = clock.now().date()
    plain = despatched(database, clock, "A", (40, 1000))
    back = despatched(database, clock, "B", (40, 1000), (30, -400))
    held = despatched(database, clock, "C", (40, 1000))
    lifted = despatched(database, clock, "D", (40, 1000))
    add_hold(database, clock, held, (30, None))
    add_hold(database, clock, lifted, (30, 20))
    with database.read() as session:
        found = expected_by_lot(session, [plain, back, held, lifted, "no-such-lot"], today - timedelta(days=45), 400)
    assert found[plain] == pytest.approx(
        expected_curve([(today - timedelta(days=40), 1000)], DEFAULT_RATE, Delay(), today - timedelta(days=45), 400))
    assert found[back][-1] == pytest.approx(0.6 * found[plain][-1])
    # Of those that a hold stops ten days after the delivery a share of exp(-10 / 14) is not used yet.
    assert found[held][-1] == pytest.approx((1 - np.exp(-10 / 14)) * found[plain][-1])
    assert found[lifted][-1] == pytest.approx(found[plain][-1])
    assert found[held][30] < found[lifted][30] < found[plain][30]
    assert "no-such-lot" not in found


def test_what_is_expected_of_many_lots_takes_a_fixed_number_of_queries(sqlite: Database, clock: FixedClock) -> None:
    keys = [despatched(sqlite, clock, f"L{number}", (20, 100)) for number in range(30)]
    counts = []
    for wanted in (keys[:2], keys):
        with traced(sqlite) as statements, sqlite.read() as session:
            assert len(expected_by_lot(session, wanted, clock.now().date(), 5)) == len(wanted)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_serious_harm_is_counted_and_expected_for_itself(database: Database, clock: FixedClock) -> None:
    key, today = despatched(database, clock, "A", (40, 1000)), clock.now().date()
    with database.write() as session:
        lot = session.get_one(Lot, key)
        for severity in ("critical", "major", "moderate", "minor"):
            add_complaint(session, lot, clock.now() - timedelta(days=3), severity=severity)
    with database.read() as session:
        harm = observe_lots(session, [key], today)[key]
        serious = observe_lots(session, [key], today, SeverityGroup.serious)[key]
        curve = lot_curve(session, session.get_one(Lot, key), today, SeverityGroup.serious).curve
    assert (harm.observed, serious.observed) == (4, 2)
    assert serious.expected == pytest.approx(harm.expected / 10)
    assert curve is not None
    assert curve.expected[-1] == pytest.approx(serious.expected)


def test_a_stated_rate_was_learnt_from_no_report(sqlite: Database, clock: FixedClock) -> None:
    key = despatched(sqlite, clock, "A", (40, 1000))
    with sqlite.read() as session:
        lot = session.get_one(Lot, key)
        assert history_of(session, lot.product_id or "") is None
