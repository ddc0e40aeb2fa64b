"""What a simulated detector knows: the truth, or what earlier lots of the plant taught it.

It learns as the service does. Of a report it knows the lot and the day on which it came, not the day on which the unit
had been delivered; how long reports take is found by expectation and maximisation over the deliveries, beside a few
reports that waited as quality once stated. Its rate leans on those of sister products, where there are any.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .careful import CarefulDelay
from .delay import Delay
from .errors import require_count, require_not_negative, require_rate
from .exposure import DelayLaw
from .history import fit_baseline
from .plant import Plant, Reports, draw_reports
from .spread import Supply, chances_seen, fit_spread_delay

_MOST_RATE = 0.5
_STATED_WEIGHT = 10
# From so many reports on, beside the stated ones, what was learnt is nearer the truth than what was stated.
_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Past:
    """What `fitted` learns from: `lots` of the product itself, and as many of each of `family` sister products, whose
    rates vary by `spread` (standard deviation over mean) around the product's own. `stated`: the wait as quality
    stated it before there were reports; it need not be true."""

    lots: int = 40
    family: int = 0
    spread: float = 0.3
    stated: Delay = field(default_factory=Delay)

    def __post_init__(self) -> None:
        require_count(self.lots, "history", least=1)
        require_count(self.family, "family")
        require_not_negative(self.spread, "spread")


@dataclass(frozen=True, slots=True)
class Basis:
    """Reports a unit and the law of the wait; `history`: from how many reports they are known, None for certainty."""

    rate: float
    law: DelayLaw
    history: int | None = None


def known(plant: Plant, share: float = 1.0) -> Basis:
    """The truth about the reports of which `share` is counted."""
    return Basis(plant.rate * share, plant.delay)


def learn(plant: Plant, past: Past, rng: np.random.Generator, share: float = 1.0) -> Basis:
    """The basis for the graver `share` of reports from earlier lots without a cause, on the day the plan begins.

    A history without any report is taken for one with a single report: more cannot be said.
    """
    before = replace(plant, lots=past.lots, commons=())
    reports = draw_reports(before, (), 1.0, rng)
    # The wait is that of all reports; the rate is the group's own.
    every = _supplies(before, reports, reports.grave < 1.0)
    law: DelayLaw = fit_spread_delay(every, stated=past.stated, weight=_STATED_WEIGHT, enough=_ENOUGH) or past.stated
    careful = CarefulDelay(law, max(1, sum(len(supply.reports) for supply in every)))
    supplies = every if share == 1 else _supplies(before, reports, reports.grave < require_rate(share, "share"))
    exposure = sum(chances_seen(supply, law) for supply in supplies)
    count = sum(len(supply.reports) for supply in supplies)
    if exposure <= 0:
        return Basis(_MOST_RATE, careful, 1)
    rate = count / exposure if count > 0 else 1 / exposure
    if past.family > 0 and past.spread > 0:
        rate = _leaning(plant.rate * share, (count, exposure), past, rng) or rate
    # What sisters lend makes the rate better, but tells nothing about the wait of this product; early in a lot's life
    # what is expected hangs on the wait as much. So the history that the test allows for is the product's own.
    return Basis(min(rate, _MOST_RATE), careful, max(count, 1))


def _leaning(rate: float, own: tuple[int, float], past: Past, rng: np.random.Generator) -> float | None:
    """The product's rate among those of its sisters, which have been in use as long; None without any report."""
    count, exposure = own
    rates = rate * rng.gamma(past.spread**-2, past.spread**2, past.family)
    counts = np.append(rng.poisson(rates * exposure), count)
    if counts.sum() == 0:
        return None
    return float(fit_baseline(counts, np.full(counts.size, exposure)).rates[-1])


def _supplies(plant: Plant, reports: Reports, counted: NDArray[np.bool_]) -> list[Supply]:
    """Each lot with its deliveries so far and the days of its reports, as they stand when the next lot would begin."""
    today = int(plant.released[-1]) + math.ceil(plant.days_between)
    units = plant.delivered()
    seen = counted & (reports.reported < today)
    by_lot = np.split(reports.reported[seen], np.cumsum(np.bincount(reports.lot[seen], minlength=plant.lots))[:-1])
    supplies = []
    for first, days in zip(plant.released.tolist(), by_lot, strict=True):
        deliveries = tuple((first + day, float(count)) for day, count in enumerate(units)
                           if count > 0 and first + day < today)
        if deliveries:
            supplies.append(Supply(deliveries, ((first, today - 1),), tuple(days.tolist())))
    return supplies
