"""The wait until a report where nobody knows which of many deliveries the reported unit came with.

The chance of a wait is the share of all reports that have it, also of those that have not come yet: an
expectation-maximisation over the possible days of delivery, by their units, and over the reports that could not be
seen. With one day of delivery it is the product limit of `history.fit_delay`.
Source: Dempster AP, Laird NM, Rubin DB, J R Stat Soc B 1977;39:1-38 (the method, with its example 4.2, truncated
data); Lagakos SW, Barraj LM, De Gruttola V, Biometrika 1988;75:515-523 (reports still to come).
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from traceapp.core.errors import InvalidInput

from .delay import ENOUGH_REPORTS
from .errors import require_count, require_not_negative
from .exposure import DelayLaw, day_chances
from .history import FittedDelay

_STEPS = 1000
_SETTLED = 1e-5


@dataclass(frozen=True, slots=True)
class Supply:
    """What one lot, or one consignee of it, received, and the reports about it; days count from any day 0.

    `deliveries`: (day, units). `seen`: the days, (first, last) each, on which reports were counted. `reports`: the
    days of those that came.
    """

    deliveries: tuple[tuple[int, float], ...]
    seen: tuple[tuple[int, int], ...]
    reports: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not all(units > 0 for _, units in self.deliveries):
            raise InvalidInput("A delivery must have units above zero.", place="deliveries")
        if not all(any(first <= day <= last for first, last in self.seen) for day in self.reports):
            raise InvalidInput("A report must lie within the days on which reports were counted.", place="reports")


def fit_spread_delay(
    supplies: Sequence[Supply], *, stated: DelayLaw | None = None, weight: float = 0.0, longest: int | None = None,
    enough: int = ENOUGH_REPORTS,
) -> FittedDelay | None:
    """The law of the wait in whole days, None with fewer than `enough` reports that have a possible delivery.

    `weight` reports that waited as `stated` says (without it: evenly) are counted beside those that came: they smooth a
    small history. How many waits are longer than anybody could have seen is as stated, for no report can tell. Waits
    of up to `longest` days (without it: the longest one seen) are told apart. Supplies without a report say nothing.
    Raises InvalidInput for a weight below zero.
    """
    require_not_negative(weight, "weight")
    told = [supply for supply in supplies if _possible(supply)]
    if sum(len(_possible(supply)) for supply in told) < require_count(enough, "enough", least=1):
        return None
    size = 1 + (_longest(told) if longest is None else require_count(longest, "longest"))
    arrivals, times, unseen, counts = _tables(told, size)
    chances = np.full(size, 1 / size)
    if stated is not None:
        chances = np.maximum(np.diff(day_chances(stated, size), prepend=0.0), 1e-9)
        chances[-1] += max(0.0, 1 - chances.sum())
    prior = weight * chances
    for _ in range(_STEPS):
        came = chances * (arrivals.T @ (times / np.maximum(arrivals @ chances, 1e-300)))
        hidden = chances * (unseen.T @ (counts / np.maximum(1 - unseen @ chances, 1e-12)))
        better = came + hidden + prior
        better /= better.sum()
        moved = float(np.abs(np.cumsum(better) - np.cumsum(chances)).max())
        chances = better
        if moved < _SETTLED:
            break
    return FittedDelay(tuple(np.minimum(np.cumsum(chances), 1.0).tolist()[:-1]) + (1.0,))


def chances_seen(supply: Supply, law: DelayLaw) -> float:
    """Units of a supply, each multiplied by the chance that a report about it would have been seen: its exposure."""
    last = max((end for _, end in supply.seen), default=-1)
    first = min((day for day, _ in supply.deliveries), default=0)
    if last < first:
        return 0.0
    size = 1 << (last - first).bit_length()
    table = np.concatenate(([0.0], day_chances(law, size)))

    def by(day: int, delivered: int) -> float:
        return float(table[min(max(0, day - delivered + 1), size)])

    return sum(units * (by(end, day) - by(begin - 1, day))
               for day, units in supply.deliveries for begin, end in supply.seen)


def _possible(supply: Supply) -> tuple[int, ...]:
    """The reports that came after some delivery; the others are a matter for whoever keeps the shipments."""
    first = min((day for day, _ in supply.deliveries), default=None)
    return () if first is None else tuple(day for day in supply.reports if day >= first)


def _longest(supplies: Sequence[Supply]) -> int:
    return max(day - min(delivered for delivered, _ in supply.deliveries)
               for supply in supplies for day in _possible(supply))


def _tables(
    supplies: Sequence[Supply], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each day of a supply with reports and each wait the share of the units that were delivered that many days
    before it, (days, waits), and how many reports there were; for each supply and wait the share of its units whose
    report would not have been seen, (supplies, waits); the number of reports of each supply. However many reports came
    on a day, they take one row."""
    arrivals, times, unseen = [], [], np.ones((len(supplies), size))
    waits = np.arange(size)
    for row, supply in enumerate(supplies):
        whole = sum(units for _, units in supply.deliveries)
        for delivered, units in supply.deliveries:
            for begin, end in supply.seen:
                unseen[row, (waits >= begin - delivered) & (waits <= end - delivered)] -= units / whole
        for day, number in Counter(_possible(supply)).items():
            shares = np.zeros(size)
            for delivered, units in supply.deliveries:
                if 0 <= day - delivered < size:
                    shares[day - delivered] += units / whole
            arrivals.append(shares)
            times.append(float(number))
    counts = np.array([len(_possible(supply)) for supply in supplies], dtype=float)
    return np.array(arrivals), np.array(times), np.clip(unseen, 0.0, 1.0), counts
