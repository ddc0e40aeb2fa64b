"""The year without a fault through the service: every report is counted, the parts keep to the promise, alarms show."""
from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select

from benchmarks.soak import detector_years as soak
from traceapp.complaint.model import Complaint
from traceapp.db import Database
from traceapp.surveillance.budget import budget_state
from traceapp.surveillance.model import Signal
from traceapp.surveillance.watch_model import WatchNode


@pytest.fixture(autouse=True)
def short_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "DAYS", 24)
    monkeypatch.setattr(soak, "AFTER", 18)


def test_a_house_without_a_fault_spends_what_its_nodes_may_and_counts_every_report_once(sqlite: Database) -> None:
    house = soak.House(sqlite, 3, (4, 0), is_learnt=False)
    house.live()
    with sqlite.read() as session:
        state = budget_state(session, house.clock.now().date())
        year = soak.told_of(session, house.clock.now())
        counted = session.scalar(select(func.sum(WatchNode.observed)).where(
            WatchNode.kind == "lot", WatchNode.severity_group == "harm"))
        written = session.scalar(select(func.count()).select_from(Complaint))
    assert (state.lots, year.promised) == (3, 1.0)
    assert 0 < year.spent == state.spent <= state.promised
    came = sum(len(told) for day, told in house.plan.told.items() if day < soak.DAYS + soak.AFTER)
    assert counted == written == came > 5


def test_five_times_the_usual_rate_in_every_lot_shows_as_alarms(
        sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(soak, "RATE", 5 * soak.RATE)
        worse = soak.plan_of(np.random.default_rng(4), 3, 0)
    house = soak.House(sqlite, 3, (4, 0), is_learnt=False)
    house.plan = worse
    house.live()
    with sqlite.read() as session:
        year = soak.told_of(session, house.clock.now() + timedelta(days=1))
        assert year.cases == session.scalar(select(func.count()).select_from(Signal)) >= 1
    assert sum(year.tests.values()) >= 3
    told = soak.summary([year, year], 3)
    assert told["interval"][0] > told["promised_per_100_lots"]
