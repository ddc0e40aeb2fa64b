"""What sensors and inspections say of lots and suppliers."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_lot, add_product
from traceapp.core.clock import FixedClock
from traceapp.db import Database
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


def test_a_lot_tells_its_results_nearest_to_a_limit_first_and_its_times_outside(
        database: Database, glue: list[Lot]) -> None:
    with database.read() as session:
        found = covariates_of(session, [glue[2].lot_key, glue[6].lot_key, "none"], []).lots
    assert list(found) == sorted([glue[2].lot_key, glue[6].lot_key])
    assert found[glue[2].lot_key].excursions == 1 and found[glue[6].lot_key].excursions == 0
    assert [(one.name_en, round(one.share, 2)) for one in found[glue[6].lot_key].results] == [
        ("monomer", 0.96), ("strength", 0.0)]
