"""The problem database counts by product, kind and month, and says where each count comes from."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.factories_capa import opened_capa
from tests.factories_recall import House, make_house
from tests.factories_surveillance import add_complaint
from traceapp.capa.problems import STANDS_OUT, ProblemFilter, months_of, problem_rows
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.trace.model import Lot

NOVEMBER = ProblemFilter(date(2026, 10, 1), date(2026, 11, 30))


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def said(database: Database, lot: Lot, at: datetime, **values: object) -> None:
    with database.write() as session:
        add_complaint(session, lot, at, **values)


def counts(database: Database, wanted: ProblemFilter) -> dict[tuple[str | None, str], tuple[int, int, int, list[int]]]:
    with database.read() as session:
        return {(row.product_id, row.kind): (row.complaints, row.signals, row.capas, row.by_month)
                for row in problem_rows(session, wanted)}


def test_a_complaint_counts_once_for_each_thing_in_the_month_of_our_zone(
        database: Database, clock: FixedClock, house: House) -> None:
    plaster = house.maker.plaster.id
    said(database, house.first, datetime(2026, 10, 31, 15, 59, tzinfo=UTC), terms=["redness", "itching"])
    said(database, house.first, datetime(2026, 10, 31, 16, 0, tzinfo=UTC), terms=["redness"])  # November in Shanghai
    said(database, house.first, datetime(2026, 11, 5, tzinfo=UTC), terms=[])
    said(database, house.first, datetime(2026, 9, 30, 15, 0, tzinfo=UTC), terms=["redness"])
    found = counts(database, NOVEMBER)
    assert found[plaster, "redness"] == (2, 0, 0, [1, 1])
    assert found[plaster, "itching"] == (1, 0, 0, [1, 0])
    assert found[plaster, ""] == (1, 0, 0, [0, 1])
    assert set(counts(database, ProblemFilter(date(2026, 11, 1), date(2026, 11, 1), plaster, "redness"))) == {(plaster, "redness")}


def test_what_is_no_problem_of_ours_does_not_count(database: Database, clock: FixedClock, house: House) -> None:
    at = datetime(2026, 11, 5, tzinfo=UTC)
    for values in ({"master_id": "0" * 32}, {"is_quarantined": True}, {"triage_result": "not_ours"}, {"triage_result": "inquiry"}):
        said(database, house.first, at, terms=["redness"], **values)
    assert counts(database, NOVEMBER) == {}


def test_signals_and_capas_stand_beside_the_complaints(database: Database, clock: FixedClock, house: House) -> None:
    plaster = house.maker.plaster.id
    for day in range(10, 22):
        said(database, house.second, datetime(2026, 11, day, tzinfo=UTC), terms=["redness"])
    with database.write() as session:
        assert rescore_lot(session, clock, house.second.lot_key) is not None
    opened_capa(database, clock, house)
    found = counts(database, NOVEMBER)
    assert found[plaster, "redness"] == (12, 0, 1, [0, 13])
    assert found[plaster, STANDS_OUT] == (0, 1, 0, [0, 1])


def test_a_period_is_in_order_and_no_longer_than_two_years() -> None:
    assert months_of(ProblemFilter(date(2025, 11, 20), date(2026, 2, 1))) == [
        date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    for first, last in ((date(2026, 2, 1), date(2026, 1, 31)), (date(2024, 1, 1), date(2026, 1, 1)),
                        (date.min, date.min), (date.max, date.max), (date(2026, 1, 1), date.max)):
        with pytest.raises(InvalidInput):
            months_of(ProblemFilter(first, last))
