"""Has the rate of complaints risen since some unknown day? Poisson CUSUM, with its exact mean time to alarm.

Source: Brook D, Evans DA, Biometrika 1972;59:539-549 (Markov chain); Lucas JM, Technometrics 1985;27:129-144.
"""
from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc, gammaln

from traceapp.core.errors import InvalidInput

from .arrays import number_arrays
from .errors import NoExposure, require_not_negative, require_positive

LARGEST_CHAIN = 4000
# The relative error that a mean run may have.
_EXACT = 1e-6


def reference_value(usual_mean: float, raised_mean: float) -> float:
    """The allowance k that detects a rise from one Poisson mean a period to another the fastest.

    (l1 - l0) / ln(l1 / l0). Raises InvalidInput unless 0 < usual_mean < raised_mean.
    """
    require_positive(usual_mean, "usual_mean")
    if not usual_mean < raised_mean < math.inf:
        raise InvalidInput("raised_mean must be above usual_mean.", place="raised_mean")
    return (raised_mean - usual_mean) / math.log(raised_mean / usual_mean)


def average_run_length(h: float, k: float, mean: float, *, head_start: float = 0.0) -> float:
    """The mean number of periods to the alarm C >= h of C = max(0, C + x - k), x Poisson(mean), C = head_start first.

    Exact: all values that C can take are multiples of one step, the states of a Markov chain. `head_start` lies
    in [0, h). Raises InvalidInput where `k` or `head_start` is so odd a fraction that the chain would pass
    `LARGEST_CHAIN` states (give k with two or three decimals), or where the mean run is beyond what numbers hold.
    """
    require_positive(h, "h")
    require_positive(k, "k")
    require_positive(mean, "mean")
    if not 0 <= head_start < h:
        raise InvalidInput("head_start must be at least 0 and below h.", place="head_start")
    # As the decimal that was written, not as the binary fraction that it became.
    allowance, start = Fraction(repr(float(k))), Fraction(repr(float(head_start)))
    per_unit = math.lcm(allowance.denominator, start.denominator)
    states = math.ceil(Fraction(repr(float(h))) * per_unit)
    if states > LARGEST_CHAIN:
        raise InvalidInput("The chain needs %(states)s states, more than %(most)s: round k, h and the head start.",
                           place="k", states=states, most=LARGEST_CHAIN)
    runs, certainty = _mean_runs(states, per_unit, int(allowance * per_unit), mean)
    found, sure = float(runs[int(start * per_unit)]), float(certainty[int(start * per_unit)])
    if not math.isfinite(found) or found < 1 or not abs(sure - 1) <= _EXACT:
        raise InvalidInput("An alarm at h %(h)s is so rare that its mean time cannot be computed.", place="h", h=h)
    return found


def _mean_runs(states: int, per_unit: int, allowance: int, mean: float
               ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean time to absorption from each state, (I - Q)^-1 1; and the chance to be absorbed at all, (I - Q)^-1 of the
    chances of an alarm, which is 1 as far as the numbers hold. Both of shape (states,)."""
    steps = np.zeros((states, states))
    most = (states + allowance) // per_unit + 1
    counts = np.arange(most + 1)
    chances = np.exp(counts * math.log(mean) - mean - gammaln(counts + 1))
    rows = np.arange(states)
    for count, chance in zip(counts.tolist(), chances.tolist(), strict=True):
        to = np.maximum(rows + count * per_unit - allowance, 0)
        inside = to < states
        np.add.at(steps, (rows[inside], to[inside]), chance)
    # The least count that alarms from each state, and the chance of that many or more.
    needed = -((rows - allowance - states) // per_unit)
    alarms = np.where(needed > 0, gammainc(np.maximum(needed, 1), mean), 1.0)
    solved = np.linalg.solve(np.eye(states) - steps, np.stack([np.ones(states), alarms], axis=1))
    return solved[:, 0], solved[:, 1]


def path(counts: ArrayLike, expected: ArrayLike, rate_ratio: float) -> NDArray[np.float64]:
    """The CUSUM of a lot whose expected count differs from period to period; alarm where it reaches a chosen h.

    `counts` and `expected` are per period (not cumulative), shape (periods,); W = max(0, W + x ln R - (R - 1) mu).
    Raises NoExposure for complaints in a period in which nothing is expected; InvalidInput for a ratio not above 1.
    """
    if not 1 < rate_ratio < math.inf:
        raise InvalidInput("rate_ratio must be above 1.", place="rate_ratio")
    (seen,), (means,) = number_arrays("counts", counts), number_arrays("expected", expected)
    if seen.shape != means.shape or seen.ndim != 1:
        raise InvalidInput("counts and expected must be two rows of one length.", place="expected")
    rises = seen * math.log(rate_ratio) - (rate_ratio - 1) * means
    values = np.empty(seen.size)
    level = 0.0
    for period, (count, mean) in enumerate(zip(seen.tolist(), means.tolist(), strict=True)):
        require_not_negative(mean, "expected")
        require_not_negative(count, "counts")
        if mean == 0 and count > 0:
            raise NoExposure("%(count)s complaints in period %(period)s, in which nothing was in use.",
                             place=str(period), count=int(count), period=period)
        level = max(0.0, level + float(rises[period]))
        values[period] = level
    return values
