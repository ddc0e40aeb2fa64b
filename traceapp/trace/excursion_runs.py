"""When a series of readings was outside its limits. Pure.

A time outside lasts from the first reading outside to the first one inside again; what lies between readings counts as
the reading before it.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from .sensor_model import Side

Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Within which a product must be kept; None: no limit. Outside for no longer than `allowed` is no excursion."""

    lower: Decimal | None = None
    upper: Decimal | None = None
    allowed: timedelta = timedelta()

    @property
    def are_set(self) -> bool:
        return self.lower is not None or self.upper is not None


@dataclass(frozen=True, slots=True)
class Read:
    """One reading of the series."""

    at: datetime
    until: datetime | None
    low: Decimal | None
    high: Decimal | None
    is_alarm: bool
    event_id: str

    @property
    def last(self) -> datetime:
        return self.until or self.at


@dataclass(slots=True)
class Outside:
    """Readings outside, one after the other, until the first one inside (None: there is none yet)."""

    reads: list[Read] = field(default_factory=list)
    ended_at: datetime | None = None

    @property
    def known_until(self) -> datetime:
        """Until when it is known to have been outside."""
        return self.ended_at or max(read.last for read in self.reads)


@dataclass(frozen=True, slots=True)
class Found:
    """An excursion of one thing."""

    began_at: datetime
    last_at: datetime
    ended_at: datetime | None
    side: Side
    lowest: Decimal | None
    highest: Decimal | None
    readings: int
    silence: int
    event_id: str


def is_outside(read: Read, limits: Limits) -> bool:
    """Whether any of the reading is outside, or its device raised the alarm."""
    return (read.is_alarm or (limits.lower is not None and read.low is not None and read.low < limits.lower)
            or (limits.upper is not None and read.high is not None and read.high > limits.upper))


def times_outside(reads: Iterable[Read], limits: Limits) -> Iterator[Outside]:
    """The times outside. A moment of which one reading is outside and another inside is outside."""
    now: Outside | None = None
    told = sorted((((read.at, not is_outside(read, limits), read.event_id), read) for read in reads),
                  key=lambda one: one[0])
    for (_at, is_inside, _event_id), read in told:
        if not is_inside:
            now = now or Outside()
            now.reads.append(read)
        elif now is not None and read.at > now.reads[-1].at:
            now.ended_at = read.at
            yield now
            now = None
    if now is not None:
        yield now


def excursion_in(outside: Outside, span: Span, limits: Limits) -> Found | None:
    """What of a time outside falls into the span during which a thing was there; None: nothing, or no longer than is
    allowed. A reading is in force until the next one, so the one before the thing came counts too."""
    since, until = span
    ends = [*(read.at for read in outside.reads[1:]), outside.known_until]
    reads = [read for read, end in zip(outside.reads, ends, strict=True)
             if (until is None or read.at < until) and (read.at >= since or end > since)]
    if not reads:
        return None
    first = max(since, reads[0].at)
    over = until if until is not None and until < outside.known_until else outside.ended_at
    last = max(first, *(read.last for read in reads))
    last = last if over is None else min(last, over)
    if not any(read.is_alarm for read in reads) and limits.allowed and (over or last) - first <= limits.allowed:
        return None
    lowest = min((read.low for read in reads if read.low is not None), default=None)
    highest = max((read.high for read in reads if read.high is not None), default=None)
    return Found(first, last, over, _side(lowest, highest, limits), lowest, highest, len(reads),
                 _silence(reads, first, over), reads[0].event_id)


def _side(lowest: Decimal | None, highest: Decimal | None, limits: Limits) -> Side:
    is_below = lowest is not None and limits.lower is not None and lowest < limits.lower
    is_above = highest is not None and limits.upper is not None and highest > limits.upper
    if is_below and is_above:
        return Side.both
    return Side.below if is_below else Side.above if is_above else Side.alarm


def _silence(reads: list[Read], first: datetime, over: datetime | None) -> int:
    """The longest time without a reading, in seconds."""
    starts = [*(read.at for read in reads[1:]), *([over] if over is not None else [])]
    gaps = (int((start - max(first, read.last)).total_seconds()) for read, start in zip(reads, starts, strict=False))
    return max(gaps, default=0) if len(starts) else 0
