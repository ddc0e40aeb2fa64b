"""Readings out of a logger's table: many an event, each once, in memory that does not grow with the rows."""
from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.factories_imports import Office, counts, make_office, table
from tests.factories_trace import make_hand
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.model import Event
from traceapp.trace.sensor_model import SensorReading

HEAD = "时间,设备编号,地点编码,温度,湿度"


@pytest.fixture
def office(database: Database, clock: FixedClock, actor: Actor, tmp_path: Path) -> Office:
    return filled(make_office(database, clock, actor, tmp_path))


@pytest.fixture
def sqlite_office(sqlite: Database, clock: FixedClock, actor: Actor, tmp_path: Path) -> Office:
    return filled(make_office(sqlite, clock, actor, tmp_path))


def filled(office: Office) -> Office:
    with office.world.database.write() as session:
        hand = make_hand(session, office.actor, office.world.clock)
        hand.receive(hand.maker.glue, "G1", "50")
    return office


def number_of(office: Office, model: type) -> int:
    with office.world.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def rows(number: int, first: int = 0) -> list[str]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [f"{(start + timedelta(minutes=place)).isoformat()},TH-1,PLANT,{4 + place % 30 / 10},{50 + place % 9}"
            for place in range(first, first + number)]


def test_the_readings_of_a_logger_become_few_events_and_come_once(office: Office) -> None:
    before = number_of(office, Event)
    assert counts(office.take("telemetry", table(HEAD, *rows(2100)))) == (2100, 0, 0, 0)
    assert number_of(office, Event) == before + 3
    assert number_of(office, SensorReading) == 4200
    # The table has grown since: what is there already stays, wherever an event ended.
    assert counts(office.take("telemetry", table(HEAD, *rows(2150, 50)))) == (100, 2050, 0, 0)
    assert number_of(office, SensorReading) == 4400


def test_kinds_units_and_lots_are_read_as_they_are_written(sqlite_office: Office) -> None:
    content = table("time,logger,lot,product,type,value,unit", "2026-03-01 08:00,L1,G1,GLUE,温度,41,°F",
                    "2026-03-01 08:00,L1,G1,GLUE,rh,55,%")
    assert counts(sqlite_office.take("telemetry", content)) == (2, 0, 0, 0)
    assert counts(sqlite_office.take("telemetry", content)) == (0, 2, 0, 0)
    with sqlite_office.world.database.read() as session:
        found = session.execute(select(SensorReading.at, SensorReading.kind, SensorReading.mean).order_by(
            SensorReading.kind)).all()
    at = datetime(2026, 3, 1, 0, tzinfo=UTC)
    assert [tuple(row) for row in found] == [(at, "humidity", Decimal(55)), (at, "temperature", Decimal(5))]


@pytest.mark.parametrize(("lines", "wrong"), [
    (["2026-03-01 08:00,TH-1,PLANT,4,", "2026-03-01 08:00,TH-1,PLANT,5,"], (3, "temperature", "differs")),
    (["2026-03-01 08:00,TH-1,PLANT,4,", "2026-03-01 08:01,TH-1,PLANT,,"], (3, "value", "no-value")),
    (["2026-03-01 08:00,TH-1,,4,"], (2, "site", "nothing-measured")),
    (["2026-03-01 08:00,TH-1,NOWHERE,4,"], (2, "site", "unknown-site")),
    (["2026-03-01 08:00,TH-1,PLANT,4,", "2036-03-01 08:00,TH-1,PLANT,4,"], (3, "at", "in-the-future")),
])
def test_a_reading_that_cannot_be_is_told_by_its_cell(sqlite_office: Office, lines: list[str],
                                                      wrong: tuple[int, str, str]) -> None:
    job = sqlite_office.check(sqlite_office.begin("telemetry", table(HEAD, *lines)))
    assert sqlite_office.wrong(job) == [wrong]


def test_the_memory_of_a_look_does_not_grow_with_the_rows(sqlite_office: Office) -> None:
    def most_memory(number: int) -> int:
        job = sqlite_office.begin("telemetry", table(HEAD, *rows(number)))
        tracemalloc.start()
        try:
            looked = sqlite_office.check(job)
            assert (looked.rows, looked.stored) == (number, number)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few = most_memory(1100)
    assert most_memory(4000) < few * 1.5
    assert number_of(sqlite_office, SensorReading) == 0
