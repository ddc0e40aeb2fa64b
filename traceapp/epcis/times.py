"""Timestamps as EPCIS writes them: any number of decimals, always with a zone."""
from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)
_MILLI, _MICRO = 3, 6


def parse_time(text: str) -> datetime:
    """The moment that `text` means, aware, in UTC, to the nearest microsecond (half up).

    Raises ValueError for what is no date and time with a zone.
    """
    return _moment(text, _MICRO)


def utc_milliseconds(text: str) -> str:
    """`text` in UTC with three decimals and a `Z`; a half in the fourth decimal rounds up and carries.

    Raises ValueError for what is no date and time with a zone. Source: CBV 2.0, section 8.9 (event hash).
    """
    moment = _moment(text, _MICRO)
    if moment.microsecond % 1000:  # else the moment that the reader has worked out already is that millisecond
        moment = _moment(text, _MILLI)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# One timestamp is looked at by the checker, the reader and the hash.
@lru_cache(maxsize=4096)
def _moment(text: str, decimals: int) -> datetime:
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"“{text}” is not a date and time with a zone, such as 2026-03-01T09:30:00+08:00")
    day, hour, minute, second, fraction, _zulu, sign, zone_hours, zone_minutes = match.groups()
    zone: timezone = UTC
    if sign:
        if int(zone_minutes) > 59:
            raise ValueError(f"the zone of “{text}” has more than 59 minutes")
        shift = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        zone = timezone(shift if sign == "+" else -shift)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        raise ValueError(f"there is no time of day like that in “{text}”")
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=zone)
        # Added, not set: a leap second and a fraction that rounds up to a whole second carry by themselves.
        clock = timedelta(hours=int(hour), minutes=int(minute), seconds=int(second))
        return (start + clock + _fraction(fraction, decimals)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"there is no such day or moment as “{text}”") from error


def forget() -> None:
    """Empty the memory of times, for measurements."""
    _moment.cache_clear()


def _fraction(digits: str | None, decimals: int) -> timedelta:
    if not digits:
        return timedelta()
    kept = int(digits[:decimals].ljust(decimals, "0"))
    if len(digits) > decimals and digits[decimals] >= "5":
        kept += 1
    return timedelta(microseconds=kept * 10 ** (_MICRO - decimals))
