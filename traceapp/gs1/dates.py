"""Dates with a two-digit year, as AIs 11, 15, 17 and their like carry them."""
from __future__ import annotations

from calendar import monthrange
from datetime import date

from .errors import Gs1Error
from .linters import LINTERS


def full_year(two_digits: int, today: date) -> int:
    """The year that a two-digit year means today: at most 50 years ahead and 49 back.

    Source: GS1 General Specifications, 7.12.
    """
    year = today.year - today.year % 100 + two_digits
    if year - today.year >= 51:
        return year - 100
    if year - today.year <= -50:
        return year + 100
    return year


def parse_date(yymmdd: str, today: date) -> date:
    """The date that six digits mean; day 00 is the last day of the month. Raises Gs1Error."""
    LINTERS["yymmd0"](yymmdd)
    year = full_year(int(yymmdd[:2]), today)
    month, day = int(yymmdd[2:4]), int(yymmdd[4:])
    last = monthrange(year, month)[1]
    if day > last:
        # 29 February of a year that the window puts into another century
        raise Gs1Error("ILLEGAL_DAY", 4, 2)
    return date(year, month, day or last)


def format_date(value: date) -> str:
    """The date as six digits."""
    return value.strftime("%y%m%d")
