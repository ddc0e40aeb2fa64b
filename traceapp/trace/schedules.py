"""When a scheduled subscription is told. Pure. Times of day are UTC.

Source: EPCIS 2.0, 8.2.5.3 (QuerySchedule).
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from traceapp.core.errors import InvalidInput

# From the coarsest to the finest; lowest and highest value.
FIELDS = {"month": (1, 12), "dayOfMonth": (1, 31), "dayOfWeek": (1, 7), "hour": (0, 23), "minute": (0, 59),
          "second": (0, 59)}
_CLOCK = ("hour", "minute", "second")
_PART = re.compile(r"(\d{1,2})|\[(\d{1,2})-(\d{1,2})\]", re.ASCII)
_DAYS_AHEAD = 366 * 8 + 1


def checked_schedule(schedule: Any) -> dict[str, str]:
    """The schedule when it can be kept. Raises InvalidInput (`subscription-controls`) for one that cannot, that never
    comes, or that comes more than once a minute."""
    if not isinstance(schedule, dict) or not schedule:
        raise _refused("schedule")
    for name, value in schedule.items():
        if name not in FIELDS or not isinstance(value, str) or not _numbers(name, value):
            raise _refused(f"schedule.{name}"[:60])
    if len(_numbers("second", schedule.get("second", "0"))) > 1:
        raise _refused("schedule.second")
    if next_time(schedule, datetime(2026, 1, 1, tzinfo=UTC)) is None:
        raise _refused("schedule.dayOfMonth")
    return dict(schedule)


def _refused(place: str) -> InvalidInput:
    return InvalidInput("A subscription needs either stream: true or a schedule that comes at most once a minute.",
                        code="subscription-controls", place=place)


def _numbers(name: str, text: str) -> list[int]:
    """The numbers that `1,3,[5-7]` stands for, in order; none where it is not right."""
    lowest, highest = FIELDS[name]
    found: set[int] = set()
    for part in text.split(",") if len(text) <= 300 else ():
        match = _PART.fullmatch(part.strip())
        if match is None:
            return []
        first = int(match.group(1) or match.group(2))
        last = int(match.group(3) or first)
        if not lowest <= first <= last <= highest:
            return []
        found.update(range(first, last + 1))
    return sorted(found)


def next_time(schedule: Mapping[str, str], after: datetime) -> datetime | None:
    """The first moment behind `after` that fits. A field that is not named fits always, but a time of day finer than
    all that are named is 0. None where no day of eight years fits."""
    times = _times_of_day(schedule)
    days = {name: set(_numbers(name, schedule[name])) for name in FIELDS if name in schedule and name not in _CLOCK}
    midnight = after.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(_DAYS_AHEAD):
        day = midnight + timedelta(days=ahead)
        stated = {"month": day.month, "dayOfMonth": day.day, "dayOfWeek": day.isoweekday()}
        if all(stated[name] in fitting for name, fitting in days.items()):
            for seconds in times:
                found = day + timedelta(seconds=seconds)
                if found > after:
                    return found
    return None


def _times_of_day(schedule: Mapping[str, str]) -> list[int]:
    """The fitting seconds since midnight, in order."""
    named = [name for name in _CLOCK if name in schedule]
    finest = _CLOCK.index(named[-1]) if named else -1
    choices = []
    for position, name in enumerate(_CLOCK):
        if name in schedule:
            choices.append(_numbers(name, schedule[name]))
        else:
            choices.append(list(range(FIELDS[name][1] + 1)) if position < finest else [0])
    hours, minutes, seconds = choices
    return [hour * 3600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds]
