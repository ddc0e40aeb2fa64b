"""How many reports should a lot have had by a given day? Units in use, a rate per unit, and the wait between.

Source: the observed-to-expected method of EMA GVP product- or population-specific considerations I (vaccines),
section P.I.B.4.5, with delivered units in place of doses.
"""
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln, hyp1f1

from traceapp.core.errors import InvalidInput

from .delay import Delay
from .errors import require_positive

# A mean wait below a tenth of a second is no wait.
_NO_WAIT = 1e-6


class DelayLaw(Protocol):
    """The wait from delivery of a unit to the report about it. Hashable, so that its table is computed once."""

    def cdf(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(wait <= days), same shape as `days`, rising from 0 towards 1; 0 for negative days."""

    def __hash__(self) -> int: ...


def delay_chances(delay: Delay, days: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(use and report within `days`), same shape as `days`; closed form, monotone, 0 for negative days."""
    days = np.asarray(days, dtype=float)
    t = np.maximum(days, 0.0)
    if delay.use_mean_days < _NO_WAIT:
        chance = _report_cdf(delay, t)
    elif delay.report_mean_days < _NO_WAIT:
        chance = -np.expm1(-t / delay.use_mean_days)
    else:
        chance = _report_cdf(delay, t) - _reported_only_without_use(delay, t)
    return np.where(days < 0, 0.0, np.clip(chance, 0.0, 1.0))


def _report_cdf(delay: Delay, t: NDArray[np.float64]) -> NDArray[np.float64]:
    if delay.report_mean_days < _NO_WAIT:
        return np.ones_like(t)
    return gammainc(delay.report_shape, t * delay.report_shape / delay.report_mean_days)


def _reported_only_without_use(delay: Delay, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(report wait <= t < use wait + report wait): the integral of the gamma density against the use tail.

    With rates r = 1/scale and u = 1/use mean it is exp(-ut) r^k/G(k) * integral of y^(k-1) exp(-(r-u)y).
    """
    shape = delay.report_shape
    rate, use_rate = shape / delay.report_mean_days, 1 / delay.use_mean_days
    excess = rate - use_rate
    if excess > 0.05 * rate:
        return np.exp(-use_rate * t) * (rate / excess) ** shape * gammainc(shape, excess * t)
    # Kummer's function takes over where use is about as slow as the report, or faster. The cap binds only where
    # the first factor has long vanished.
    with np.errstate(divide="ignore"):
        density = np.exp(shape * np.log(rate * t) - gammaln(shape + 1) - rate * t)
    return density * _kummer(shape, np.minimum(excess * t, 600.0))


def _kummer(shape: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """1F1(1; shape + 1; x); for x far below zero its asymptotic series, where the library grows slow and fails.

    Source: NIST Digital Library of Mathematical Functions, 13.2.23.
    """
    far = x < -(40 + 20 * shape)
    term = np.where(far, -1 / np.where(far, x, -1.0), 0.0)
    series = np.zeros_like(x)
    for order in range(40):
        series += term
        term = term * (shape - 1 - order) / np.where(far, x, -1.0)
    return np.where(far, shape * series, hyp1f1(1.0, shape + 1, np.where(far, 0.0, x)))


@lru_cache(maxsize=256)
def day_chances(law: DelayLaw, length: int) -> NDArray[np.float64]:
    """P(report by the end of day k) of a unit delivered at some moment of day 0, for k from 0; shape (length,).

    The end of day k lies between k and k + 1 days after delivery, each moment as likely: the mean of the law over
    that day, by the middles of its quarters. Read-only because it is shared.
    """
    within = np.arange(length, dtype=float)
    chances = np.maximum.accumulate(np.mean([law.cdf(within + part) for part in (0.125, 0.375, 0.625, 0.875)], axis=0))
    chances.flags.writeable = False
    return chances


def expected_curve(
    shipped: Sequence[tuple[date, float]], baseline_per_unit: float, delay: DelayLaw, start: date, days: int
) -> NDArray[np.float64]:
    """The cumulative expected number of reports at the end of each of `days` days from `start`; shape (days,).

    `shipped` are units by day of delivery in any order, each at some moment of its day; units that came back or are
    held are negative entries on the day that they left use (they stop what those units would still have caused; see
    `in_use`). The curve never falls: what was once expected stays expected, even when more comes back than the delay
    law thought unused.
    `baseline_per_unit` is reports per unit over its whole life. Raises InvalidInput for a baseline not above zero.
    """
    require_positive(baseline_per_unit, "baseline_per_unit")
    if days < 0:
        raise InvalidInput("days must not be below zero.", place="days")
    if not shipped or days == 0:
        return np.zeros(days)
    first = min(start, min(day for day, _ in shipped))
    before = (start - first).days
    length = before + days
    units = np.zeros(length)
    for day, count in shipped:
        if not math.isfinite(count):
            raise InvalidInput("Delivered units must be numbers.", place="shipped")
        if (position := (day - first).days) < length:
            units[position] += count
    # Tables come in powers of two, so that a lot which grows older by a day finds one ready.
    chances = day_chances(delay, 1 << (length - 1).bit_length())[:length]
    total = np.zeros(length)
    for position in np.flatnonzero(units).tolist():
        total[position:] += units[position] * chances[: length - position]
    return np.maximum.accumulate(np.maximum(baseline_per_unit * total, 0.0))[before:]


def expected_reports(
    shipped: Sequence[tuple[date, float]], baseline_per_unit: float, delay: DelayLaw, on: date
) -> float:
    """The number of reports that a lot should have had by the end of `on`: rate x sum of units(s) x P(wait by then).

    Entries and the handling of returns as in `expected_curve`. 0 where nothing was delivered by then.
    """
    return float(expected_curve(shipped, baseline_per_unit, delay, on, 1)[0])


def in_use(
    shipped: Sequence[tuple[date, float]], holds: Sequence[tuple[date, date | None]], use_mean_days: float
) -> list[tuple[date, float]]:
    """Units that enter use (above zero) or leave it (below), by day: deliveries and returns, stopped by holds.

    `shipped` has returns as negative entries; a hold lasts from its first day until the day that it was lifted
    (None: it stands), and what is delivered on its first day was delivered before it. Use takes an exponential time,
    so that of each unit not used yet the wait begins anew whenever one looks: what is unused when a hold begins
    leaves use whole, and enters it again when the hold ends, less what came back meanwhile; exact for that law.
    """
    found: dict[date, float] = defaultdict(float)
    lasting = math.exp(-1 / use_mean_days) if use_mean_days >= _NO_WAIT else 0.0
    unused, held, is_held, at = 0.0, 0.0, False, date.min
    for day, what, units in _moments(shipped, holds):
        unused *= lasting ** (day - at).days
        at = day
        if what is _Moment.moved and is_held:
            held = max(0.0, held + units)
            continue
        if what is _Moment.held:
            held, units = max(0.0, unused), -max(0.0, unused)
        elif what is _Moment.lifted:
            held, units = 0.0, held
        is_held = what is _Moment.held
        unused += units
        found[day] += units
    return [(day, units) for day, units in found.items() if units]


class _Moment(IntEnum):
    """What happens to a lot, in the order in which it counts on one day."""

    lifted = 0
    moved = 1
    held = 2


def _moments(
    shipped: Sequence[tuple[date, float]], holds: Sequence[tuple[date, date | None]]
) -> list[tuple[date, _Moment, float]]:
    found = [(day, _Moment.moved, float(units)) for day, units in shipped]
    for begin, end in _united(holds):
        found.append((begin, _Moment.held, 0.0))
        if end is not None:
            found.append((end, _Moment.lifted, 0.0))
    return sorted(found)


def _united(holds: Sequence[tuple[date, date | None]]) -> list[tuple[date, date | None]]:
    """Spans that do not touch, in order; those without a day between begin and end are left out."""
    found: list[tuple[date, date | None]] = []
    for begin, end in sorted(holds, key=lambda span: (span[0], span[1] or date.max)):
        if end is not None and end <= begin:
            continue
        if found and (found[-1][1] is None or begin <= found[-1][1]):
            last = found[-1]
            found[-1] = (last[0], None if last[1] is None or end is None else max(last[1], end))
        else:
            found.append((begin, end))
    return found


def planned_expected(shipped: Sequence[tuple[date, float]], baseline_per_unit: float) -> float:
    """All reports that the delivered units will cause in the end: the planned length of surveillance of a lot.

    0 where nothing is (or remains) delivered.
    """
    require_positive(baseline_per_unit, "baseline_per_unit")
    return max(0.0, baseline_per_unit * math.fsum(units for _, units in shipped))
