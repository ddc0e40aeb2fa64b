"""Dates of E2B(R3): CCYYMMDDhhmmss.fff+ZZzz, as far as it is known."""
from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_FORM = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?",
                   re.ASCII)
# Where no zone is told it may be as far ahead of UTC as any is.
_FURTHEST = timezone(timedelta(hours=14))
_DIGITS = {"year": 4, "month": 6, "day": 8, "expiry": 8, "second": 14}


def read_date(text: str) -> datetime | None:
    """The first instant that a date can mean, None for what is no date."""
    match = _FORM.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        return datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
                        tzinfo=_zone(zone))
    except ValueError:
        return None


def _zone(text: str | None) -> timezone:
    if not text:
        return _FURTHEST
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return timezone(-ahead if text[0] == "-" else ahead)


def is_precise(text: str, least: str) -> bool:
    """Whether a date is known at least to the `year`, `day` or `second`."""
    return len(re.split(r"[.+-]", text)[0]) >= _DIGITS[least]


def is_future(text: str, now: datetime) -> bool:
    """Whether a date cannot be past anywhere yet."""
    found = read_date(text)
    return found is not None and found > now


def write_time(moment: datetime) -> str:
    """A moment to the second with its zone."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
