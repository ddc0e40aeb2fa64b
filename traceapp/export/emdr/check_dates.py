"""Checks of dates: that each is one, none lies ahead, and they follow one another."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from traceapp.export.case_report import Finding

from .message import Batch, Mdr
from .places import found_at
from .table import elements
from .tree import Node

_TIMES = frozenset({"effectiveTime", "creationTime", "birthTime", "deceasedTime", "existenceTime", "expirationTime",
                    "time", "low", "high", "activityTime", "availabilityTime"})
_MOMENT = re.compile(r"(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)(?:\d{2}|\d{4}|\d{6}(?:\.\d+)?)?)?)?"
                     r"(?:[+-]\d{2,4})?", re.ASCII)
# Where the day begins first it is already tomorrow.
_AHEAD = timedelta(hours=14)
_EARLIEST_EVENT = 1950
_LONGEST_LIFE = 30

# What may not lie after what, and whether FDA would refuse it.
ORDER = (
    ("B3", "G4", True, "The event lies after the manufacturer learned of it."),
    ("B3", "F6", True, "The event lies after the facility learned of it."),
    ("B3", "B4", True, "The event lies after the report."),
    ("A2.birth", "B3", True, "The event lies before the patient was born."),
    ("D6", "D7", True, "The device was explanted before it was implanted."),
    ("H4", "D4.expiry", True, "The device expired before it was made."),
    ("G4", "B4", False, "The report is dated before the manufacturer learned of the event."),
    ("B3", "B2.death", False, "The patient died before the event."),
    ("H4", "B3", False, "The device was made after the event."),
)


def moment(value: str) -> tuple[date, str] | None:
    """The first day that a time in the message means, and how far it is known; None when it is no time."""
    match = _MOMENT.fullmatch(value)
    if match is None:
        return None
    precision = "day" if match["day"] else "month" if match["month"] else "year"
    try:
        return date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)), precision
    except ValueError:
        return None


def _box_of(report: Mdr) -> dict[int, str]:
    return {id(node): element.box for element in elements().values() if element.kind in ("date", "expiry")
            if not element.id.startswith("batch.") for node in found_at(report.node, element) if node is not None}


def head_findings(batch: Batch, now: datetime) -> Iterator[Finding]:
    """When the batch says that it was made, if that is no time or lies ahead."""
    for node in batch.node.named("creationTime"):
        if node.attributes.get("value"):
            yield from _time(node, "batch", (now + _AHEAD).date())


def date_findings(report: Mdr, now: datetime) -> Iterator[Finding]:
    """Every time in the report that is none, or lies ahead."""
    boxes = _box_of(report)
    latest = (now + _AHEAD).date()
    for node in report.node.walk():
        if node.tag in _TIMES and node.attributes.get("value"):
            yield from _time(node, boxes.get(id(node), node.tag), latest)


def _time(node: Node, box: str, latest: date) -> Iterator[Finding]:
    value = node.attributes["value"]
    found = moment(value)
    if found is None:
        yield Finding(box, "date", "“%(value)s” is not a date; write year, month and day as 20261129.",
                      values={"value": value[:30]})
        return
    day, precision = found
    if node.tag == "expirationTime":
        if day > latest.replace(year=latest.year + _LONGEST_LIFE, day=1):
            yield Finding(box, "expiry", "The device would keep for more than %(years)d years.",
                          values={"years": _LONGEST_LIFE})
    elif day > latest:
        yield Finding(box, "future", "%(day)s lies in the future.", values={"day": day.isoformat()})
    if precision == "month":
        yield Finding(box, "date-part", "Only the month is given; FDA asks for the day where it is known.",
                      is_error=False)
    if precision == "year":
        yield Finding(box, "date-part", "Only the year is given; FDA asks for the day where it is known.",
                      is_error=False)


def order_findings(report: Mdr, _now: datetime) -> Iterator[Finding]:
    """Dates that contradict one another, as far as they are known."""
    for first, then, is_error, text in ORDER:
        early, late = moment(report.text(first)), moment(report.text(then))
        if early is None or late is None:
            continue
        if _key(early, late) > _key(late, early):
            yield Finding(elements()[first].box, "date-order", text, is_error=is_error)
    event = moment(report.text("B3"))
    if event is not None and event[0].year < _EARLIEST_EVENT:
        yield Finding("B3", "date-old", "The event lies before %(year)d; is that right?", is_error=False,
                      values={"year": _EARLIEST_EVENT})


def _key(one: tuple[date, str], other: tuple[date, str]) -> tuple[int, ...]:
    """The part of a date that both are known to."""
    parts = min(_PARTS[one[1]], _PARTS[other[1]])
    return (one[0].year, one[0].month, one[0].day)[:parts]


_PARTS = {"year": 1, "month": 2, "day": 3}
