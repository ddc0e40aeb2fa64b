"""Who is on duty at a moment, and when nobody is. Pure."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ROSTER_ZONE = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """`weekdays`: 0 is Monday; `ends_minute` not after `starts_minute`: on the next day; `last_on` is included."""

    user_id: str
    weekdays: frozenset[int]
    starts_minute: int
    ends_minute: int
    first_on: date
    last_on: date | None = None

    def spans(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """The times of duty that touch this period, each from and to."""
        found = []
        day = since.astimezone(ROSTER_ZONE).date() - _DAY
        while day <= until.astimezone(ROSTER_ZONE).date():
            if day.weekday() in self.weekdays and self.first_on <= day <= (self.last_on or date.max):
                begin = _moment(day, self.starts_minute)
                end = _moment(day if self.ends_minute > self.starts_minute else day + _DAY, self.ends_minute)
                if begin < until and end > since:
                    found.append((begin, end))
            day += _DAY
        return found


def _moment(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), ROSTER_ZONE)


def on_duty(shifts: Iterable[Shift], at: datetime) -> list[str]:
    """Who is on duty at this moment, each once; whose duty began last comes first."""
    found = sorted(((begin, shift.user_id) for shift in shifts
                    for begin, _ in shift.spans(at, at + timedelta(microseconds=1))), reverse=True)
    return list(dict.fromkeys(user_id for _, user_id in found))


def gaps(shifts: Iterable[Shift], since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """When nobody is on duty in this period, each from and to."""
    covered = sorted(span for shift in shifts for span in shift.spans(since, until))
    open_from, found = since, []
    for begin, end in covered:
        if begin > open_from:
            found.append((open_from, begin))
        open_from = max(open_from, end)
    if open_from < until:
        found.append((open_from, until))
    return found
