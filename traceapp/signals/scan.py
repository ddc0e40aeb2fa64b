"""Which part of a genealogy has more complaints than its share, with all the parts that were looked at allowed for?

A node is any set of leaves (finished lots): with several parents to a node the genealogy is a DAG, and nothing
changes. p-values are Monte Carlo from a seed, so a repeated question has the same answer.
Source: Kulldorff M, Fang Z, Walsh SJ, Biometrics 2003;59:323-331; Kulldorff M et al., Stat Anal Data Min
2013;6:437-445 (Poisson, Bernoulli); Yih WK et al., Vaccine 2019;37:4055-4063 (tree-temporal).
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.special import xlogy

from traceapp.core.errors import InvalidInput

from .arrays import LARGEST_WHOLE, number_arrays
from .errors import NoExposure, require_count, require_rate
from .genealogy import membership

# Numbers held at a time while replications run.
_CHUNK = 2_000_000
Nodes = Mapping[str, Collection[int]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one node (in one window of days, first and last included) shows.

    `rate_ratio` compares the inside with the outside (Poisson, tree-temporal) or with the stated probability
    (Bernoulli); None where there is nothing to compare with. `excess` is the count that a rate ratio of one would
    not have given. `p` is P(the largest ratio anywhere is at least this one) by chance.
    """

    node: str
    count: int
    expected: float
    rate_ratio: float | None
    excess: float
    llr: float
    p: float
    window: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The findings, largest likelihood ratio first, and the largest ratio of each replication, rising."""

    findings: tuple[Finding, ...]
    maxima: NDArray[np.float64]

    def critical(self, alpha: float) -> float:
        """The ratio that a node must exceed to have p <= alpha. Raises InvalidInput for too few replications."""
        rank = int(require_rate(alpha, "alpha") * (self.maxima.size + 1) + 1e-9)
        if rank < 1:
            raise InvalidInput("There are too few replications for so small an alpha.", place="alpha")
        return float(self.maxima[-rank])


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """One value a node: counts, expected counts, the rate outside relative to its expectation, ratios, windows."""

    counts: NDArray[np.float64]
    means: NDArray[np.float64]
    outside: NDArray[np.float64]
    llr: NDArray[np.float64]
    windows: list[tuple[int, int]] | None = None


def conditional_ratio(
    counts: NDArray[np.float64], expected: NDArray[np.float64], total: ArrayLike
) -> NDArray[np.float64]:
    """C ln(C/E) + (T-C) ln((T-C)/(T-E)) where C > E > 0, else 0; shapes broadcast."""
    whole = np.asarray(total, dtype=float)
    rest = whole - counts
    inside = xlogy(counts, np.where(expected > 0, counts / np.where(expected > 0, expected, 1.0), 1.0))
    outside = xlogy(rest, np.where(whole > expected, rest / np.where(whole > expected, whole - expected, 1.0), 1.0))
    # A node that holds everything differs from its expected count only by rounding.
    return np.where(counts > expected * (1 + 1e-12), np.maximum(inside + outside, 0.0), 0.0)


def binomial_ratio(
    counts: NDArray[np.float64], trials: NDArray[np.float64], probability: ArrayLike
) -> NDArray[np.float64]:
    """c ln(c/(np)) + (n-c) ln((n-c)/(n(1-p))) where c > np, else 0; shapes broadcast."""
    chance = np.asarray(probability, dtype=float)
    return conditional_ratio(counts, trials * chance, trials)


def scan_poisson(
    cases: ArrayLike, population: ArrayLike, nodes: Nodes, *, replications: int = 9999, seed: int = 0
) -> Scan:
    """The conditional Poisson scan: the total is taken as given, the population says only who had which share.

    `cases` (whole numbers) and `population` (units, or expected counts on any scale) have shape (leaves,); `nodes`
    are leaf positions. Without any case every ratio is 0 and every p 1.
    Raises NoExposure for cases in a leaf without population, InvalidInput for what makes no sense.
    """
    seen, people = _leaves(cases, population)
    if np.any((seen > 0) & (people == 0)):
        raise NoExposure("Cases are recorded in leaf %(leaf)s, which has no population.", place="population",
                         leaf=int(np.flatnonzero((seen > 0) & (people == 0))[0]))
    total, whole = seen.sum(), people.sum()
    means = people * (total / whole) if whole > 0 else np.zeros_like(people)
    sets = _sets(nodes, seen.size)
    node_means = sets @ means
    rng = np.random.default_rng(require_count(seed, "seed"))

    def draw(size: int) -> NDArray[np.float64]:
        if total == 0:
            return np.zeros((size, seen.size))
        return rng.multinomial(int(total), people / whole, size=size).astype(float)

    def ratios(leaves: NDArray[np.float64]) -> NDArray[np.float64]:
        return conditional_ratio((sets @ leaves.T).T, node_means, total)

    counts = sets @ seen
    maxima = _maxima(draw, ratios, replications, seen.size + sets.shape[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.where(total - node_means > 1e-9 * total, (total - counts) / (total - node_means), np.nan)
    return _report(list(nodes), _Seen(counts, node_means, outside, ratios(seen[None, :])[0]), maxima)


def scan_bernoulli(
    cases: ArrayLike, trials: ArrayLike, nodes: Nodes, probability: float, *, replications: int = 9999, seed: int = 0
) -> Scan:
    """The Bernoulli scan: each of `trials` became a case with the stated probability; the total is not fixed.

    `cases` and `trials` are whole numbers of shape (leaves,). Raises InvalidInput for more cases than trials.
    """
    seen, all_trials = _leaves(cases, trials)
    require_rate(probability, "probability")
    if np.any(seen > all_trials) or np.any(all_trials != np.floor(all_trials)) or np.any(all_trials > LARGEST_WHOLE):
        raise InvalidInput("Trials must be whole numbers, none below its cases.", place="trials")
    sets = _sets(nodes, seen.size)
    node_trials = sets @ all_trials
    rng = np.random.default_rng(require_count(seed, "seed"))

    def draw(size: int) -> NDArray[np.float64]:
        return rng.binomial(all_trials.astype(np.int64), probability, size=(size, seen.size)).astype(float)

    def ratios(leaves: NDArray[np.float64]) -> NDArray[np.float64]:
        return binomial_ratio((sets @ leaves.T).T, node_trials, probability)

    maxima = _maxima(draw, ratios, replications, seen.size + sets.shape[0])
    counts = sets @ seen
    observed = _Seen(counts, node_trials * probability, np.ones_like(counts), ratios(seen[None, :])[0])
    return _report(list(nodes), observed, maxima)


def scan_tree_temporal(
    cases: ArrayLike, nodes: Nodes, windows: Sequence[tuple[int, int]], *, replications: int = 999, seed: int = 0
) -> Scan:
    """Does a node have its cases bunched in some window of days? Each node's total is taken as given.

    `cases` are whole numbers of shape (leaves, days); `windows` are (first, last) day positions, both included. By
    chance the cases of a leaf fall on any day alike: E = cases of the node x length / days. One finding a node,
    with its best window. Raises InvalidInput for what makes no sense.
    """
    (seen,) = number_arrays("cases", cases)
    if seen.ndim != 2 or seen.size == 0 or not np.all(np.isfinite(seen) & (seen >= 0) & (seen == np.floor(seen))):
        raise InvalidInput("Cases must be whole numbers, a row a leaf and a column a day.", place="cases")
    leaves, days = seen.shape
    if not windows or any(not 0 <= first <= last < days for first, last in windows):
        raise InvalidInput("A window must lie within the days, first day before last.", place="windows")
    starts, ends = (np.array(side, dtype=np.int64) for side in zip(*windows, strict=True))
    part = (ends - starts + 1) / days
    sets = _sets(nodes, leaves)
    node_totals = sets @ seen.sum(axis=1)
    totals = seen.sum(axis=1).astype(np.int64)
    rng = np.random.default_rng(require_count(seed, "seed"))

    def in_windows(by_day: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.concatenate([np.zeros((*by_day.shape[:-1], 1)), by_day.cumsum(axis=-1)], axis=-1)
        return sums[..., ends + 1] - sums[..., starts]

    def draw(size: int) -> NDArray[np.float64]:
        drawn = rng.multinomial(np.tile(totals, (size, 1)), np.full(days, 1 / days))
        return in_windows(drawn.astype(float))

    def ratios(windowed: NDArray[np.float64]) -> NDArray[np.float64]:
        by_node = np.stack([sets @ one for one in windowed])
        return binomial_ratio(by_node, node_totals[:, None], part).reshape(len(windowed), -1)

    observed = in_windows(seen)
    found = ratios(observed[None, ...])[0].reshape(sets.shape[0], len(windows))
    width = leaves * days + (leaves + sets.shape[0]) * len(windows)
    maxima = _maxima(draw, ratios, replications, width)
    best, rows = found.argmax(axis=1), np.arange(sets.shape[0])
    counts, means = (sets @ observed)[rows, best], node_totals * part[best]
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.where(node_totals > means, (node_totals - counts) / (node_totals - means), np.nan)
    best_windows = [windows[i] for i in best.tolist()]
    return _report(list(nodes), _Seen(counts, means, outside, found[rows, best], best_windows), maxima)


def _leaves(cases: ArrayLike, sizes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    (seen,), (whole,) = number_arrays("cases", cases), number_arrays("population", sizes)
    if seen.ndim != 1 or seen.shape != whole.shape or seen.size == 0:
        raise InvalidInput("Cases and population must be two rows of one length, not empty.", place="cases")
    if not np.all(np.isfinite(seen)) or np.any(seen < 0) or np.any(seen != np.floor(seen)):
        raise InvalidInput("Cases must be whole numbers, not below zero.", place="cases")
    if not np.all(np.isfinite(whole)) or np.any(whole < 0):
        raise InvalidInput("The population must be finite and not below zero.", place="population")
    return seen, whole


def _sets(nodes: Nodes, leaves: int) -> csr_matrix:
    if not nodes:
        raise InvalidInput("There is no node to look at.", place="nodes")
    for node, members in nodes.items():
        if any(not 0 <= leaf < leaves for leaf in members):
            raise InvalidInput("Node %(node)s names a leaf that is not there.", place="nodes", node=node)
    return membership([dict.fromkeys(members, 1.0) for members in nodes.values()], leaves)


def _maxima(
    draw: Callable[[int], NDArray[np.float64]], ratios: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    replications: int, width: int,
) -> NDArray[np.float64]:
    """The largest ratio of each replication, rising; some replications at a time to bound the memory."""
    require_count(replications, "replications", least=1)
    size = max(1, _CHUNK // width)
    parts = [ratios(draw(min(size, replications - at))).max(axis=1) for at in range(0, replications, size)]
    return np.sort(np.concatenate(parts))


def _report(names: list[str], seen: _Seen, maxima: NDArray[np.float64]) -> Scan:
    # Equal ratios computed along different ways differ in the last digits; they are ties.
    at_least = maxima.size - np.searchsorted(maxima, seen.llr - 1e-9, side="left")
    p = (1 + at_least) / (maxima.size + 1)
    findings = []
    for i, name in enumerate(names):
        count, mean, outside = float(seen.counts[i]), float(seen.means[i]), float(seen.outside[i])
        ratio = count / mean / outside if mean > 0 and outside > 0 else None
        excess = count - mean * (outside if np.isfinite(outside) else 1.0)
        window = None if seen.windows is None else seen.windows[i]
        findings.append(Finding(name, int(count), mean, ratio, excess, float(seen.llr[i]), float(p[i]), window))
    return Scan(tuple(sorted(findings, key=lambda finding: -finding.llr)), maxima)
