"""What a sample of consignees says about all of them, exactly. Pure.

A sample without replacement out of `population` is hypergeometric, and its exact interval is the finite form of that of
Clopper and Pearson: every number of good ones that the sample does not rule out. Where the sample is less than a
twentieth of all, the interval of Clopper and Pearson itself is used, which is a little wider.

Source: Clopper and Pearson, Biometrika 26 (1934) 404; Buonaccorsi, The American Statistician 41 (1987) 215.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, fsum, lgamma

CERTAINTY = 0.95
_LARGE = 20
# A number whose chance is just the risk is not ruled out; what logarithms of factorials are off by does not decide.
_NOISE = 1 - 1e-8


@dataclass(frozen=True, slots=True)
class Share:
    """`least`: with 95 % certainty at least this share of all; `low` to `high`: the two-sided interval of 95 %.
    `method`: census (all were asked), hypergeometric, clopper-pearson, or none (nobody was asked)."""

    population: int
    asked: int
    good: int
    least: float
    low: float
    high: float
    method: str

    @property
    def least_percent(self) -> int:
        """The whole per cent that can be claimed, rounded down."""
        return int(self.least * 100 + 1e-9)


def share_of(good: int, asked: int, population: int) -> Share:
    """What `good` of `asked` out of `population` says. Raises ValueError for numbers that cannot be."""
    if not 0 <= good <= asked <= population:
        raise ValueError("good <= asked <= population")
    if asked == 0:
        return Share(population, 0, 0, 0.0, 0.0, 1.0, "none")
    if asked == population:
        return Share(population, asked, good, good / asked, good / asked, good / asked, "census")
    tail = (1 - CERTAINTY) / 2
    if asked * _LARGE < population:
        least, _high = clopper_pearson(good, asked, 1 - CERTAINTY)
        low, high = clopper_pearson(good, asked, tail)
        return Share(population, asked, good, least, low, high, "clopper-pearson")
    least, _high = _finite(good, asked, population, 1 - CERTAINTY)
    low, high = _finite(good, asked, population, tail)
    return Share(population, asked, good, least, low, high, "hypergeometric")


def clopper_pearson(good: int, asked: int, tail: float) -> tuple[float, float]:
    """The exact limits for a share of an endless population, `tail` being the risk at each end."""
    from scipy.special import betaincinv  # large, and needed where a recall is checked only

    low = 0.0 if good == 0 else float(betaincinv(good, asked - good + 1, tail))
    high = 1.0 if good == asked else float(betaincinv(good + 1, asked - good, 1 - tail))
    return low, high


def _finite(good: int, asked: int, population: int, tail: float) -> tuple[float, float]:
    """The smallest and the largest share that the sample does not rule out at this risk."""
    low = _least(good, population - (asked - good),
                 lambda all_good: _at_least(good, asked, all_good, population) > tail * _NOISE)
    # So many bad ones at most is so many good ones at least, seen from the other side.
    bad = _least(asked - good, population - good,
                 lambda all_bad: _at_least(asked - good, asked, all_bad, population) > tail * _NOISE)
    return low / population, (population - bad) / population


def _least(first: int, last: int, holds: Callable[[int], bool]) -> int:
    """The smallest number from `first` to `last` for which it holds; it holds for `last`, and from some number on."""
    while first < last:
        middle = (first + last) // 2
        if holds(middle):
            last = middle
        else:
            first = middle + 1
    return first


def _at_least(good: int, asked: int, all_good: int, population: int) -> float:
    """How probable it is to find at least `good` good ones when so many are good."""
    found = range(max(good, asked - (population - all_good)), min(asked, all_good) + 1)
    every = _log_choices(population, asked)
    return fsum(exp(_log_choices(all_good, one) + _log_choices(population - all_good, asked - one) - every)
                for one in found)


def _log_choices(of: int, taken: int) -> float:
    return lgamma(of + 1) - lgamma(taken + 1) - lgamma(of - taken + 1)
