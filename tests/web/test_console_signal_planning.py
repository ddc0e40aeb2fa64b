"""The page of plans: words that are understood, faults at their fields, played in the background, the answer kept."""
from __future__ import annotations

import re
from threading import Event

import pytest

from tests.factories_cases import world_of
from tests.factories_web import Browser, Console
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.jobs.plan_sweep import play_plans
from traceapp.surveillance import plan_runs, planning
from traceapp.surveillance.plan_runs import OrderPlan, order_plan
from traceapp.surveillance.planning import Plan

ADDRESS = "/console/signals/planning"
FORM = {"lots_a_year": "50", "units": "3000", "shipping_days": "28", "use_days": "14", "report_days": "7",
        "baseline": "1000", "cause": "lot", "rate_ratio": "10", "counted": "50", "shipping_known": "yes", "nodes_watched": "yes",
        "lots_a_raw": "4", "raws": "2", "lines": "2"}




@pytest.fixture
def quality(console: Console, monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.setattr(planning, "RUNS", 10)
    return console.browser("quality")


def ordered(quality: Browser, **changes: str) -> str:
    """The address of the page of a plan that was ordered."""
    answer = quality.post(ADDRESS, {**quality.hidden(ADDRESS), **FORM, **changes})
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_the_form_begins_with_an_example_and_plays_nothing(quality: Browser) -> None:
    page = quality.get(ADDRESS).get_data(as_text=True)
    assert 'name="baseline" inputmode="decimal" autocomplete="off" value="1000"' in page
    assert "No plan was played yet" in page


def test_a_plan_is_played_in_the_background_and_its_answer_stays_at_its_address(console: Console, quality: Browser) -> None:
    address = ordered(quality)
    waiting = quality.get(address)
    assert "Refresh" in waiting.headers and "You may leave this page" in waiting.get_data(as_text=True)
    assert "Refresh" not in quality.get(f"{address}?still=1").headers
    assert play_plans(world_of(console)) == 1
    answer = quality.get(address)
    page = answer.get_data(as_text=True)
    assert "Refresh" not in answer.headers
    assert re.search(r"Half of the runs found it by.*?day \d+", page, re.DOTALL)
    assert re.search(r"Despatches recorded by batch and day.*?<b>\d+ days? earlier</b>", page, re.DOTALL)
    assert "75 % of complaints" in page and "3,000" in page
    assert ordered(quality) == address
    again = quality.get(f"{ADDRESS}?plan={address.rsplit('/', 1)[1]}").get_data(as_text=True)
    assert 'value="3000"' in again and f'href="{address}"' in again
    quality.language = "zh"
    chinese = quality.get(address).get_data(as_text=True)
    assert "多久能发现" in chinese and "提前" in chinese
    assert not re.search(r">[^<]*(batch|days earlier|Found|Played)[^<]*<", chinese)


def test_a_plan_in_which_a_bad_batch_brings_too_few_reports_says_so(console: Console, quality: Browser) -> None:
    address = ordered(quality, units="120", rate_ratio="5")
    assert play_plans(world_of(console)) == 1
    page = quality.get(address).get_data(as_text=True)
    assert "0.12 reports come in about a batch, with this fault 0.60; a batch never alarms on fewer than 3" in page
    assert "day – to" not in page and "not in half of the runs" in page
    assert "never alarms" not in quality.get(ordered(quality)).get_data(as_text=True)


def test_a_plan_goes_on_elsewhere_when_the_service_stops_and_ends_when_it_is_cancelled(
        console: Console, quality: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "RUNS", 3)
    first, second = ordered(quality, units="1500"), ordered(quality, units="2000")

    class Stops(Event):
        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 3

    play_plans(world_of(console), Stops(), seconds=0)
    assert "Waiting" in quality.get(f"{first}?still=1").get_data(as_text=True)
    quality.post(f"{second}/cancel", quality.hidden(second))
    assert "Cancelled" in quality.get(second).get_data(as_text=True)
    assert play_plans(world_of(console), seconds=0) == 1
    assert "Ready" in quality.get(first).get_data(as_text=True)


def test_nobody_has_more_than_a_few_plans_waiting(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    for units in range(plan_runs.MOST_OPEN):
        with sqlite.write() as session:
            order_plan(session, actor, clock, OrderPlan(Plan(units=1000 + units)))
    with pytest.raises(Conflict, match="still being played"), sqlite.write() as session:
        order_plan(session, actor, clock, OrderPlan(Plan(units=9)))


def test_faults_stand_at_their_fields_in_the_units_that_were_typed(quality: Browser) -> None:
    answer = quality.post(ADDRESS, {**quality.hidden(ADDRESS), **FORM, "baseline": "90000", "units": "1.5", "cause": "moon"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "from 0.1 to 40,000" in page and "whole number" in page and "Choose one of the list" in page
    assert 'value="90000"' in page
