"""A lot that stands out opens a signal by itself; a lot that doesn't, does not."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories_surveillance import (
    add_complaint,
    add_edge,
    add_lot,
    add_product,
    add_reactions,
    add_shipment,
)
from traceapp.audit.model import AuditEntry
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, Stale
from traceapp.db import Database
from traceapp.signals.delay import Delay
from traceapp.signals.exposure import expected_reports
from traceapp.signals.maxsprt import critical_value, llr
from traceapp.surveillance import queries
from traceapp.surveillance.basis import DEFAULT_RATE, SetBasis, basis_of, set_basis
from traceapp.surveillance.case_lots import alarms_of_case
from traceapp.surveillance.deciding import Decide, decide_signal
from traceapp.surveillance.model import Signal
from traceapp.surveillance.observe import lot_curve, observe_lots
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.trace.model import Lot
from traceapp.worklist.model import Task


def a_lot_with(database: Database, clock: FixedClock, complaints: int, *, shipped: int = 3000) -> str:
    """A lot of 3000, despatched thirty days ago, with complaints over the last days; answers its key."""
    at = clock.now() - timedelta(days=30)
    with database.write() as session:
        product = add_product(session, at)
        lot = add_lot(session, product, "L1", 3000, at)
        if shipped:
            add_shipment(session, lot, shipped, at)
        add_reactions(session, lot, clock.now() - timedelta(days=10), complaints)
        return lot.lot_key


def rescored(database: Database, clock: FixedClock, lot_key: str) -> Signal | None:
    with database.write() as session:
        return rescore_lot(session, clock, lot_key)


def test_complaints_beyond_the_alarm_line_open_a_signal_with_its_numbers(database: Database, clock: FixedClock) -> None:
    key = a_lot_with(database, clock, 9)
    signal = rescored(database, clock, key)
    assert signal is not None
    shipped = [((clock.now() - timedelta(days=30)).date(), 3000)]
    expected = expected_reports(shipped, DEFAULT_RATE, Delay(), clock.now().date())
    assert signal.observed == 9
    assert signal.expected == pytest.approx(expected)
    assert signal.llr == pytest.approx(llr(9, expected))
    budget = 0.01 * 0.35 * 0.6 * 0.9  # one in a hundred lots; for lots; of harm; in the stage that the lot's size plans
    exact, stricter = (critical_value(level, 3000 * DEFAULT_RATE, minimum_events=3).value
                       for level in (budget, budget / 1.2))
    assert exact is not None
    assert stricter is not None
    assert exact <= signal.critical < stricter + 0.05
    assert signal.llr >= signal.critical
    with database.read() as session:
        frozen, = alarms_of_case(session, signal)
        assert frozen.evidence["curve"]["observed"][-1] == 9
        task = session.scalars(select(Task)).one()
        assert (task.kind, task.role, task.lot_key) == ("signal.review", "quality", key)
        assert session.scalar(select(AuditEntry.action)) == "signal.opened"


def test_as_many_complaints_as_expected_open_nothing(database: Database, clock: FixedClock) -> None:
    assert rescored(database, clock, a_lot_with(database, clock, 2)) is None


@pytest.mark.parametrize("changes", [{"is_harm": False}, {"is_quarantined": True}, {"master_id": "x"},
                                     {"triage_result": "inquiry"}, {"triage_result": "not_ours"}])
def test_what_is_no_harm_not_ours_set_aside_or_a_duplicate_does_not_count(sqlite: Database, clock: FixedClock,
                                                                 changes: dict[str, object]) -> None:
    key = a_lot_with(sqlite, clock, 0)
    with sqlite.write() as session:
        lot = session.get_one(Lot, key)
        for number in range(20):
            add_complaint(session, lot, clock.now() - timedelta(hours=number), **changes)
    assert rescored(sqlite, clock, key) is None


def test_a_second_look_opens_no_second_signal(database: Database, clock: FixedClock) -> None:
    key = a_lot_with(database, clock, 9)
    assert rescored(database, clock, key) is not None
    assert rescored(database, clock, key) is None


def test_complaints_about_a_lot_that_was_never_shipped_raise_a_task_not_a_number(database: Database,
                                                                                 clock: FixedClock) -> None:
    key = a_lot_with(database, clock, 5, shipped=0)
    assert rescored(database, clock, key) is None
    with database.read() as session:
        assert session.scalars(select(Task.kind)).all() == ["exposure.missing"]
        assert lot_curve(session, session.get_one(Lot, key), clock.now().date()).reason == "no-exposure"


def test_a_recalled_lot_is_no_longer_judged(database: Database, clock: FixedClock) -> None:
    key = a_lot_with(database, clock, 9)
    with database.write() as session:
        session.get_one(Lot, key).is_recalled = True
    assert rescored(database, clock, key) is None


def test_after_a_refusal_only_a_further_complaint_opens_another(database: Database, clock: FixedClock,
                                                               actor: Actor) -> None:
    key = a_lot_with(database, clock, 9)
    signal = rescored(database, clock, key)
    assert signal is not None
    with database.write() as session:
        decide_signal(session, actor, clock, Decide(key, signal.id, "refute", "cluster of one ward, own test clean"))
    assert rescored(database, clock, key) is None
    with database.write() as session:
        add_complaint(session, session.get_one(Lot, key), clock.now())
    assert rescored(database, clock, key) is not None


def test_a_decision_needs_a_reason_the_right_state_and_the_present_version(database: Database, clock: FixedClock,
                                                                          actor: Actor) -> None:
    key = a_lot_with(database, clock, 9)
    signal = rescored(database, clock, key)
    assert signal is not None
    for command, refusal in ((Decide(key, signal.id, "validate", " "), InvalidInput),
                             (Decide(key, signal.id, "close", "x"), Conflict),
                             (Decide(key, signal.id, "validate", "x", revision=7), Stale)):
        with pytest.raises(refusal), database.write() as session:
            decide_signal(session, actor, clock, command)
    with database.write() as session:
        assert decide_signal(session, actor, clock, Decide(key, signal.id, "validate", "seen on site", 1)).state == "validated"
    with database.read() as session:
        assert [one.reason for one in queries.decisions_of(session, session.get_one(Signal, (key, signal.id)))] == [
            "seen on site"]


def test_the_basis_is_a_stated_default_until_quality_sets_it(database: Database, clock: FixedClock, actor: Actor) -> None:
    a_lot_with(database, clock, 0)
    with database.write() as session:
        product_id = session.scalars(select(Lot.product_id)).first()
        assert product_id is not None
        assert basis_of(session, product_id).is_default
        set_basis(session, actor, clock, SetBasis(product_id, 0.002, Delay(5, 2, 3), note="two years of history"))
    with database.read() as session:
        basis = basis_of(session, product_id)
        assert (basis.rate_per_unit, basis.delay, basis.is_default) == (0.002, Delay(5, 2, 3), False)
        assert session.scalar(select(func.count()).where(AuditEntry.action == "detection_basis.set")) == 1


@pytest.mark.parametrize(("field", "value"), [("rate_per_unit", 0.0), ("rate_per_unit", 1.0), ("alpha", 0.6),
                                              ("minimum_events", 0)])
def test_a_basis_out_of_range_is_refused(sqlite: Database, clock: FixedClock, actor: Actor, field: str,
                                         value: float) -> None:
    a_lot_with(sqlite, clock, 0)
    with sqlite.write() as session:
        product_id = session.scalars(select(Lot.product_id)).first() or ""
        values = {"product_id": product_id, "rate_per_unit": 0.001, "delay": Delay()} | {field: value}
        with pytest.raises(InvalidInput) as refused:
            set_basis(session, actor, clock, SetBasis(**values))  # type: ignore[arg-type]
    assert refused.value.place == field


def glue_in_four_of_twelve(database: Database, clock: FixedClock) -> tuple[str, str]:
    """Twelve plaster lots of three glue lots; the second glue's lots have many reactions. Answers (lot, bad glue)."""
    at = clock.now() - timedelta(days=60)
    with database.write() as session:
        plaster, glue = add_product(session, at), add_product(session, at, "GLUE", "material")
        film = add_lot(session, add_product(session, at, "FILM", "material"), "F1", 9000, at)
        glues = [add_lot(session, glue, f"G{number}", 900, at) for number in range(3)]
        for number in range(12):
            lot = add_lot(session, plaster, f"L{number:02}", 3000, at)
            add_edge(session, film, lot, 10, at)
            add_edge(session, glues[number // 4], lot, 100, at)
            add_shipment(session, lot, 3000, at)
            add_reactions(session, lot, clock.now() - timedelta(days=9), 6 if number // 4 == 1 else 1)
            if number == 5:
                chosen = lot.lot_key
        return chosen, glues[1].lot_key


def test_many_lots_are_observed_at_once(database: Database, clock: FixedClock) -> None:
    glue_in_four_of_twelve(database, clock)
    with database.read() as session:
        keys = list(session.scalars(select(Lot.lot_key).where(Lot.number.like("L%")).order_by(Lot.number)))
        seen = observe_lots(session, keys, clock.now().date())
    assert [seen[key].observed for key in keys] == [1, 1, 1, 1, 6, 6, 6, 6, 1, 1, 1, 1]
    assert len({round(one.expected, 9) for one in seen.values()}) == 1
