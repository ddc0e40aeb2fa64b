"""Who is on duty, and when nobody is."""
from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.worklist.roster import ROSTER_ZONE, Shift, gaps, on_duty

MONDAY = date(2026, 11, 23)
WEEK = frozenset(range(5))
DAY = Shift("day", WEEK, 8 * 60, 20 * 60, MONDAY)
NIGHT = Shift("night", WEEK, 20 * 60, 8 * 60, MONDAY)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ROSTER_ZONE)


@pytest.mark.parametrize(("moment", "present"), [
    (at(23, 8), ["day"]), (at(23, 7, 59), []), (at(23, 19, 59), ["day"]), (at(23, 20), ["night"]),
    (at(24, 3), ["night"]), (at(28, 7, 59), ["night"]), (at(28, 8), []), (at(29, 12), [])])
def test_a_night_belongs_to_the_day_on_which_it_begins(moment: datetime, present: list[str]) -> None:
    assert on_duty([DAY, NIGHT], moment) == present


def test_the_weekend_that_nobody_has_is_a_gap_and_a_shift_ends_with_its_last_day() -> None:
    assert gaps([DAY, NIGHT], at(25, 12), at(25, 12) + timedelta(days=7)) == [(at(28, 8), datetime(
        2026, 11, 30, 8, tzinfo=ROSTER_ZONE))]
    ended = Shift("day", frozenset(range(7)), 0, 0, MONDAY, date(2026, 11, 24))
    assert gaps([ended], at(23, 0), at(26, 0)) == [(at(25, 0), at(26, 0))]
    assert gaps([], at(23, 0), at(24, 0)) == [(at(23, 0), at(24, 0))]


shifts = st.builds(Shift, st.sampled_from("abc"), st.frozensets(st.integers(0, 6), min_size=1),
                   st.integers(0, 23).map(lambda hour: hour * 60), st.integers(0, 23).map(lambda hour: hour * 60),
                   st.just(MONDAY - timedelta(days=3)))


@given(st.lists(shifts, max_size=5))
def test_at_each_hour_either_somebody_is_on_duty_or_it_lies_in_a_gap(found: list[Shift]) -> None:
    since, until = at(23, 0), at(30, 0)
    holes = gaps(found, since, until)
    for hour in range(7 * 24):
        moment = since + timedelta(hours=hour)
        assert bool(on_duty(found, moment)) is not any(begin <= moment < end for begin, end in holes)
