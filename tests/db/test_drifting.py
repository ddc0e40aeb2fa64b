"""The nightly list of test results that rise: what enters it, what raises a task, and what leaves it."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_lot, add_product
from traceapp.catalog.model import Product
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.signals.drift import LAST_LOTS, drift
from traceapp.surveillance.drift_model import ResultDrift
from traceapp.surveillance.drifting import (
    TASK_ALPHA,
    drifts_listed,
    look_for_drifts,
    series_behind,
    suppliers_to_look_at,
)
from traceapp.trace.model import TestResult
from traceapp.worklist.model import Task, TaskState


def add_results(session: Session, clock: FixedClock, material: Product, shares: list[float], begin: int = 0) -> None:
    """A lot a day from supplier s1 with results of these shares of their limit."""
    for number, share in enumerate(shares, begin):
        lot = add_lot(session, material, f"G{number}", 100, clock.now() + timedelta(days=number))
        lot.supplier_id = "s1"
        session.add(TestResult(lot_key=lot.lot_key, inspection_id="i1", position=1, name_zh="单体", name_en="monomer",
                               value=Decimal(f"{share:.3f}"), upper=Decimal(1), is_within=share <= 1))


def tasks(session: Session) -> list[tuple[str, str]]:
    return [(task.about, task.state) for task in session.scalars(select(Task).where(Task.kind == "drift.look"))]


def test_a_rise_is_listed_and_one_beyond_doubt_raises_one_task(database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        material = add_product(session, clock.now(), "GLUE", "material")
        add_results(session, clock, material, [0.5, 0.55, 0.6, 0.65, 0.7])
        assert suppliers_to_look_at(session, clock) == ["s1"]
        assert look_for_drifts(session, clock, ["s1"]) == 0
        (row,) = drifts_listed(session)
        assert (row.is_rising, row.is_near, row.is_told, row.since) == (True, False, False, "G2")
        assert tasks(session) == []
        add_results(session, clock, material, [0.75, 0.8, 0.91], begin=5)
        assert look_for_drifts(session, clock, ["s1"]) == 1
        assert look_for_drifts(session, clock, ["s1"]) == 0
        (row,) = drifts_listed(session, product_id=material.id)
        series = series_behind(session, row)
        assert tasks(session) == [(f"drift:{row.id}", TaskState.open)] and row.is_near
        assert series is not None and [point.number for point in series.points] == [f"G{n}" for n in range(8)]


def test_what_rises_no_more_leaves_the_list_and_its_task_falls_away(sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        material = add_product(session, clock.now(), "GLUE", "material")
        add_results(session, clock, material, [0.4 + 0.05 * n for n in range(8)])
        look_for_drifts(session, clock, ["s1"])
        add_results(session, clock, material, [0.3, 0.32, 0.28, 0.31, 0.3], begin=8)
        look_for_drifts(session, clock, ["s1"])
        assert session.scalars(select(ResultDrift)).all() == []
        assert [state for _about, state in tasks(session)] == [TaskState.dropped]


@pytest.mark.parametrize(("alpha", "most"), [(0.01, 6.0), (TASK_ALPHA, 1.0)])
def test_by_chance_a_rise_begins_no_more_often_than_the_page_says(alpha: float, most: float) -> None:
    rng, starts, looks = np.random.default_rng(3), 0, 0
    for _ in range(60):
        shares, was = rng.random(40).tolist(), False
        for at in range(5, 41):
            seen = drift(shares[max(0, at - LAST_LOTS):at])
            is_now = seen.p is not None and seen.p <= alpha
            starts, looks, was = starts + (is_now and not was), looks + 1, is_now
    assert 1000 * starts / looks <= most + 2 * (1000 * most / looks) ** 0.5
