"""Checks of the patient's age: that somebody may have it, and that it fits birth and event. Of the birth a finding
shows the year: findings are kept in plain, days of birth are not."""
from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import date, datetime

from traceapp.export.case_report import Finding

from .check_dates import moment
from .message import Mdr

_YEAR, _OLDEST = 365.25, 150
# By how many days an age may miss.
_GRACE = 366
_DAYS = {"YR": _YEAR, "MO": _YEAR / 12, "WK": 7, "DY": 1, "HR": 1 / 24,
         "a": _YEAR, "mo": _YEAR / 12, "wk": 7, "d": 1, "h": 1 / 24}
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def age_findings(report: Mdr, _now: datetime) -> Iterator[Finding]:
    """An age that nobody has, or one that is more than a year beside birth and event."""
    amount, unit = report.text("A2.age"), report.text("A2.age_unit")
    if not _NUMBER.fullmatch(amount) or unit not in _DAYS:
        return
    age = float(amount) * _DAYS[unit]
    if age > _OLDEST * _YEAR:
        yield Finding("A2", "age", "The age %(age)s %(unit)s is more than %(most)d years.",
                      values={"age": amount, "unit": unit, "most": _OLDEST})
        return
    born, event = _days_of(report.text("A2.birth")), _days_of(report.text("B3"))
    if born is None or event is None:
        return
    least, most = event[0] - born[1], event[1] - born[0]
    if age - _GRACE > most or age + _DAYS[unit] + _GRACE < least:
        yield Finding("A2", "age-birth", "The age %(age)s %(unit)s does not fit the birth in %(birth)s and the event "
                      "on %(event)s.", is_error=False, values={
                          "age": amount, "unit": unit, "birth": report.text("A2.birth")[:4],
                          "event": report.text("B3")})


def _days_of(value: str) -> tuple[int, int] | None:
    """The first day that a time can mean, counted, and the day after the last; None when it is no time."""
    found = moment(value)
    if found is None:
        return None
    first, precision = found
    return first.toordinal(), first.toordinal() + _length(first, precision)


def _length(first: date, precision: str) -> int:
    if precision == "year":
        return 366 if isleap(first.year) else 365
    return monthrange(first.year, first.month)[1] if precision == "month" else 1
