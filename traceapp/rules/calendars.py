"""Working days, by the calendar of the authority that counts them.

China publishes its holidays and make-up working days a year ahead: they are rows (data/days.csv). Where holidays follow
rules, they are worked out. A year that a calendar lacks is counted Monday to Friday and says so.
"""
from __future__ import annotations

import csv
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
# Years for which holidays by rule hold; beyond them one-off days are not announced yet.
_BY_RULE = {"US": range(2021, 2100), "GB": range(2024, 2028), "CA": range(2023, 2100)}

# Those of which holidays are known.
CALENDARS = ("CN", *_BY_RULE)


class DayKind(StrEnum):
    """`made_up`: a day of the weekend on which offices work for a holiday; `usual`: the day of the week says it."""

    usual = "usual"
    holiday = "holiday"
    made_up = "made_up"


def kind_of_day(jurisdiction: str, day: date) -> tuple[DayKind, bool]:
    """What the calendar makes of a day, and whether it knows the year. A weekend between two holidays is one."""
    works, is_known = is_working_day(jurisdiction, day)
    if day.weekday() < _SATURDAY:
        return DayKind.usual if works else DayKind.holiday, is_known
    if works:
        return DayKind.made_up, is_known
    friday = day - timedelta(days=day.weekday() - _SATURDAY + 1)
    beside = (is_working_day(jurisdiction, one)[0] for one in (friday, friday + timedelta(days=3)))
    return DayKind.usual if any(beside) else DayKind.holiday, is_known


def is_working_day(jurisdiction: str, day: date) -> tuple[bool, bool]:
    """Whether offices of the authority work on the day, and whether the calendar knows the year; one that it does not
    know is Monday to Friday."""
    if jurisdiction == "CN":
        days, years = _published()
        return days.get(day, day.weekday() < _SATURDAY), day.year in years
    if day.year in _BY_RULE.get(jurisdiction, ()):
        return day.weekday() < _SATURDAY and day not in _holidays(jurisdiction, day.year), True
    return day.weekday() < _SATURDAY, False


@cache
def _published() -> tuple[dict[date, bool], frozenset[int]]:
    text = files("traceapp.rules").joinpath("data/days.csv").read_text(encoding="utf-8")
    days = {date.fromisoformat(row["day"]): row["is_working"] == "yes" for row in csv.DictReader(text.splitlines())}
    return days, frozenset(day.year for day in days)


@cache
def _holidays(jurisdiction: str, year: int) -> frozenset[date]:
    days = {"US": _united_states, "GB": _england, "CA": _canada}[jurisdiction](year)
    if jurisdiction == "US":  # the first of January on a Saturday is kept in the year before
        days |= {day for day in _united_states(year + 1) if day.year == year}
    return frozenset(days)


def _united_states(year: int) -> set[date]:
    """Source: 5 U.S.C. 6103; a Saturday is kept on Friday, a Sunday on Monday."""
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    kept = {day - timedelta(days=1) if day.weekday() == _SATURDAY else
            day + timedelta(days=1) if day.weekday() == _SUNDAY else day for day in fixed}
    return kept | {_nth(year, 1, _MONDAY, 3), _nth(year, 2, _MONDAY, 3), _last(year, 5, _MONDAY),
                   _nth(year, 9, _MONDAY, 1), _nth(year, 10, _MONDAY, 2), _nth(year, 11, _THURSDAY, 4)}


def _england(year: int) -> set[date]:
    """Source: Banking and Financial Dealings Act 1971 and proclamations: bank holidays of England and Wales."""
    easter = _easter(year)
    return _moved_on([date(year, 1, 1)]) | _moved_on([date(year, 12, 25), date(year, 12, 26)]) | {
        easter - timedelta(days=2), easter + timedelta(days=1), _nth(year, 5, _MONDAY, 1), _last(year, 5, _MONDAY),
        _last(year, 8, _MONDAY)}


def _canada(year: int) -> set[date]:
    """Source: holidays of the federal public service."""
    easter, victoria = _easter(year), date(year, 5, 24)
    fixed = [date(year, 1, 1), date(year, 7, 1), date(year, 9, 30), date(year, 11, 11)]
    moved = {kept for day in fixed for kept in _moved_on([day])} | _moved_on([date(year, 12, 25), date(year, 12, 26)])
    return moved | {
        easter - timedelta(days=2), easter + timedelta(days=1), victoria - timedelta(days=victoria.weekday()),
        _nth(year, 9, _MONDAY, 1), _nth(year, 10, _MONDAY, 2)}


def _moved_on(days: list[date]) -> set[date]:
    """Holidays one after the other, each on the next weekday that is free."""
    kept = [day for day in days if day.weekday() < _SATURDAY]
    for day in days:
        if day in kept:
            continue
        while day.weekday() >= _SATURDAY or day in kept:
            day += timedelta(days=1)
        kept.append(day)
    return set(kept)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last(year: int, month: int, weekday: int) -> date:
    end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return end - timedelta(days=(end.weekday() - weekday) % 7)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar. Source: Meeus, Astronomical Algorithms, chapter 8."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = h + m - 7 * ((a + 11 * h + 22 * m) // 451) + 114
    return date(year, n // 31, n % 31 + 1)
