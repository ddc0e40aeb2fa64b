"""What a product's own past says about the wait until a report, and about the usual number of reports per unit."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import gammaincinv, gammaln

from traceapp.core.errors import InvalidInput

from .arrays import number_arrays, whole_numbers
from .delay import ENOUGH_REPORTS
from .errors import NoExposure, require_count


@dataclass(frozen=True, slots=True)
class FittedDelay:
    """A wait in whole days as seen in reports; `chances[d]` is P(wait <= d), 1 from the last entry on."""

    chances: tuple[float, ...]

    def cdf(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(wait <= days), same shape as `days`; steps at whole days, 0 for negative days."""
        table = np.array((0.0, *self.chances))
        position = np.clip(np.floor(np.asarray(days, dtype=float)) + 1, 0, len(self.chances)).astype(np.int64)
        return table[position]


def fit_delay(waits: Sequence[int], watched: Sequence[int], *, enough: int = ENOUGH_REPORTS) -> FittedDelay | None:
    """The law of the wait, allowing for reports that have not come yet; None with fewer than `enough` reports.

    Of each report: the days from delivery to report, and the days from delivery until today, beyond which its wait
    could not have been seen. Product-limit in reverse time: F(d) = product over k > d of 1 - (waits equal to k) /
    (reports with wait <= k <= watched). What lies beyond the longest time watched cannot be known; the law is that
    of waits up to the last day for which it can.
    Raises InvalidInput for a wait below zero or beyond its time watched.
    Source: Lagakos SW, Barraj LM, De Gruttola V, Biometrika 1988;75:515-523.
    """
    waited, limit = whole_numbers("waits", waits), whole_numbers("watched", watched)
    if waited.shape != limit.shape or np.any(waited < 0) or np.any(waited > limit):
        raise InvalidInput("A wait must be at least 0 and at most the days watched.", place="waits")
    if waited.size < require_count(enough, "enough", least=1):
        return None
    longest = int(waited.max())
    equal = np.bincount(waited, minlength=longest + 1)
    # At risk on day k: wait <= k <= watched. Counted by running sums of who enters and who has left.
    entered = np.cumsum(equal)
    left = np.cumsum(np.bincount(np.minimum(limit, longest + 1) + 1, minlength=longest + 3))[: longest + 1]
    at_risk = entered - left
    hazard = np.divide(equal, at_risk, out=np.zeros(longest + 1), where=at_risk > 0)
    survival = np.append(np.cumprod((1 - hazard)[::-1])[::-1][1:], 1.0)
    return FittedDelay(tuple(np.clip(survival, 0.0, 1.0).tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Rates per unit: the family's gamma law (`shape`, `mean`) and the shrunken rate of each group, shape (groups,).

    `shape` is infinite where the groups differ no more than chance allows: all then have the mean. `reports` of all
    groups together.
    """

    shape: float
    mean: float
    rates: NDArray[np.float64]
    reports: int

    def history(self, count: int) -> int:
        """From how many reports the rate of a group with `count` of its own is known, in effect: its own and what the
        others lend it, which is never more than they have."""
        return self.reports if math.isinf(self.shape) else min(self.reports, math.floor(self.shape) + count)

    def interval(self, count: int, exposure: float, share: float = 0.95) -> tuple[float, float]:
        """The rates between which the rate of a group lies with the chance `share`, given its count and exposure."""
        if math.isinf(self.shape):
            shape, scale = float(self.reports), self.mean / self.reports
        else:
            shape, scale = self.shape + count, 1 / (self.shape / self.mean + exposure)
        low, high = gammaincinv(shape, np.array([(1 - share) / 2, (1 + share) / 2])) * scale
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate per unit, the bounds between which it lies with a chance of 95 %, from how many reports it is known."""

    rate: float
    low: float
    high: float
    history: int


def shrunken_rate(count: int, exposure: float, kin: Baseline | None, most_lent: float) -> Rate:
    """The rate of a group that leans on others in which it is not itself counted; None: there are none.

    The others lend as many reports as the shape of their law of rates says, at most `most_lent` and never more than
    they have: groups that look alike so far may still differ. Raises InvalidInput without any report or exposure.
    Source: the gamma posterior of a Poisson rate, Clayton D, Kaldor J, Biometrics 1987;43:671-681.
    """
    lent = 0.0 if kin is None else min(kin.shape, most_lent, float(kin.reports))
    shape, units = lent + count, exposure + (lent / kin.mean if kin is not None else 0.0)
    if shape <= 0 or units <= 0:
        raise InvalidInput("Without a single report there is no rate to estimate; keep the stated default.",
                           place="counts")
    low, high = gammaincinv(shape, np.array([0.025, 0.975])) / units
    return Rate(shape / units, float(low), float(high), math.floor(shape))


def fit_baseline(counts: ArrayLike, exposure: ArrayLike) -> Baseline:
    """The usual reports per unit of each group (lot, region, product), the small ones leaning on the others.

    `counts` and `exposure` (units in use, already multiplied by the chance that a report has come) have shape
    (groups,). Leave out lots under signal and windows after publicity. A group without exposure gets the mean.
    Empirical Bayes: counts are Poisson(rate x exposure), rates gamma; the gamma law is the likeliest one.
    Raises NoExposure for reports without exposure; InvalidInput where there is no report at all.
    Source: Clayton D, Kaldor J, Biometrics 1987;43:671-681.
    """
    (seen,), (units,) = number_arrays("counts", counts), number_arrays("exposure", exposure)
    if seen.ndim != 1 or seen.shape != units.shape or not np.all(np.isfinite(units)) or np.any(units < 0):
        raise InvalidInput("Counts and exposure must be two rows of one length, not below zero.", place="exposure")
    if np.any(seen < 0) or np.any(seen != np.floor(seen)):
        raise InvalidInput("Counts must be whole numbers, not below zero.", place="counts")
    if np.any((seen > 0) & (units == 0)):
        raise NoExposure("Group %(group)s has reports but no exposure.", place="exposure",
                         group=int(np.flatnonzero((seen > 0) & (units == 0))[0]))
    if seen.sum() == 0:
        raise InvalidInput("Without a single report there is no rate to estimate; keep the stated default.",
                           place="counts")
    pooled = float(seen.sum() / units.sum())
    used = units > 0

    def score(free: NDArray[np.float64]) -> float:
        shape, means = np.exp(free[0]), np.exp(free[1]) * pooled * units[used]
        log_chance = (gammaln(shape + seen[used]) - gammaln(shape) - shape * np.log1p(means / shape)
                      + seen[used] * (np.log(means) - np.log(shape + means)))
        return float(-log_chance.sum())

    results = [minimize(score, [start, 0.0], method="L-BFGS-B", bounds=[(-6.0, 12.0), (-5.0, 5.0)])
               for start in (0.0, 3.0)]
    best = min(results, key=lambda result: result.fun)
    shape, mean = float(np.exp(best.x[0])), float(np.exp(best.x[1]) * pooled)
    flat = float(-(seen[used] * np.log(pooled * units[used]) - pooled * units[used]).sum())
    if shape > 1e4 or flat <= float(best.fun) + 1e-6:
        return Baseline(math.inf, pooled, np.full(seen.shape, pooled), int(seen.sum()))
    return Baseline(shape, mean, (shape + seen) / (shape / mean + units), int(seen.sum()))
