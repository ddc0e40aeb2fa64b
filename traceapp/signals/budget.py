"""How the false alarms that a house promises are spent, by the service and by everything that simulates it. Pure.

One number is promised: false alarms for a hundred lots released. It is split by weight over the kinds of nodes and
over the two groups of severity, and the part of a kind over the nodes of that kind that begin in a year. Each test
owns its part from its start on; the sum of all parts bounds the expected number of false alarms, whatever depends on
what (the probability that any of several events happens is at most the sum of theirs).

A test whose end is not known when it begins runs in stages: stage k is a test of its own, of everything since the
start, planned until `first plan * 2^k` expected reports. A growing node's stage k spends alpha / ((k + 1)(k + 2)),
which over all k sums to alpha: half in the first stage, and after ten doublings still a hundredth where halving would
leave a two-thousandth. A lot's end is known from the units made; only a rate that is fitted anew can move it, so its
first stage spends nine tenths, and the later ones share the rest in the same way. By the union bound the whole is
valid however fast the node grows, and whenever a stage is left for the next.
Source: Boole's inequality, as in Dunn OJ, J Am Stat Assoc 1961;56:52-64.
"""
from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
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
LOT, SCREENS = "lot", "screens"
# Percent of the promise; lots and what they were made from come first, because there a cause is most often found.
# `screens` is kept for the screens of terms that run beside the nodes.
DEFAULT_WEIGHTS: Mapping[str, float] = {
    LOT: 35.0, "upstream": 20.0, "supplier": 6.0, "line": 6.0, "equipment": 4.0, "operator": 4.0, "load": 6.0,
    "site": 3.0, "lane": 3.0, "consignee": 3.0, SCREENS: 10.0}
GROUP_SHARES: Mapping[str, float] = {"harm": 0.6, "serious": 0.4}
# A year is taken to bring at least so many: a house that begins must not spend all on its first node.
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
class Year:
    """What is known of the tests of one kind and group when some more begin: (day begun, level) of all within a year
    of them, these too, level None where there is none yet; and how many lots began in the year."""

    tests: Sequence[tuple[date, float | None]]
    lots: int


def levels(split: Split, test: tuple[str, str], begun: Sequence[date], year: Year) -> list[float]:
    """The level of each test of one (kind, group) that begins, `begun` in order of time: what its kind may spend,
    beside the tests of the kind that run already. A lot's own is the same for every lot."""
    kind, group = test
    if kind == LOT:
        # The part of a hundred lots in a hundred lots: however many come, each may spend the same.
        return [rounded_down(min(MOST_ALPHA, split.part(LEAST_LOTS, kind, group) / LEAST_LOTS))] * len(begun)
    known = [(day, level) for day, level in year.tests if level is not None]
    return allot(split.part(year.lots, kind, group), [day for day, _ in year.tests], begun, known,
                 least=LEAST_NODES.get(kind, 1))


def allot(part: float, days: Sequence[date], begun: Sequence[date], known: Sequence[tuple[date, float]], *,
          least: int = 1) -> list[float]:
    """The level of each node that begins, `begun` in order of time, beside the `known` ones (day, level) of its kind;
    `days` are those on which nodes of the kind begin, these and all others that one knows of.

    A node gets the part divided by the nodes that begin in the fullest year that it lies in, but never more than a
    quarter of what is left of the part in any such year; so no year of 365 days ever spends more than the part.
    """
    spent = sorted(known)
    ones = [(one, 1.0) for one in sorted(days)]
    found = []
    for day in begun:
        number = max(least, round(_most_spent(ones, day)))
        level = rounded_down(min(MOST_ALPHA, part / number, max(0.0, part - _most_spent(spent, day)) / 4))
        bisect.insort(spent, (day, level))
        found.append(level)
    return found


def _most_spent(spent: Sequence[tuple[date, float]], day: date) -> float:
    """The most that any year of 365 days with this day in it has spent, `spent` in order of time."""
    low = bisect.bisect_right(spent, (day - YEAR, math.inf))
    high = bisect.bisect_left(spent, (day + YEAR, -math.inf))
    near = spent[low:high]
    most, total, first = 0.0, 0.0, 0
    for at, level in near:
        total += level
        while near[first][0] <= at - YEAR:
            total -= near[first][1]
            first += 1
        most = max(most, total)
    return most


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
