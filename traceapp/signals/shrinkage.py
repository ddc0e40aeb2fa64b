"""Which lot-term pairs are reported more than expected, once small numbers are distrusted? Gamma-Poisson shrinkage.

a | lambda ~ Poisson(lambda E), lambda from a mixture of two gamma laws that is fitted to all pairs at once.
Source: DuMouchel W, Am Stat 1999;53:177-190; DuMouchel W, Pregibon D, Proc KDD 2001:67-76 (data squashing).
"""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammainc, gammaincinv, gammaln, logit

from traceapp.core.errors import InvalidInput

from .arrays import counts_and_expected
from .errors import NoExposure, require_count, require_positive, require_rate

_SMALLEST, _LARGEST = 1e-3, 1e3
# Steps of the search for a quantile, by tangent or by halves; it ends earlier where nothing moves any more.
_STEPS, _EXACT = 80, 1e-13
# A component of less weight moves no digit of a quantile.
_NO_WEIGHT = 1e-18
# Starts that are followed at the same time: NumPy lets go of the interpreter while it computes.
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Prior:
    """The mixture p Gamma(a1, rate b1) + (1 - p) Gamma(a2, rate b2) of relative rates."""

    a1: float
    b1: float
    a2: float
    b2: float
    p: float

    def __post_init__(self) -> None:
        for name in ("a1", "b1", "a2", "b2"):
            require_positive(getattr(self, name), name)
        require_rate(self.p, "p")


# From different corners, because the likelihood is flat and has several peaks.
STARTS = (
    Prior(0.2, 0.1, 2.0, 4.0, 1 / 3), Prior(0.1, 0.1, 10.0, 10.0, 0.2), Prior(2.0, 0.5, 2.0, 2.0, 0.1),
    Prior(10.0, 1.0, 1.5, 1.5, 0.05), Prior(0.5, 0.5, 5.0, 5.0, 0.5), Prior(20.0, 2.0, 1.7, 1.6, 0.03),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fit:
    """The best of all starts; `score` is its minus log likelihood (compare scores, not parameters)."""

    prior: Prior
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Posterior geometric mean and 5 % and 95 % points of the relative rate; shapes as the counts."""

    ebgm: NDArray[np.float64]
    eb05: NDArray[np.float64]
    eb95: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Cells for fitting: count, expected count, and how many cells each point stands for."""

    counts: NDArray[np.float64]
    expected: NDArray[np.float64]
    weights: NDArray[np.float64]


def points(counts: ArrayLike, expected: ArrayLike) -> Points:
    """Every cell as its own point; shape (cells,). Raises NoExposure for a cell in which nothing is expected."""
    seen, means = _cells(counts, expected)
    return Points(seen, means, np.ones_like(seen))


def squash(cells: Points, *, count: int = 1, bin_size: int = 50, keep: int = 100) -> Points:
    """Fewer points for the same fit: cells with this count, but the `keep` largest expected, averaged in bins.

    Bins of `bin_size` along the sorted expected counts, the last one smaller; a bin weighs as many cells as it has.
    """
    require_count(bin_size, "bin_size", least=1)
    require_count(keep, "keep")
    chosen = np.flatnonzero(cells.counts == count)
    chosen = chosen[np.argsort(cells.expected[chosen], kind="stable")]
    merged = chosen[: max(0, chosen.size - keep)]
    if merged.size == 0:
        return cells
    edges = np.arange(0, merged.size, bin_size)
    weight = np.add.reduceat(cells.weights[merged], edges)
    mean = np.add.reduceat(cells.expected[merged] * cells.weights[merged], edges) / weight
    rest = np.ones(cells.counts.size, dtype=bool)
    rest[merged] = False
    return Points(
        np.append(cells.counts[rest], np.full(weight.size, float(count))),
        np.append(cells.expected[rest], mean), np.append(cells.weights[rest], weight),
    )  # fmt: skip


def minus_log_likelihood(prior: Prior, cells: Points, *, zeros: bool = False) -> float:
    """The fit's score; without `zeros` only cells with a count are given, and each component is truncated by itself.

    Truncating the mixture as a whole instead is a different model with clearly different signals.
    """
    parts = []
    for a, b in ((prior.a1, prior.b1), (prior.a2, prior.b2)):
        log_chance = _log_negative_binomial(cells.counts, cells.expected, a, b)
        if not zeros:
            log_chance = log_chance - np.log(-np.expm1(-a * np.log1p(cells.expected / b)))
        parts.append(log_chance)
    both = np.logaddexp(np.log(prior.p) + parts[0], np.log1p(-prior.p) + parts[1])
    return float(-(cells.weights @ both))


def fit(cells: Points, *, zeros: bool = False, starts: Sequence[Prior] = STARTS) -> Fit:
    """The prior that explains all cells best, the best of several starts; parameters within [1e-3, 1e3].

    Raises InvalidInput without cells, or for a zero count where `zeros` is not set.
    """
    if cells.counts.size == 0 or not starts:
        raise InvalidInput("There is nothing to fit.", place="counts")
    if not zeros and np.any(cells.counts == 0):
        raise InvalidInput("Cells without a report are given: say so, or leave them out.", place="counts")
    bounds = [(np.log(_SMALLEST), np.log(_LARGEST))] * 4 + [(-12.0, 12.0)]
    slope = _Slope(cells, zeros)

    def follow(start: Prior) -> Fit:
        free = np.append(np.log([start.a1, start.b1, start.a2, start.b2]), logit(start.p))
        result = minimize(slope, free, method="L-BFGS-B", jac=True, bounds=bounds,
                          options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500})
        return Fit(_prior(result.x), float(result.fun * slope.scale))

    with ThreadPoolExecutor(_THREADS) as pool:
        return min(pool.map(follow, starts), key=lambda one: one.score)


class _Slope:
    """The score a cell and its gradient by the free parameters (logarithms, and the logit of p).

    What depends on a count alone is computed once a different count.
    """

    def __init__(self, cells: Points, zeros: bool) -> None:
        self.scale = float(cells.weights.sum())
        self._expected, self._weights, self._zeros = cells.expected, cells.weights / self.scale, zeros
        self._log_expected = np.log(cells.expected)
        self._different, self._at = np.unique(cells.counts, return_inverse=True)
        self._counts = cells.counts

    def __call__(self, free: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        a1, b1, a2, b2 = np.exp(free[:4]).tolist()
        one, two = self._component(a1, b1), self._component(a2, b2)
        log_p, log_rest = -np.log1p(np.exp(-free[4])), -np.log1p(np.exp(free[4]))
        first, second = log_p + one[0], log_rest + two[0]
        both = np.logaddexp(first, second)
        share = np.exp(first - both) * self._weights
        rest = self._weights - share
        slope = np.array([_sum_of(share, one[1]), _sum_of(share, one[2]), _sum_of(rest, two[1]), _sum_of(rest, two[2]),
                          share.sum() - float(expit(free[4]))])
        return -_sum_of(self._weights, both), -slope

    def _component(self, a: float, b: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The logarithm of each cell's chance, and its slopes by ln a and ln b."""
        seen, means, log_ratio = self._counts, self._expected, np.log1p(self._expected / b)
        of_count = gammaln(a + self._different) - gammaln(a) - gammaln(self._different + 1)
        log_chance = of_count[self._at] - a * log_ratio + seen * (self._log_expected - np.log(b) - log_ratio)
        by_a = a * ((digamma(a + self._different) - digamma(a))[self._at] - log_ratio)
        by_b = a * means / (b + means) - seen * b / (b + means)
        if not self._zeros:
            none = np.expm1(-a * log_ratio)
            log_chance -= np.log(-none)
            lost = -(1 + none) / none * a
            by_a += lost * -log_ratio
            by_b += lost * means / (b + means)
        return log_chance, by_a, by_b


def _sum_of(weights: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """The weighted sum. Not by `@`: that wakes a second thread, which costs ten times the sum of so few numbers."""
    return float(np.einsum("i,i->", weights, values))


def _prior(free: NDArray[np.float64]) -> Prior:
    a1, b1, a2, b2 = np.exp(free[:4]).tolist()
    return Prior(a1, b1, a2, b2, float(expit(free[4])))


def scores(prior: Prior, counts: ArrayLike, expected: ArrayLike) -> Scores:
    """EBGM with EB05 and EB95 of each cell; shapes as `counts`. Raises NoExposure where nothing is expected."""
    seen, means = _cells(counts, expected)
    first = _mixing(prior, seen, means)
    logs = [digamma(a + seen) - np.log(b + means) for a, b in ((prior.a1, prior.b1), (prior.a2, prior.b2))]
    ebgm = np.exp(first * logs[0] + (1 - first) * logs[1])
    low, high = (_quantile(prior, (seen, means), first, chance) for chance in (0.05, 0.95))
    return Scores(ebgm, low, high)


def lower_limit(prior: Prior, counts: ArrayLike, expected: ArrayLike) -> NDArray[np.float64]:
    """EB05 alone; shapes as `counts`. Raises NoExposure where nothing is expected."""
    seen, means = _cells(counts, expected)
    return _quantile(prior, (seen, means), _mixing(prior, seen, means), 0.05)


def _mixing(prior: Prior, seen: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Posterior probability of the first component, from the untruncated laws."""
    one = _log_negative_binomial(seen, means, prior.a1, prior.b1)
    two = _log_negative_binomial(seen, means, prior.a2, prior.b2)
    return np.asarray(expit(logit(prior.p) + one - two))


def _quantile(
    prior: Prior, cells: tuple[NDArray[np.float64], NDArray[np.float64]], first: NDArray[np.float64], chance: float
) -> NDArray[np.float64]:
    """The point below which the posterior mixture has this probability; a component's own where the other has no
    weight, else between both."""
    seen, means = (values.ravel() for values in cells)
    share = np.broadcast_to(first, cells[0].shape).ravel()
    shapes, rates = (prior.a1 + seen, prior.a2 + seen), (prior.b1 + means, prior.b2 + means)
    point = np.empty(seen.size)
    alone = (1 - share <= _NO_WEIGHT, share <= _NO_WEIGHT)
    for is_alone, shape, rate in zip(alone, shapes, rates, strict=True):
        point[is_alone] = gammaincinv(shape[is_alone], chance) / rate[is_alone]
    both = np.flatnonzero(~(alone[0] | alone[1]))
    mixture = _Mixture(share, shapes, rates)
    point[both] = mixture.of(both).quantile(chance)
    return point.reshape(cells[0].shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """Two gamma laws mixed, for each of a row of cells."""

    first: NDArray[np.float64]
    shapes: Sequence[NDArray[np.float64]]
    rates: Sequence[NDArray[np.float64]]

    def of(self, cells: NDArray[np.int64]) -> _Mixture:
        """The same for some of the cells."""
        return _Mixture(self.first[cells], [x[cells] for x in self.shapes], [x[cells] for x in self.rates])

    def quantile(self, chance: float) -> NDArray[np.float64]:
        """The point that has this probability below it, between the components' own."""
        own = [gammaincinv(shape, chance) / rate for shape, rate in zip(self.shapes, self.rates, strict=True)]
        low, high = np.minimum(*own), np.maximum(*own)
        point, open_ = self.first * own[0] + (1 - self.first) * own[1], np.arange(self.first.size)
        for _ in range(_STEPS):
            if open_.size == 0:
                break
            some, at = self.of(open_), point[open_]
            below, density = some.below(at) - chance, some.density(at)
            low[open_], high[open_] = np.where(below < 0, at, low[open_]), np.where(below < 0, high[open_], at)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                step = at - below / density
            # At the end a tangent's step is too small to lead inside; then halves would lead away again.
            is_found = np.isfinite(density) & (np.abs(step - at) <= _EXACT * at)
            is_inside = is_found | (step > low[open_]) & (step < high[open_])
            step = np.where(is_inside, step, (low[open_] + high[open_]) / 2)
            point[open_] = step
            open_ = open_[np.abs(step - at) > _EXACT * step]
        return point

    def below(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """The chance of less than `point`."""
        one, two = (gammainc(shape, rate * point) for shape, rate in zip(self.shapes, self.rates, strict=True))
        return np.asarray(self.first * one + (1 - self.first) * two)

    def density(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """The density at `point`."""
        with np.errstate(divide="ignore"):
            one, two = (np.exp(shape * np.log(rate * point) - rate * point - gammaln(shape)) / point
                        for shape, rate in zip(self.shapes, self.rates, strict=True))
        return np.asarray(self.first * one + (1 - self.first) * two)


def _log_negative_binomial(
    seen: NDArray[np.float64], means: NDArray[np.float64], a: float, b: float
) -> NDArray[np.float64]:
    return np.asarray(gammaln(a + seen) - gammaln(a) - gammaln(seen + 1)
                      - a * np.log1p(means / b) + seen * (np.log(means) - np.log(b + means)))


def _cells(counts: ArrayLike, expected: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    seen, means = counts_and_expected(counts, expected)
    if np.any(means == 0):
        raise NoExposure("A cell in which nothing is expected has no relative rate.", place="expected")
    return seen, means
