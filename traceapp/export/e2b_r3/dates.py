"""Dates of E2B(R3): CCYYMMDDhhmmss.fff+ZZzz, as far as it is known."""
from __future__ import annotations

import re
from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_FORM = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?",
                   re.ASCII)
# Where no zone is told it may be as far ahead of UTC as any is.
_FURTHEST = timezone(timedelta(hours=14))
_DIGITS = {"year": 4, "month": 6, "day": 8, "expiry": 8, "second": 14}
DAY = 86_400
_LENGTHS = {8: DAY, 10: 3_600, 12: 60, 14: 1}
_LONGEST = len("20240131235959.123456+0000")
# How far clocks stand ahead of UTC, and behind it.
_AHEAD, _BEHIND = 14 * 3_600, 12 * 3_600


@dataclass(frozen=True, slots=True)
class Span:
    """All that a date can mean, in seconds: from `start`, until just before `end`; by UTC where a zone is told, else by
    the clock on the wall."""

    start: int
    end: int
    has_zone: bool

    def is_after(self, other: Span) -> bool:
        """Whether this lies after the other, whatever their parts are that are not told."""
        ahead = _AHEAD if other.has_zone and not self.has_zone else 0
        behind = _BEHIND if self.has_zone and not other.has_zone else 0
        return self.start - ahead >= other.end + behind


def span_of(text: str) -> Span | None:
    """All that a date can mean, None for what is no date."""
    return _span(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=1_024)
def _span(text: str) -> Span | None:
    moment, match = read_date(text), _FORM.fullmatch(text)
    if moment is None or match is None:
        return None
    digits = len(re.split(r"[.+-]", text)[0])
    if digits == _DIGITS["year"]:
        length = (366 if isleap(moment.year) else 365) * DAY
    elif digits == _DIGITS["month"]:
        length = monthrange(moment.year, moment.month)[1] * DAY
    else:
        length = _LENGTHS[digits]
    offset = moment.utcoffset() if match[7] else None
    start = moment.toordinal() * DAY + moment.hour * 3_600 + moment.minute * 60 + moment.second
    start -= int(offset.total_seconds()) if offset is not None else 0
    return Span(start, start + length, offset is not None)


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
