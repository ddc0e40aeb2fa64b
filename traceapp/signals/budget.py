"""How the false alarms that a house promises are spent, by the service and by everything that simulates it. Pure.

One number is promised: false alarms for a hundred lots released. It is split by weight over the kinds of nodes and
over the two groups of severity, and the part of a kind over the nodes of that kind that begin in a year. Each test
owns its part from its start on; the sum of all parts bounds the expected number of false alarms, whatever depends on
what (the probability that any of several events happens is at most the sum of theirs).

Hardly a house has every kind. Half of a kind's part is its own at all times; the other halves of all kinds of nodes are
common, and the kinds that the house has share them by weight (all of them there: to each its own part). What a kind
spends beyond its own half in a year of 365 days is taken from what is common, and never more than is left of it; so the
sum is kept whichever kinds come and go. A kind that comes later has its own half at once and takes its other half as
the year goes on: while tests begin evenly, what was lent comes back sooner than it needs it. Lots and the screens of
terms neither lend nor borrow: every lot has the same level, however many come.

A test whose end is not known when it begins runs in stages: stage k is a test of its own, of everything since the
start, planned until `first plan * 2^k` expected reports. A growing node's stage k spends alpha / ((k + 1)(k + 2)),
which over all k sums to alpha: half in the first stage, and after ten doublings still a hundredth where halving would
leave a two-thousandth. A lot's end is known from the units made; only a rate that is fitted anew can move it, so its
first stage spends nine tenths, and the later ones share the rest in the same way. By the union bound the whole is
valid however fast the node grows, and whenever a stage is left for the next.
Source: Boole's inequality, as in Dunn OJ, J Am Stat Assoc 1961;56:52-64.
"""
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

YEAR = timedelta(days=365)
DEFAULT_PER_HUNDRED_LOTS = 1.0
MOST_ALPHA = 0.05
# Below it nothing is tested: no count that could ever be seen would alarm.
LEAST_ALPHA = 1e-8
# A node of some lots expects a few reports in its life. A plan four times too long costs it half a unit of the log-
# likelihood ratio, one too short by three doublings more than two.
FIRST_PLAN = 4.0
_LOT_FIRST = 0.9
# No test takes more than a quarter of what is left.
_SPARE = 4
LOT, SCREENS = "lot", "screens"
# Percent of the promise; lots and what they were made from come first, because there a cause is most often found.
# `screens` is kept for the screens of terms that run beside the nodes.
DEFAULT_WEIGHTS: Mapping[str, float] = {
    LOT: 35.0, "upstream": 20.0, "supplier": 6.0, "line": 6.0, "equipment": 4.0, "operator": 4.0, "load": 6.0,
    "site": 3.0, "lane": 3.0, "consignee": 3.0, SCREENS: 10.0}
GROUP_SHARES: Mapping[str, float] = {"harm": 0.6, "serious": 0.4}
# What a kind of node has for itself, of its part.
KEPT = 0.5
# A kind's first year is taken to bring at least so many: a house that begins must not spend all on its first node.
LEAST_LOTS = 100
LEAST_NODES: Mapping[str, int] = {
    LOT: LEAST_LOTS, "upstream": 60, "supplier": 20, "line": 16, "equipment": 20, "operator": 20, "load": 100,
    "site": 8, "lane": 20, "consignee": 100}


@dataclass(frozen=True, slots=True)
class Split:
    """What is promised: false alarms for a hundred lots, and percent of it for each kind of node; a kind without a
    weight is not watched. `groups`: the share of each group of severity in the part of a kind."""

    per_hundred_lots: float = DEFAULT_PER_HUNDRED_LOTS
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    groups: Mapping[str, float] = field(default_factory=lambda: dict(GROUP_SHARES))

    def promised(self, lots: int) -> float:
        """The false alarms promised in a year of so many lots."""
        return self.per_hundred_lots * max(lots, LEAST_LOTS) / 100.0

    def part(self, lots: int, kind: str, group: str) -> float:
        """Those of them that the nodes of one kind may spend on one group."""
        return self.promised(lots) * self.weights.get(kind, 0.0) / 100.0 * self.groups[group]


@dataclass(frozen=True, slots=True)
class Begun:
    """Tests of one kind and group that begin on a day: how many, and what those among them with a level have in sum."""

    day: date
    kind: str
    number: int = 1
    spent: float = 0.0


@dataclass(frozen=True, slots=True)
class Year:
    """What is known when tests begin: `tests` of the same group and of every kind but lots, these too, of two years
    before and one after; and how many lots began in the year."""

    tests: Sequence[Begun]
    lots: int


def shares(weights: Mapping[str, float], present: Collection[str]) -> dict[str, float]:
    """What each kind may spend while the house has the `present` ones, of the same whole as the weights; for a kind of
    node that it has not, what is kept for it."""
    nodes = {kind: weight for kind, weight in weights.items() if kind not in (LOT, SCREENS)}
    there = sum(weight for kind, weight in nodes.items() if kind in present)
    lent = (1 - KEPT) * sum(nodes.values()) / there if there else 0.0
    return {kind: weight * (KEPT + lent * (kind in present)) if kind in nodes else weight
            for kind, weight in weights.items()}


def levels(split: Split, test: tuple[str, str], begun: tuple[date, int], year: Year) -> list[float]:
    """The level of each of some tests of one (kind, group) that begin on a day, `begun` the day and how many: what the
    kind may spend, beside all tests that run already. A lot's own is the same for every lot."""
    kind, group = test
    if kind == LOT:
        # The part of a hundred lots in a hundred lots: however many come, each may spend the same.
        return [rounded_down(min(MOST_ALPHA, split.part(LEAST_LOTS, kind, group) / LEAST_LOTS))] * begun[1]
    parts = {one: split.part(year.lots, one, group) for one in split.weights if one not in (LOT, SCREENS)}
    return allot(parts, kind, begun, year.tests, least=LEAST_NODES.get(kind, 1)) if kind in parts else [0.0] * begun[1]


def allot(parts: Mapping[str, float], kind: str, begun: tuple[date, int], tests: Iterable[Begun], *, least: int = 1
          ) -> list[float]:
    """The level of each test of a kind that begins, beside all `tests`, these too; `parts`: what each kind may spend in
    a year if the house has all.

    A test gets what the kind may spend now divided by the tests of the kind in the fullest year that it lies in, but
    never more than a quarter of what is left in any such year; so no year of 365 days ever spends more than the parts.
    In the first year of a kind `least` tests are divided among, if there are not more; later so many more as those
    whose levels the quarter leaves over.
    """
    day, number = begun
    known = sorted((one for one in tests if one.day < day + YEAR), key=lambda one: one.day)
    near = [one for one in known if one.day > day - YEAR]
    left, fullest = _tightest(parts, kind, near)
    is_settled = any(one.kind == kind for one in known[:len(known) - len(near)])
    among = fullest + _SPARE if is_settled else max(least, fullest)
    share = shares(parts, {one.kind for one in near} | {kind})[kind] / max(1, among)
    found = []
    for _ in range(number):
        level = rounded_down(min(MOST_ALPHA, share, max(0.0, left) / _SPARE))
        left -= level
        found.append(level)
    return found


def _tightest(parts: Mapping[str, float], kind: str, near: Sequence[Begun]) -> tuple[float, int]:
    """What is left for a kind where least is, in any year of 365 days that `near`, in order of time, touches; and the
    most tests of the kind that begin in one."""
    common = (1 - KEPT) * sum(parts.values())
    spent: dict[str, float] = defaultdict(float)
    beyond, number, first = 0.0, 0, 0
    left, fullest = common + KEPT * parts[kind], 0

    def count(one: Begun, sign: int) -> None:
        nonlocal beyond, number
        own = KEPT * parts.get(one.kind, 0.0)
        beyond -= max(0.0, spent[one.kind] - own)
        spent[one.kind] += sign * one.spent
        beyond += max(0.0, spent[one.kind] - own)
        number += sign * one.number * (one.kind == kind)

    for one in near:
        count(one, 1)
        while near[first].day <= one.day - YEAR:
            count(near[first], -1)
            first += 1
        left = min(left, max(0.0, KEPT * parts[kind] - spent[kind]) + common - beyond)
        fullest = max(fullest, number)
    return left, fullest


def rounded_down(level: float) -> float:
    """A level on a grid of four steps a doubling, never above the one given, so that many tests share one line."""
    if level < LEAST_ALPHA:
        return 0.0
    return float(2.0 ** (math.floor(4 * math.log2(level) + 1e-9) / 4))


def stage_alpha(kind: str, alpha: float, stage: int) -> float:
    """What one stage of a test may spend; over all stages it sums to `alpha`."""
    if kind != LOT:
        return alpha / ((stage + 1) * (stage + 2))
    return alpha * _LOT_FIRST if stage == 0 else alpha * (1 - _LOT_FIRST) / (stage * (stage + 1))


def stage_end(first_plan: float, stage: int) -> float:
    """The expected reports until which a stage is planned."""
    return float(first_plan * 2.0 ** stage)


def stage_for(first_plan: float, expected: float, present: int = 0) -> int:
    """The first stage from the present one on that is not over at `expected`."""
    stage = present
    while stage_end(first_plan, stage) < expected:
        stage += 1
    return stage
