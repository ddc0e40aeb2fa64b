"""Did a kind of complaint about a product jump yesterday against the weeks before? EARS, by UTC days.

Listed is what any of C1, C2 and C3 alarms for at its published threshold; common terms do so by chance some forty times
a year. A task comes only of what both C1 and C2 put at five or more, which chance does about once a year with the terms
of a product, and which is as unlikely as the screens' share of the false-alarm budget wants (`screen_budget`).
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from .screen_budget import chance_of_jump

# Two weeks of baseline for C3, and as much again so that a term that is new has days to be zero on.
DAYS = 28
LEAST_REPORTS = 5
TASK_FROM = 5.0
_RECENT = 3


@dataclass(frozen=True, slots=True)
class Jump:
    """A term on the last whole day: its reports on that day and over three days, the three statistics, the chance of
    so many on the day if nothing had changed, and whether somebody has to look."""

    term: str
    on: date
    reports: int
    in_three_days: int
    c1: float
    c2: float
    c3: float
    chance: float
    is_task: bool

    def plain(self) -> dict[str, Any]:
        """Values that can be kept as JSON."""
        return {**asdict(self), "on": self.on.isoformat()}


def jumps_of(reports: Iterable[tuple[date, Iterable[str]]], last: date, most: float) -> tuple[Jump, ...]:
    """The terms that jumped on `last`, the highest C2 first. `reports`: (day, its terms) of each report, in any order;
    those of other days than the 28 up to `last` do not count. `most`: how likely by chance a task may be."""
    from traceapp.signals.ears import ears

    first = last - timedelta(days=DAYS - 1)
    by_term: dict[str, Counter[date]] = {}
    for day, terms in reports:
        if first <= day <= last:
            for term in set(terms):
                by_term.setdefault(term, Counter())[day] += 1
    found = []
    for term, counts in by_term.items():
        series = [counts[first + timedelta(days=number)] for number in range(DAYS)]
        recent = sum(series[-_RECENT:])
        if not series[-1] or recent < LEAST_REPORTS:
            continue
        seen = ears(series)
        if seen.alarms()[:, -1].any():
            c1, c2, c3 = (round(float(part[-1]), 2) for part in (seen.c1, seen.c2, seen.c3))
            chance = chance_of_jump(series[-1], sum(series), DAYS)
            found.append(Jump(term, last, series[-1], recent, c1, c2, c3, chance,
                              min(c1, c2) >= TASK_FROM and chance <= most))
    return tuple(sorted(found, key=lambda jump: (-jump.c2, jump.term)))
