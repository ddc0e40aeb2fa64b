"""Periods of periodic reports: which days each covers, when its clock begins, and by when it is due. Pure.

A row of data/periods.csv says how a rule counts its periods from the day of the registration. `begins` `after`: the
clock begins on the anniversary, when the period is over; `with`: it begins with the period and ends with it. Without a
number a person sets the day.
"""
from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files

from .clocks import Due, Situation, due, last_moment, matches, months_later, zone_of
from .rows import Rule, Unit, rules

_DAY = timedelta(days=1)
LATEST = date(9000, 1, 1)  # no date is reckoned beyond it


@dataclass(frozen=True, slots=True)
class Step:
    """A rule, as it holds for the months from `first` to before `last` since the registration (None: for ever), with
    periods of `every` months."""

    rule: Rule
    first: int
    last: int | None
    every: int
    begins_after: bool


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both counted; `started_at` is when its clock begins in the authority's zone."""

    rule: Rule
    first_on: date
    last_on: date
    started_at: datetime
    due: Due


@cache
def steps() -> tuple[Step, ...]:
    """All rows, in the order of the file."""
    known = {rule.id: rule for rule in rules()}
    text = files("traceapp.rules").joinpath("data/periods.csv").read_text(encoding="utf-8")
    return tuple(_step(row, known[row["rule"]]) for row in csv.DictReader(text.splitlines()))


def _step(row: dict[str, str], rule: Rule) -> Step:
    own = replace(rule, classes=frozenset(row["classes"].split()) or rule.classes, unit=Unit(row["unit"]),
                  limit=int(row["limit"]) if row["limit"] else None, limit_text=row["says"] or rule.limit_text)
    return Step(own, int(row["from_month"]), int(row["to_month"]) if row["to_month"] else None,
                int(row["every_months"]), row["begins"] == "after")


def has_periods(situation: Situation) -> bool:
    """Whether any rule of this authority asks for periodic reports of such a product."""
    return any(matches(step.rule, situation) for step in steps() if step.rule.jurisdiction == situation.jurisdiction)


def periods(situation: Situation, registered_on: date, now: datetime) -> list[Period]:
    """Every period whose clock has begun by `now` (aware), of all rules that match, the earliest first. Where the class
    is not known, one with a number stands for those without."""
    today = now.astimezone(zone_of(situation.jurisdiction)).date()
    found: dict[tuple[str, date], Period] = {}
    for step in steps():
        if step.rule.jurisdiction == situation.jurisdiction and matches(step.rule, situation):
            for one in _of(step, registered_on, today):
                if one.due.at is not None or (one.rule.id, one.first_on) not in found:
                    found[one.rule.id, one.first_on] = one
    return sorted(found.values(), key=lambda one: (one.started_at, one.rule.id))


def _of(step: Step, registered_on: date, today: date) -> Iterator[Period]:
    month, zone = step.first, zone_of(step.rule.jurisdiction)
    while step.last is None or month < step.last:
        first_on, after = months_later(registered_on, month), months_later(registered_on, month + step.every)
        begins = after if step.begins_after else first_on
        if begins > today or after > LATEST:
            return
        if step.rule.is_in_force(begins):
            started_at = datetime.combine(begins, time(), zone)
            ends = due(step.rule, started_at) if step.begins_after else Due(last_moment(step.rule.jurisdiction, after))
            yield Period(step.rule, first_on, after - _DAY, started_at, ends)
        month += step.every
