"""How well does a rise of the rate in some lots explain where the complaints are, from the start or from a day on?

Arrays are over exposed lots: complaints, exposure as parts of its sum, and for a set of lots the dose of each.
Source: as in `causes`; a change on an unknown day by averaging over the days, Smith AFM, Biometrika 1975;62:407-416.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

from traceapp.core.errors import InvalidInput

RATE_RATIOS = (2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
LARGEST_RATIO = 1e6
# Half of the belief that a lasting thing is at fault goes to "since ever", half to "since some day", all days alike.
SINCE_EVER = 0.5
# So many later days are tried at most, spread evenly over the lots: more would cost time and tell little.
MOST_STARTS = 8
_WHOLE = 1 - 1e-12
_HALF_CHI_SQUARE_95 = 1.920729410347062
Values = NDArray[np.float64]


def log_bayes_factors(doses: csr_matrix, complaints: Values, part: Values) -> Values:
    """ln of the mean over R of prod_l (1 + (R-1) w_l)^c_l / (1 + (R-1) sum_l f_l w_l)^T; shape (sets,)."""
    total, held = complaints.sum(), doses @ part
    rows = []
    for ratio in RATE_RATIOS:
        gain = doses.copy()
        gain.data = np.log1p((ratio - 1) * gain.data)
        rows.append(gain @ complaints - total * np.log1p((ratio - 1) * held))
    return np.asarray(logsumexp(np.array(rows), axis=0) - math.log(len(RATE_RATIOS)))


@dataclass(frozen=True, slots=True)
class Change:
    """The day on which something is seen to have changed, by other evidence than complaints, and the part of the belief
    in its fault that is in one since then or since a later day; the rest is spread as if nothing had been seen."""

    day: float
    part: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.day) and 0 <= self.part <= 1):
            raise InvalidInput("A change has a day, and a part from 0 to 1 of the belief.", place="changed")


def starts(days: Values, change: Change | None = None) -> Values:
    """The days, rising, on which a fault may have begun: the first of all, and at most `MOST_STARTS` later ones; and
    the first one since the day of a change, where there is one."""
    known, sizes = np.unique(days, return_counts=True)
    found = known
    if known.size > MOST_STARTS + 1:
        wanted = np.linspace(0, days.size, MOST_STARTS + 1, endpoint=False)
        found = known[np.searchsorted(sizes.cumsum(), wanted, side="right")]
    after = known[known >= change.day][:1] if change else known[:0]
    return np.union1d(found, after)


def _belief(begun: Values, change: Change | None) -> Values:
    """How much of the belief in a fault is in one that began on each of the days, the first standing for ever. What
    changed does harm since then, or once it has changed enough."""
    belief = _spread(begun.size)
    at = int(np.searchsorted(begun, change.day)) if change else begun.size
    if change and at < begun.size:
        belief *= 1 - change.part
        belief[at:] += change.part * _spread(begun.size - at)
    return belief


def _spread(days: int) -> Values:
    """Half of the belief for the first day, half for all others alike."""
    if days == 1:
        return np.ones(1)
    return np.append(SINCE_EVER, np.full(days - 1, (1 - SINCE_EVER) / (days - 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The complaints of one set of lots by how much of the cause each met: `counts` with `doses`, and the day of the
    lot of each. Where the place of a complaint is known its dose is that of the place, not that of the lot."""

    counts: Values
    doses: Values
    days: Values


def since_when(told: Told, held: Values, days: Values, change: Change | None = None, *, total: float
               ) -> tuple[float, float | None]:
    """The log Bayes factor of one set whose fault may have begun on any of its `starts`, and the likeliest such day;
    None where "since ever" is at least as likely as all later days together. On one day alone it is the plain factor.

    `held` (dose times part of the exposure) and `days` are over the lots of the set.
    """
    order, told_order = np.argsort(days, kind="stable"), np.argsort(told.days, kind="stable")
    begun = starts(days, change)
    steps = np.array(RATE_RATIOS)[:, None] - 1
    seen = _from_each(np.log1p(steps * told.doses[told_order]) * told.counts[told_order], told.days[told_order], begun)
    means = _from_each(held[order][None, :], days[order], begun)
    by_day = logsumexp(seen - total * np.log1p(steps * means), axis=0) - math.log(len(RATE_RATIOS))
    if by_day.size == 1:
        return float(by_day[0]), None
    with np.errstate(divide="ignore"):
        weighed = by_day + np.log(_belief(begun, change))
    whole, later = float(logsumexp(weighed)), weighed[1:]
    if logsumexp(later) <= weighed[0]:
        return whole, None
    return whole, float(begun[1:][int(later.argmax())])


def _from_each(values: Values, days: Values, begun: Values) -> Values:
    """Sums over everything from each day of `begun` on; `days` are rising."""
    sums = np.concatenate([values[:, ::-1].cumsum(axis=1)[:, ::-1], np.zeros((values.shape[0], 1))], axis=1)
    return np.asarray(sums[:, np.searchsorted(days, begun)])


def explained_complaints(counts: Values, doses: Values, held: float, likeliest: float | None) -> float:
    """How many complaints come from the rise: of a lot with dose w each with probability (R-1) w / (1 + (R-1) w)."""
    if held > _WHOLE:
        return 0.0
    ratio = LARGEST_RATIO if likeliest is None else max(likeliest, 1.0)
    return float(counts @ ((ratio - 1) * doses / (1 + (ratio - 1) * doses)))


def rate_ratio(counts: Values, doses: Values, total: float, held: float) -> tuple[float | None, float, float | None]:
    """The likeliest rate ratio and its 95 % profile limits; None for no bound, 0 for the lower limit of nothing."""
    if total == 0 or held > _WHOLE:
        return None, 0.0, None

    def slope(log_ratio: float) -> float:
        ratio = math.exp(log_ratio)
        return float(counts @ (doses / (1 + (ratio - 1) * doses))) - total * held / (1 + (ratio - 1) * held)

    def support(log_ratio: float) -> float:
        step = math.expm1(log_ratio)
        return float(counts @ np.log1p(step * doses)) - total * math.log1p(step * held)

    span = math.log(LARGEST_RATIO)
    if slope(span) > 0:
        peak = span
    elif slope(-span) < 0:
        peak = -span
    else:
        peak = brentq(slope, -span, span)
    floor = support(peak) - _HALF_CHI_SQUARE_95
    low = brentq(lambda x: support(x) - floor, -span, peak) if support(-span) < floor else -math.inf
    high = brentq(lambda x: support(x) - floor, peak, span) if support(span) < floor else math.inf
    return (None if peak == span else math.exp(peak) if peak > -span else 0.0,
            math.exp(low), None if math.isinf(high) else math.exp(high))
