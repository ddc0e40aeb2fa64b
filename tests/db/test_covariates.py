"""What sensors and inspections say of lots and suppliers."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_lot, add_product
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.signals.covariates import Mark
from traceapp.surveillance.covariates import covariates_of
from traceapp.trace.model import Lot, TestResult
from traceapp.trace.sensor_model import Excursion


def add_result(session: Session, lot: Lot, position: int, value: str, limits: tuple[str | None, str | None],
               name: str = "monomer") -> None:
    lower, upper = (None if limit is None else Decimal(limit) for limit in limits)
    session.add(TestResult(lot_key=lot.lot_key, inspection_id="i1", position=position, name_zh=f"{name}-zh", name_en=name,
                           unit="%", value=Decimal(value), lower=lower, upper=upper, is_within=True))


@pytest.fixture
def glue(database: Database, clock: FixedClock) -> list[Lot]:
    """Seven lots of a supplier whose residual monomer rises to 96 % of its limit, beside a strength that does not."""
    made = []
    with database.write() as session:
        material = add_product(session, clock.now(), "GLUE", "material")
        for number, value in enumerate(("0.052", "0.058", "0.061", "0.070", "0.083", "0.091", "0.096")):
            lot = add_lot(session, material, f"G{number}", 100, clock.now() + timedelta(days=number))
            lot.supplier_id = "s1"
            add_result(session, lot, 1, value, (None, "0.1"))
            add_result(session, lot, 2, "5", ("4", "6"), "strength")
            made.append(lot)
        at = clock.now()
        session.add(Excursion(lot_key=made[2].lot_key, id="e1", source_key=made[2].lot_key, kind="temperature", device="",
                              side="above", began_at=at, last_at=at, readings=1, silence=0, event_id="v1"))
    return made


def test_a_supplier_whose_results_rise_towards_the_limit_is_told_with_the_chance(
        database: Database, glue: list[Lot]) -> None:
    with database.read() as session:
        found = covariates_of(session, [], ["s1", "s2"]).suppliers
    assert list(found) == ["s1"]
    (one,) = found["s1"]
    assert (one.name_en, one.drift.lots, one.drift.is_rising, one.drift.is_near) == ("monomer", 7, True, True)
    assert one.drift.share == pytest.approx(0.96) and one.drift.p == pytest.approx(1 / 5040)


def test_the_higher_lots_of_a_rising_series_are_marked_and_so_are_results_out_of_limits(
        database: Database, glue: list[Lot]) -> None:
    with database.write() as session:
        session.add(TestResult(lot_key=glue[0].lot_key, inspection_id="i1", position=3, name_zh="色", name_en="colour",
                               text="yellow", expected_text="white", is_within=False))
    with database.read() as session:
        found = covariates_of(session, [lot.lot_key for lot in glue], ["s1"])
    marks, higher = found.marks_of_lots(), found.suppliers["s1"][0].higher
    assert [point.number for point in higher] == ["G3", "G4", "G5", "G6"]
    assert marks == {glue[0].lot_key: {Mark.drift}, glue[2].lot_key: {Mark.excursion}, glue[3].lot_key: {Mark.higher},
                     glue[4].lot_key: {Mark.higher}, glue[5].lot_key: {Mark.drift, Mark.higher}, glue[6].lot_key: {Mark.drift, Mark.higher}}
    assert found.rising() == {"s1": glue[3].started_at.date()}


def test_results_of_one_supplier_cost_as_many_queries_as_of_forty(sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        material = add_product(session, clock.now(), "GLUE", "material")
        for number in range(40):
            lot = add_lot(session, material, f"G{number}", 100, clock.now())
            lot.supplier_id = f"s{number}"
            add_result(session, lot, 1, "0.095", (None, "0.1"))
    statements: list[str] = []
    sqlalchemy_event.listen(sqlite.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with sqlite.read() as session:
        assert len(covariates_of(session, [], ["s1"]).suppliers) == 1
        first = len(statements)
        assert len(covariates_of(session, [], [f"s{number}" for number in range(40)]).suppliers) == 40
    assert len(statements) == 2 * first


def test_a_lot_tells_its_results_nearest_to_a_limit_first_and_its_times_outside(
        database: Database, glue: list[Lot]) -> None:
    with database.read() as session:
        found = covariates_of(session, [glue[2].lot_key, glue[6].lot_key, "none"], []).lots
    assert list(found) == sorted([glue[2].lot_key, glue[6].lot_key])
    assert found[glue[2].lot_key].excursions == 1 and found[glue[6].lot_key].excursions == 0
    assert [(one.name_en, round(one.share, 2)) for one in found[glue[6].lot_key].results] == [
        ("monomer", 0.96), ("strength", 0.0)]
