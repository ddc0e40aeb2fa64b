"""Gamma-Poisson shrinkage: published scores, the posterior by integration, and fits of known priors."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import gamma, nbinom, poisson

from traceapp.core.errors import InvalidInput
from traceapp.signals import shrinkage
from traceapp.signals.errors import NoExposure
from traceapp.signals.shrinkage import (
    Points,
    Prior,
    _Slope,
    fit,
    lower_limit,
    minus_log_likelihood,
    points,
    scores,
    squash,
)

PUBLISHED = Prior(0.204, 0.058, 1.415, 1.838, 0.0969)


@pytest.mark.parametrize(
    ("count", "expected", "printed"),
    [
        (1, 0.1, (1.2488, 0.2879, 8.1881)),
        (3, 1, (1.4620, 0.5792, 3.3989)),
        (10, 1, (8.8715, 4.6059, 15.0095)),
        (100, 20, (4.8982, 4.1121, 5.7932)),
    ],
)
def test_scores_at_a_given_prior_are_the_published_ones(
    count: int, expected: float, printed: tuple[float, float, float]
) -> None:
    found = scores(PUBLISHED, count, expected)
    assert tuple(round(float(x), 4) for x in (found.ebgm, found.eb05, found.eb95)) == printed


def test_scores_agree_with_the_posterior_by_integration() -> None:
    prior, count, mean = Prior(2.0, 0.5, 3.0, 3.0, 0.3), 4, 1.7

    def density(rate: float) -> float:
        mixed = 0.3 * gamma.pdf(rate, 2, scale=2) + 0.7 * gamma.pdf(rate, 3, scale=1 / 3)
        return float(mixed * poisson.pmf(count, rate * mean))

    whole = quad(density, 0, 60, points=[1, 4], limit=200)[0]
    found = scores(prior, count, mean)
    log_mean = quad(lambda rate: np.log(rate) * density(rate), 0, 60, points=[1, 4], limit=200)[0] / whole
    assert float(found.ebgm) == pytest.approx(np.exp(log_mean), rel=1e-6)
    assert quad(density, 0, float(found.eb05), limit=200)[0] / whole == pytest.approx(0.05, abs=1e-7)
    assert quad(density, 0, float(found.eb95), points=[1], limit=200)[0] / whole == pytest.approx(0.95, abs=1e-7)


@pytest.mark.parametrize("weight", [1e-30, 1e-17, 1e-5, 0.3, 1 - 1e-5, 1 - 1e-16])
def test_a_limit_has_its_chance_below_it_however_little_one_component_weighs(weight: float) -> None:
    counts, means = np.array([3.0, 3.0, 12.0]), np.array([0.01, 2.0, 1.0])
    prior = Prior(41.5, 0.0077, 999.7, 1000.0, weight)
    laws = [gamma(a + counts, scale=1 / (b + means)) for a, b in ((prior.a1, prior.b1), (prior.a2, prior.b2))]
    first = shrinkage._mixing(prior, counts, means)
    limit = lower_limit(prior, counts, means)
    assert first * laws[0].cdf(limit) + (1 - first) * laws[1].cdf(limit) == pytest.approx(0.05, rel=1e-10)


@pytest.mark.parametrize("weight", [1e-17, 1e-9, 0.3])
def test_the_search_for_a_limit_ends_when_it_is_found(weight: float, monkeypatch: pytest.MonkeyPatch) -> None:
    prior = Prior(41.473646, 0.00773803, 999.654, 1000.0, weight)
    counts, means = np.full(500, 3.0), np.linspace(0.001, 3.0, 500)
    rounds = []
    below = shrinkage._Mixture.below
    monkeypatch.setattr(shrinkage._Mixture, "below", lambda self, at: rounds.append(at.size) or below(self, at))
    lower_limit(prior, counts, means)
    assert sum(rounds) <= 6 * counts.size


def drawn(prior: Prior, cells: int, seed: int) -> Points:
    """Cells with at least one report, each component truncated by itself."""
    rng = np.random.default_rng(seed)
    expected = rng.uniform(0.05, 6.0, cells)
    first = rng.random(cells) < prior.p
    a, b = np.where(first, prior.a1, prior.a2), np.where(first, prior.b1, prior.b2)
    success = b / (b + expected)
    least = nbinom.cdf(0, a, success)
    counts = nbinom.ppf(least + (1 - least) * rng.random(cells), a, success)
    return points(np.maximum(counts, 1), expected)


def test_a_fit_scores_no_worse_than_the_prior_that_made_the_data_and_comes_near_it() -> None:
    truth = Prior(8.0, 1.0, 2.0, 2.5, 0.1)
    cells = drawn(truth, 1200, seed=2)
    found = fit(cells)
    assert found.score <= minus_log_likelihood(truth, cells)
    assert found.score == pytest.approx(minus_log_likelihood(found.prior, cells))
    a, b = (scores(prior, [1, 5, 20], [1.0, 1.0, 3.0]).ebgm for prior in (found.prior, truth))
    assert a == pytest.approx(b, rel=0.15)


def test_each_component_is_truncated_by_itself() -> None:
    cells = points([2], [0.8])
    parts = []
    for a, b in ((0.204, 0.058), (1.415, 1.838)):
        success = b / (b + 0.8)
        parts.append(nbinom.pmf(2, a, success) / (1 - nbinom.pmf(0, a, success)))
    expected = -np.log(0.0969 * parts[0] + (1 - 0.0969) * parts[1])
    assert minus_log_likelihood(PUBLISHED, cells) == pytest.approx(expected)
    whole = minus_log_likelihood(PUBLISHED, cells, zeros=True)
    untruncated = [nbinom.pmf(2, a, b / (b + 0.8)) for a, b in ((0.204, 0.058), (1.415, 1.838))]
    assert whole == pytest.approx(-np.log(0.0969 * untruncated[0] + (1 - 0.0969) * untruncated[1]))


def test_squashing_keeps_the_largest_and_the_number_of_cells() -> None:
    cells = points([1] * 230 + [2] * 5, np.arange(1.0, 236.0))
    small = squash(cells, bin_size=50, keep=100)
    assert small.counts.size == 5 + 100 + 3
    assert small.weights.sum() == 235
    assert small.weights[-3:].tolist() == [50, 50, 30]
    assert small.expected[-3:].tolist() == [25.5, 75.5, 115.5]
    assert squash(cells, count=2) is cells


def test_squashed_cells_fit_about_as_well() -> None:
    cells = drawn(Prior(8.0, 1.0, 2.0, 2.5, 0.1), 1200, seed=3)
    quick = fit(squash(cells, bin_size=25)).prior
    assert minus_log_likelihood(quick, cells) == pytest.approx(fit(cells).score, abs=0.5)


def test_cells_in_which_nothing_is_expected_are_refused() -> None:
    with pytest.raises(NoExposure):
        scores(PUBLISHED, [1, 2], [0.5, 0.0])


def test_zero_cells_must_be_announced() -> None:
    with pytest.raises(InvalidInput, match="say so"):
        fit(points([0, 1], [1.0, 1.0]))
    with pytest.raises(InvalidInput, match="nothing to fit"):
        fit(points([], []))


@pytest.mark.parametrize("zeros", [False, True])
def test_the_slope_that_a_fit_follows_is_that_of_its_score(zeros: bool) -> None:
    cells = drawn(Prior(8.0, 1.0, 2.0, 2.5, 0.1), 300, seed=4)
    slope, free = _Slope(cells, zeros), np.array([0.3, -0.2, 0.9, 1.1, -1.5])
    value, gradient = slope(free)
    prior = Prior(*np.exp(free[:4]).tolist(), float(1 / (1 + np.exp(1.5))))
    assert value * slope.scale == pytest.approx(minus_log_likelihood(prior, cells, zeros=zeros))
    assert gradient == pytest.approx(approx_fprime(free, lambda x: slope(x)[0], 1e-7), abs=1e-5)
