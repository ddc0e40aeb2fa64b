"""A cell as a value, and what is wrong with it. Pure."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from traceapp.core.errors import InvalidInput

_DAY = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?")
_DAY_TIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"[T\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:\d{2})?$")


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in one cell: the row as a spreadsheet shows it, the title of the column as it stands there."""

    row: int
    column: str
    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.message % self.params if self.params else self.message


def column_letter(place: int) -> str:
    """What a spreadsheet program calls the column at this place, counted from 0: A, B, … Z, AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def known_zone(zone: str) -> ZoneInfo:
    """The time zone with this name. Raises InvalidInput."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("“%(zone)s” is not a time zone such as Asia/Shanghai.", code="unknown-zone", place="zone",
                           zone=zone[:40]) from None


def read_day(text: str, place: str) -> date | None:
    """The day that a cell says, in the orders year-month-day that leave no doubt. Raises InvalidInput."""
    cleaned = unicodedata.normalize("NFKC", text).strip()
    if not cleaned:
        return None
    match = _DAY.match(cleaned) or _DAY_TIGHT.fullmatch(cleaned)
    try:
        if match is None:
            raise ValueError
        day = date(int(match[1]), int(match[2]), int(match[3]))
        rest = cleaned[match.end():]
        if rest and not _TIME.fullmatch(rest if rest[0] in "T " else " " + rest):
            raise ValueError
    except ValueError:
        raise InvalidInput("“%(text)s” is not a day. Write it as 2026-03-09.", code="not-a-day", place=place,
                           text=text[:40]) from None
    return day


@lru_cache(4096)
def read_moment(text: str, place: str, zone: ZoneInfo) -> datetime | None:
    """The moment that a cell says; a day alone is its first moment, so that no clock starts late."""
    day = read_day(text, place)
    if day is None:
        return None
    match = _TIME.search(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    try:
        at = time(int(match[1]), int(match[2]), int(match[3] or 0))
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{match[4].replace('Z', '+00:00')}").tzinfo \
            if match[4] else zone
        return datetime.combine(day, at, offset).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("“%(text)s” is not a time. Write it as 2026-03-09 14:30.", code="not-a-time", place=place,
                           text=text[:40]) from None
