"""Rows of thousands of keys: each once, on either database, and by the index from the first time on."""
from __future__ import annotations

import re

from sqlalchemy import select

from tests.factories_recall import make_house
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.many_keys import among
from traceapp.trace.model import Lot


def test_each_row_of_the_keys_is_found_once_and_no_other(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    wanted = [house.first.lot_key, house.other.lot_key]
    with database.read() as session:
        found = session.scalars(among(session, select(Lot.lot_key), Lot.lot_key, [*wanted, *wanted, "f" * 32])).all()
        assert session.scalars(among(session, select(Lot.lot_key), Lot.lot_key, [])).all() == []
    assert sorted(found) == sorted(wanted)


def test_the_planner_is_not_told_how_many_keys_come(postgresql: Database) -> None:
    keys = [f"{number:032x}" for number in range(5000)]
    with postgresql.read() as session:
        asked = among(session, select(Lot.lot_key), Lot.lot_key, keys).compile(
            postgresql.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN {asked}"))
    expected, = re.findall(r"Function Scan on unnest .*? rows=(\d+)", plan)
    assert int(expected) < 100, plan
