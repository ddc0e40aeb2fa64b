"""Which days a date may mean that is not known to the day. Pure."""
from __future__ import annotations

import calendar
from datetime import date

from .case_report import PartialDate


def first_day(known: PartialDate) -> date:
    """The first day that the date may mean."""
    if known.precision == "year":
        return date(known.day.year, 1, 1)
    return known.day.replace(day=1) if known.precision == "month" else known.day


def last_day(known: PartialDate) -> date:
    """The last day that the date may mean."""
    day = known.day
    if known.precision == "year":
        return date(day.year, 12, 31)
    if known.precision == "month":
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return day
