"""Similar incidents and units by year and region are those that a plain count over all rows finds."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import Session

from tests.db.test_adverse_event_service import triaged
from tests.factories_complaint import scanned
from tests.factories_recall import House, make_house
from traceapp.catalog.model import Party
from traceapp.complaint.model import Complaint
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.submission.similar_incidents import Likeness, similar_periods
from traceapp.trace.model import Lot, ShipmentLine

COUNTRIES = ("CN", "DE", "NO", "CH", "TR", "GB", "US")
EUROPE = {"DE", "NO", "CH", "TR"}
TERMS = (["itching"], ["redness"], ["itching", "redness"], ["packaging"], [])
LAST = 2026


def row_of(one: Any) -> dict[str, Any]:
    return {column.key: getattr(one, column.key) for column in inspect(type(one)).mapper.column_attrs}


def moments(chance: Random) -> datetime:
    """Mostly anywhere, sometimes at the very edge of a year."""
    year = chance.randint(LAST - 5, LAST)
    edge = datetime(year, 1, 1, tzinfo=UTC)
    return chance.choice((edge, edge - timedelta(microseconds=1), edge + timedelta(days=chance.randint(0, 364))))


def plant(session: Session, house: House, chance: Random) -> None:
    party, line, complaint = (row_of(session.scalars(select(kind)).first()) for kind in (Party, ShipmentLine, Complaint))
    for country in COUNTRIES:
        session.execute(insert(Party).values({**party, "id": f"p-{country}", "code": f"P-{country}", "gln": None,
                                              "country": country}))
    lots = (house.first.lot_key, house.second.lot_key)
    for number in range(60):
        session.execute(insert(ShipmentLine).values({
            **line, "position": 1000 + number, "lot_key": chance.choice(lots), "shipped_at": moments(chance),
            "consignee_id": f"p-{chance.choice(COUNTRIES)}", "units": Decimal(chance.randint(-50, 900))}))
    for number in range(80):
        session.execute(insert(Complaint).values({
            **complaint, "id": f"c-{number}", "reference": f"C-{number}", "terms": chance.choice(TERMS),
            "awareness_at": moments(chance), "lot_key": chance.choice(lots),
            "consignee_id": chance.choice([f"p-{chance.choice(COUNTRIES)}"] * 5 + [None]),
            "triage_result": chance.choice(["complaint", "complaint", "inquiry"]),
            "master_id": chance.choice([None, None, None, "c-0"])}))


def counted(session: Session, product_id: str, country: str) -> Iterator[tuple[tuple[int, str], tuple[Any, Any]]]:
    """The same table by going through every row."""
    home = {party.id: party.country for party in session.scalars(select(Party))}
    lots = {lot.lot_key for lot in session.scalars(select(Lot)) if lot.product_id == product_id}
    lines = [one for one in session.scalars(select(ShipmentLine)) if one.lot_key in lots]
    sent_to: dict[str, set[str]] = {}
    for one in lines:
        sent_to.setdefault(one.lot_key, set()).add(home[one.consignee_id])
    cases = []
    for one in session.scalars(select(Complaint)):
        if (one.product_id == product_id and one.master_id is None and one.triage_result == "complaint"
                and {"itching", "redness"} & set(one.terms)):
            only = sent_to.get(one.lot_key or "", set())
            place = home.get(one.consignee_id or "") or (next(iter(only)) if len(only) == 1 else None)
            cases.append((one.awareness_at.year, place))
    first = min(one.shipped_at for one in lines).year
    areas = {country: {country}, "EEA": EUROPE, "world": {*COUNTRIES, None}}
    for area, places in areas.items():
        for year in range(LAST - 3, LAST + 1):
            lost = any(at == year and place is None for at, place in cases)
            units = sum((one.units for one in lines if one.shipped_at.year == year and home[one.consignee_id] in places),
                        Decimal(0))
            number = sum(at == year and place in places for at, place in cases)
            yield (year, area), (None, None) if year < first else (
                None if lost and area != "world" else number, units)


@pytest.mark.parametrize("seed", range(4))
def test_the_table_is_what_a_count_over_every_row_finds(database: Database, clock: FixedClock, seed: int) -> None:
    house, chance = make_house(database, clock), Random(seed)
    triaged(database, clock, house.manager, lot=scanned(house.first), terms=("itching",))
    product = house.maker.plaster.id
    with database.write() as session:
        plant(session, house, chance)
    with database.read() as session:
        found = similar_periods(session, Likeness(product, ("itching", "redness"), chance.choice(COUNTRIES), LAST))
        wanted = dict(counted(session, product, found[0].region))
    assert {(one.year, one.region): (one.incidents, one.units) for one in found} == wanted
    assert sum(one.incidents or 0 for one in found) > 0
