"""The promise of few false alarms, used and left."""
from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories_surveillance import add_lot, add_product, add_reactions, add_shipment
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.signals.delay import Delay
from traceapp.surveillance.basis import SetBasis, set_basis
from traceapp.surveillance.deciding import Decide, decide_signal
from traceapp.surveillance.promise_use import promise_use
from traceapp.surveillance.service import rescore_lot


def test_lots_of_a_year_use_the_promise_by_the_level_of_their_product_and_refuted_signals_are_counted(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    at = clock.now() - timedelta(days=30)
    with database.write() as session:
        strict, usual, glue = add_product(session, at, "A"), add_product(session, at, "B"), add_product(
            session, at, "G", "material")
        set_basis(session, actor, clock, SetBasis(strict.id, 0.0005, Delay(), 0.005, 3, "ours"))
        bad = add_lot(session, strict, "A1", 3000, at)
        for product, number in ((strict, "A2"), (usual, "B1"), (usual, "B2"), (glue, "G1")):
            add_lot(session, product, number, 3000, at)
        add_lot(session, usual, "B0", 3000, clock.now() - timedelta(days=400))
        add_lot(session, usual, "B3", 3000, at).release_state = "pending"
        add_shipment(session, bad, 3000, at)
        add_reactions(session, bad, clock.now() - timedelta(days=8), 12)
        signal = rescore_lot(session, clock, bad.lot_key)
        assert signal is not None
        decide_signal(session, actor, clock, Decide(signal.lot_key, signal.id, "refute", "a story in the news"))
        session.flush()
        use = promise_use(session, clock.now().date())
    assert (use.lots, use.promised, use.spent) == (4, pytest.approx(0.04), pytest.approx(2 * 0.005 + 2 * 0.01))
    assert (use.refuted, use.confirmed) == (1, 0)
