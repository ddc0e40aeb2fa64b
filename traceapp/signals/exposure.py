"""How many reports should a lot have had by a given day? Units in use, a rate per unit, and the wait between.

Source: the observed-to-expected method of EMA GVP product- or population-specific considerations I (vaccines),
section P.I.B.4.5, with delivered units in place of doses.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
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


DEFAULT_DELAY = Delay()


@lru_cache(maxsize=256)
def _table(law: DelayLaw, length: int) -> NDArray[np.float64]:
    """The law at 0, 1, ... length - 1 days; read-only because it is shared."""
    chances = np.maximum.accumulate(law.cdf(np.arange(length, dtype=float)))
    chances.flags.writeable = False
    return chances


def expected_curve(
    shipped: Sequence[tuple[date, int]], baseline_per_unit: float, delay: DelayLaw, start: date, days: int
) -> NDArray[np.float64]:
    """The cumulative expected number of reports at the end of each of `days` days from `start`; shape (days,).

    `shipped` are units by day of delivery in any order; units that came back or are held are negative entries on
    the day that they left use (they stop what those units would still have caused). The curve never falls: what was
    once expected stays expected, even when more comes back than the delay law thought unused.
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
        if (position := (day - first).days) < length:
            units[position] += count
    # Tables come in powers of two, so that a lot which grows older by a day finds one ready.
    chances = _table(delay, 1 << (length - 1).bit_length())[:length]
    total = np.zeros(length)
    for position in np.flatnonzero(units).tolist():
        total[position:] += units[position] * chances[: length - position]
    return np.maximum.accumulate(np.maximum(baseline_per_unit * total, 0.0))[before:]


def expected_reports(
    shipped: Sequence[tuple[date, int]], baseline_per_unit: float, delay: DelayLaw, on: date
) -> float:
    """The number of reports that a lot should have had by the end of `on`: rate x sum of units(s) x F(on - s).

    Entries and the handling of returns as in `expected_curve`. 0 where nothing was delivered by then.
    """
    return float(expected_curve(shipped, baseline_per_unit, delay, on, 1)[0])


def planned_expected(shipped: Sequence[tuple[date, int]], baseline_per_unit: float) -> float:
    """All reports that the delivered units will cause in the end: the planned length of surveillance of a lot.

    0 where nothing is (or remains) delivered.
    """
    require_positive(baseline_per_unit, "baseline_per_unit")
    return max(0.0, baseline_per_unit * math.fsum(units for _, units in shipped))
