"""The values of a periodic report, out of a house with something in it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.db.test_legal_clocks import assess, make_event
from tests.factories_recall import make_house, running
from tests.factories_reports import Desk, make_desk
from traceapp.adverse_event.service import ChangeAdverseEvent, change_adverse_event
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.db import Database
from traceapp.export.psur.values import PeriodicReport
from traceapp.submission.periodic import Period, read_periodic
from traceapp.surveillance.model import Signal


@pytest.fixture
def read(database: Database, clock: FixedClock) -> Callable[..., PeriodicReport]:
    def reading(product_id: str, first: date, last: date) -> PeriodicReport:
        with database.snapshot() as session:
            return read_periodic(session, Period(product_id, first, last), clock.now())
    return reading


def test_cases_count_by_the_day_we_learned_of_them_and_nullified_ones_do_not(
        database: Database, clock: FixedClock, read: Callable[..., PeriodicReport], tmp_path: Path) -> None:
    event = make_event(database, clock, seriousness=("hospitalised",))
    assess(database, clock, event, seriousness=("hospitalised",), terms=("redness",), outcome="recovered")
    desk = Desk(database, clock, make_desk(tmp_path))
    desk.note(desk.sent(event), "accepted", number="A-1")
    with database.write() as session:
        session.add(Signal(lot_key=event.lot_key, id="s1", reference="SG-1", product_id="product-P1", method="maxsprt",
                           opened_at=clock.now(), since=date(2026, 11, 1), observed=4, expected=1.5, llr=3.0, critical=2.0,
                           kind="lot", node_key=event.lot_key, name="A1", severity_group="harm", state="open"))
    found = read("product-P1", date(2026, 10, 1), date(2026, 11, 30))
    assert (found.months, found.cases_by_month, found.serious, found.not_serious) == (["2026-10", "2026-11"], [0, 1], 1, 0)
    assert (found.by_outcome, found.by_criterion) == ({"recovered": 1}, {"hospitalised": 1})
    assert [(one.en, one.serious, one.not_serious) for one in found.terms] == [("Redness", 1, 0)]
    assert [(one.lot, one.observed) for one in found.signals] == [("A1", 4)]
    assert [(one.jurisdiction, one.sent, one.acknowledged, one.late) for one in found.reports] == [("CN", 1, 1, 0)]
    assert read("product-P1", date(2026, 10, 1), date(2026, 11, 21)).cases == 0
    with database.write() as session:
        change_adverse_event(session, desk.manager(), clock, ChangeAdverseEvent(event.id, "nullify", "not ours"))
    assert read("product-P1", date(2026, 10, 1), date(2026, 11, 30)).cases == 0


def test_sales_are_net_of_returns_by_month_and_country_and_recalls_stand_once(
        database: Database, clock: FixedClock, read: Callable[..., PeriodicReport]) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    today = clock.now().date()
    found = read(house.maker.plaster.id, today - timedelta(days=200), today)
    assert found.units == sum(found.sales) == sum((units for _country, units in found.countries), Decimal(0)) > 0
    assert [(one.reference, one.lots) for one in found.recalls] == [(recall.reference, found.recalls[0].lots)]
    assert len(found.sales) == len(found.months) == len(found.cases_by_month)


@pytest.mark.parametrize(("first", "last", "place"), [
    (date(2026, 2, 1), date(2026, 1, 31), "until"), (date(2020, 1, 1), date(2026, 1, 1), "until"),
    (date(9999, 12, 1), date(9999, 12, 31), "until"), (date(1, 1, 1), date(2026, 1, 1), "until")])
def test_a_period_is_in_order_and_at_most_five_years(
        read: Callable[..., PeriodicReport], first: date, last: date, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read("product-P1", first, last)
    assert refused.value.place == place


def test_a_product_that_is_not_there_is_told(read: Callable[..., PeriodicReport]) -> None:
    with pytest.raises(NotFound):
        read("none", date(2026, 1, 1), date(2026, 1, 31))
    assert replace(Period("p", date(2026, 1, 1), date(2026, 1, 31))).until > Period(
        "p", date(2026, 1, 1), date(2026, 1, 31)).since
