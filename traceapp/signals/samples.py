"""What tests of samples say about causes, and which sample would say most.

A sample is bad if, and only if, the cause is the sampled thing itself or lies upstream of it; a test finds a bad one
with its sensitivity and clears a good one with its specificity. Bayes' theorem does the rest.
Source: Bayes; the value of a test is the mutual information of Shannon CE, Bell Syst Tech J 1948;27:379-423.
"""
from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from traceapp.core.errors import InvalidInput

from .separation import children_of, entropy, made_from

if TYPE_CHECKING:
    from .genealogy import Edge

# Stated defaults of a test, shown as such where a result is entered.
SENSITIVITY = 0.95
SPECIFICITY = 0.98


class Found(StrEnum):
    contaminated = "contaminated"
    clean = "clean"
    unclear = "unclear"


class Taken(StrEnum):
    """Where the sample comes from. `retained`: kept back when it was made; `stock`: from our store; `returned`: from
    a customer, so that it shows what happened on the way too."""

    retained = "retained"
    stock = "stock"
    returned = "returned"


@dataclass(frozen=True, slots=True)
class Test:
    """How good a test is: P(contaminated | bad) and P(clean | good)."""

    __test__ = False

    sensitivity: float = SENSITIVITY
    specificity: float = SPECIFICITY

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidInput("%(name)s must be above 0 and at most 1.", place=name, name=name)
        if self.sensitivity + self.specificity <= 1:
            raise InvalidInput("A test with this sensitivity and specificity would tell nothing: together they must "
                               "be above 1.", place="sensitivity")


USUAL = Test()


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a sample of `node`. `unseen` are nodes that cannot show in it, since they act on the product only
    after the sample was taken."""

    node: str
    found: Found
    test: Test = USUAL
    unseen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NextSample:
    """What testing `node` is expected to tell: the chance of a bad result, and bits of the whole question."""

    node: str
    chance: float
    bits: float


# ln P(all results | this node is the cause) - ln P(all results | no cause); 0 for a node of which no result speaks.
LogOdds = dict[str, float]
_NEVER = -60.0


def log_odds(results: Sequence[Result], edges: Sequence[Edge]) -> LogOdds:
    """How much likelier the results are under each node as the cause than under no cause, in natural logarithms.

    An `unclear` result says nothing. What a test without error rules out gets odds of e^-60.
    """
    parents = children_of((child, parent) for parent, child in edges)
    odds: LogOdds = {}
    for result in results:
        change = _change(result)
        if change == 0:
            continue
        for node in made_from(result.node, parents) - result.unseen:
            odds[node] = odds.get(node, 0.0) + change
    return odds


def _change(result: Result) -> float:
    test = result.test
    if result.found == Found.unclear:
        return 0.0
    bad, good = ((test.sensitivity, 1 - test.specificity) if result.found == Found.contaminated
                 else (1 - test.sensitivity, test.specificity))
    return math.log(bad / good) if bad > 0 and good > 0 else _NEVER if bad == 0 else -_NEVER


def next_samples(
    posterior: Mapping[str, float], edges: Sequence[Edge], available: Mapping[str, Collection[str]], *,
    test: Test = USUAL, most: int = 5
) -> tuple[NextSample, ...]:
    """The samples that tell most about the whole question, most telling first; of equal ones the first named.

    `posterior` holds the probability of each node (the rest is no cause); `available` the things that can be sampled,
    the easiest first, each with the nodes that cannot show in it. Samples that would tell the same are named once,
    those that would tell nothing not at all.
    """
    parents = children_of((child, parent) for parent, child in edges)
    found: dict[float, NextSample] = {}
    for node in available:
        above = made_from(node, parents) - set(available[node])
        # From the smallest: the same nodes give the same sum, whatever their order in the set.
        bad = min(1.0, math.fsum(sorted(posterior.get(one, 0.0) for one in above)))
        chance = bad * test.sensitivity + (1 - bad) * (1 - test.specificity)
        bits = entropy(chance) - bad * entropy(test.sensitivity) - (1 - bad) * entropy(test.specificity)
        found.setdefault(round(bad, 12), NextSample(node, chance, max(0.0, bits)))
    ordered = sorted(found.values(), key=lambda one: -one.bits)
    return tuple(one for one in ordered if one.bits > 1e-9)[:most]

