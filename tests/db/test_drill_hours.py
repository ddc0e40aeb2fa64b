"""When planned drills come: by the hours of the house, its public holidays, and the days that make up for them."""
from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.factories_recall import make_house
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Problem
from traceapp.db import Database
from traceapp.recall.drill_hours import Hours, SetHours, hours_now, moment_of, set_hours
from traceapp.recall.drill_model import Drill, WorkingHours
from traceapp.recall.drill_plans import SetDrillPlan, ask_planned_drills, set_drill_plan
from traceapp.recall.rehearsing import player
from traceapp.rules import kind_of_day

SHANGHAI = ZoneInfo("Asia/Shanghai")
USUAL = Hours("Asia/Shanghai", calendar="CN")


def moments(on: date, hours: Hours, *, out_of_hours: bool) -> list[datetime]:
    """Where a hundred seeds come to, asked for in the evening of a day."""
    now = datetime.combine(on, time(20), ZoneInfo(hours.zone))
    return [moment_of(now, hours, random.Random(seed), out_of_hours=out_of_hours).at for seed in range(100)]


@pytest.mark.parametrize(("country", "day", "kind", "is_known"), [
    ("CN", "2026-02-14", "made_up", True), ("CN", "2026-02-16", "holiday", True), ("CN", "2026-02-21", "holiday", True),
    ("CN", "2026-02-22", "holiday", True), ("CN", "2026-02-24", "usual", True), ("CN", "2026-03-07", "usual", True),
    ("CN", "2031-10-01", "usual", False), ("US", "2026-07-03", "holiday", True), ("US", "2026-09-05", "usual", True),
    ("DE", "2026-12-25", "usual", False), ("", "2026-10-01", "usual", False)])
def test_a_calendar_says_what_it_makes_of_a_day(country: str, day: str, kind: str, is_known: bool) -> None:
    assert kind_of_day(country, date.fromisoformat(day)) == (kind, is_known)


def test_a_made_up_saturday_is_inside_and_the_holiday_after_it_outside() -> None:
    inside = moments(date(2026, 2, 13), USUAL, out_of_hours=False)
    assert {one.date() for one in inside} == {date(2026, 2, 14)}
    assert all(time(9) <= one.time() < time(18) for one in inside)
    assert not any(time(9) <= one.time() < time(18) for one in moments(date(2026, 2, 13), USUAL, out_of_hours=True))
    # Spring festival: from Sunday the 15th to Monday the 23rd nobody works.
    assert {one.date() for one in moments(date(2026, 2, 14), USUAL, out_of_hours=False)} == {date(2026, 2, 24)}
    monday = moments(date(2026, 2, 15), USUAL, out_of_hours=True)
    assert {one.date() for one in monday} == {date(2026, 2, 16)}
    assert any(time(9) <= one.time() < time(18) for one in monday)


def test_a_house_that_works_on_saturdays_alone_waits_for_one_that_is_no_holiday() -> None:
    saturdays = replace(USUAL, weekdays=(5,))
    assert {one.date() for one in moments(date(2026, 2, 14), saturdays, out_of_hours=False)} == {date(2026, 2, 28)}


def test_without_a_calendar_or_a_year_of_it_the_day_of_the_week_decides_and_is_provisional() -> None:
    national_day = datetime(2026, 9, 30, 20, tzinfo=SHANGHAI)
    for hours, now, is_provisional in ((replace(USUAL, calendar=""), national_day, True),
                                       (USUAL, datetime(2031, 9, 30, 20, tzinfo=SHANGHAI), True),
                                       (USUAL, datetime(2026, 9, 28, 20, tzinfo=SHANGHAI), False)):
        found = moment_of(now, hours, random.Random(1), out_of_hours=False)
        assert (found.at.date(), found.is_provisional) == (now.date() + timedelta(days=1), is_provisional)


def test_a_planned_drill_says_whether_its_moment_is_provisional(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        set_drill_plan(session, house.writer, clock, SetDrillPlan(house.maker.plaster.id, 1))
        assert ask_planned_drills(session, clock) == 1
        assert {one.is_provisional for one in session.scalars(select(Drill))} == {False}
        hours = hours_now(session)
        assert (hours.version, hours.calendar) == (0, "CN")
        set_hours(session, house.writer, clock, SetHours(hours.zone, (0, 1, 2), "09:00", "18:00", "None.", 0, ""))
        assert hours_now(session).calendar == ""
    clock.move_to(clock.now() + timedelta(days=32))
    with sqlite.write() as session:
        assert ask_planned_drills(session, clock) == 1
        assert [one.is_provisional for one in session.scalars(select(Drill).order_by(Drill.asked_at))] == [
            False, False, True, True]


def test_hours_of_which_nobody_said_whose_holidays_they_keep_have_those_of_the_first_site(
        sqlite: Database, clock: FixedClock) -> None:
    make_house(sqlite, clock)
    with sqlite.write() as session:
        session.add(WorkingHours(version=1, zone="Asia/Shanghai", weekdays=[0], opens_minute=60, closes_minute=120,
                                 reason="Before.", set_at=clock.now(), set_by="u"))
        session.flush()
        assert hours_now(session) == Hours("Asia/Shanghai", (0,), 60, 120, 1, "CN")


def test_planned_drills_keep_to_the_hours_of_the_house(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        assert hours_now(session).version == 0 and hours_now(session).times == ("09:00", "18:00")
        set_hours(session, house.writer, clock, SetHours("America/New_York", (5, 6), "10:30", "12:00", "Weekend.", 0))
        hours = hours_now(session)
    for seed in range(200):
        dice = random.Random(seed)
        inside = moment_of(clock.now(), hours, dice, out_of_hours=False).at.astimezone(ZoneInfo("America/New_York"))
        outside = moment_of(clock.now(), hours, dice, out_of_hours=True).at.astimezone(ZoneInfo("America/New_York"))
        assert inside.weekday() in (5, 6) and time(10, 30) <= inside.time() < time(12)
        assert outside.weekday() not in (5, 6) or not time(10, 30) <= outside.time() < time(12)
        assert clock.now() < min(inside, outside) and max(inside, outside) < clock.now() + timedelta(days=9)


@pytest.mark.parametrize(("change", "code"), [
    ({"zone": "Mars/Base"}, "bad-zone"), ({"weekdays": ()}, "no-days"), ({"weekdays": (7,)}, "no-days"),
    ({"opens": "9"}, "not-a-time"), ({"closes": "24:00"}, "not-a-time"), ({"closes": "08:00"}, "ends-before"),
    ({"calendar": "MARS"}, "unknown-calendar"), ({"reason": " "}, "missing"), ({"version": 4}, "stale")])
def test_hours_that_cannot_be_are_refused(
        sqlite: Database, clock: FixedClock, change: dict[str, Any], code: str) -> None:
    usual = SetHours("Europe/Berlin", (0, 1), "08:00", "16:00", "So it is.")
    with pytest.raises(Problem) as refused, sqlite.write() as session:
        set_hours(session, player("quality"), clock, replace(usual, **change))
    assert refused.value.code == code
