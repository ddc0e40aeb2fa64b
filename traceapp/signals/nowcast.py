"""How many cases of the last days and weeks have happened and are not reported yet?

A case that began on day t is known by today with chance F(today - t), F being the law of the wait from onset to report
(`history.fit_delay`, by the reverse-time hazard). Reported / F is an unbiased estimate of all that began.
Source: Lawless JF, Can J Stat 1994;22:15-31.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import betainc

from traceapp.core.errors import InvalidInput

from .errors import require_count, require_rate
from .exposure import DelayLaw

# Where a case would hardly be known yet, dividing by its chance says nothing.
LEAST_CHANCE = 0.1


@dataclass(frozen=True, slots=True)
class Slot:
    """One day or week of onset: cases `reported` so far and the `chance` that a case of it is reported by now.

    `estimated` are all its cases, with an interval from `low` to `high`; None where the chance is too small to say.
    """

    reported: int
    chance: float
    estimated: float | None
    low: int | None
    high: int | None


def nowcast(
    reported: Sequence[int], chances: Sequence[float], *, coverage: float = 0.9, least: float = LEAST_CHANCE
) -> tuple[Slot, ...]:
    """The cases of each slot, those to come included. `reported` and `chances` (above 0, at most 1) by slot.

    Given n reported and the chance F, those to come follow a negative binomial law with n + 1/2 successes of chance F
    (Poisson cases, Jeffreys' prior of their rate); the interval holds them with `coverage`. It takes the law of the
    wait as known. Raises InvalidInput for counts below zero or a chance out of range.
    """
    if len(reported) != len(chances):
        raise InvalidInput("Each slot needs its count and its chance.", place="chances")
    tail = (1 - require_rate(coverage, "coverage")) / 2
    found = []
    for count, chance in zip(reported, chances, strict=True):
        seen = require_count(count, "reported")
        if not 0 <= chance <= 1:
            raise InvalidInput("A chance must lie between 0 and 1.", place="chances")
        if chance < least:
            found.append(Slot(seen, chance, None, None, None))
            continue
        low, high = _to_come(seen + 0.5, chance, (tail, 1 - tail))
        found.append(Slot(seen, chance, seen / chance, seen + low, seen + high))
    return tuple(found)


def _to_come(successes: float, chance: float, shares: tuple[float, float]) -> tuple[int, int]:
    """The quantiles of the negative binomial law: its distribution function at k is I(chance; successes, k + 1)."""
    mean = successes * (1 - chance) / chance
    counts = np.arange(int(mean + 12 * np.sqrt(mean / chance)) + 20)
    low, high = np.searchsorted(betainc(successes, counts + 1.0, chance), shares)
    return int(low), int(high)


def chances_seen(law: DelayLaw, starts: Sequence[date], days: int, on: date) -> tuple[float, ...]:
    """The chance that a case which began in the `days` from each start is reported by the end of `on`.

    The mean over the days of the slot that have come; 0 for a slot that has not begun.
    """
    require_count(days, "days", least=1)
    found = []
    for start in starts:
        ages = (on - start).days - np.arange(days)
        come = ages[ages >= 0]
        found.append(float(law.cdf((come + 0.5).astype(np.float64)).mean()) if come.size else 0.0)
    return tuple(found)
