"""Draws that follow from a seed and a topic alone, so that one part of the story does not move another."""
from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

from .tables import Rate

YEARS_DAYS = 725


def chance(seed: int, topic: str) -> random.Random:
    """The dice of one topic."""
    return random.Random(f"{seed}:{topic}")


def poisson(dice: random.Random, mean: float) -> int:
    """A count around `mean`; for means below some hundreds."""
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count += 1
        product *= dice.random()
    return count


def delay_days(dice: random.Random, rate: Rate) -> float:
    """The wait from delivery to the report by the product's own law."""
    use = dice.expovariate(1 / rate.use_mean_days)
    return use + dice.gammavariate(rate.report_shape, rate.report_mean_days / rate.report_shape)


class Calendar:
    """Days counted from the start of the story, about two years before `now`; nothing lies after `now`."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)
        self.start = self.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=YEARS_DAYS)

    def at(self, day: int, hours: float) -> datetime:
        """A moment of a day of the story; `hours` after midnight UTC, so that 1 is nine in the morning in China."""
        return self.start + timedelta(days=day, hours=hours)

    def before(self, days: float) -> datetime:
        """A moment so many days before now."""
        return self.now - timedelta(days=days)

    @property
    def today(self) -> int:
        return YEARS_DAYS
