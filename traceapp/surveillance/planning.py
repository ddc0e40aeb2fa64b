"""What detection would do in a plant like this one, and what better records or more reports would buy in days.

A plan is played many times with the same chances for every variant (`signals.simulation`), so that variants differ by
what was changed and little else. The detector is given the true rate and delay: what it must learn from few earlier
lots costs time on top.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from traceapp.core.errors import InvalidInput
from traceapp.signals.delay import Delay

Cause = Literal["lot", "raw", "line"]
CAUSES: tuple[Cause, ...] = ("lot", "raw", "line")
RUNS = 40
# No lot alarms on fewer (the detector's own least count).
LEAST_REPORTS = 3
_LOTS, _FEWEST = 12, 8
# A house that has been watched for two years: what begins in one is known.
_BEFORE = 730
_MOST_REPORTS = 5000.0
# field -> least and most
BOUNDS: dict[str, tuple[float, float]] = {
    "lots_a_year": (4, 20_000), "units": (1, 10_000_000), "shipping_days": (1, 365), "use_days": (0, 365),
    "report_days": (0, 365), "baseline": (1e-7, 0.04), "rate_ratio": (1.1, 100), "counted": (0.05, 1),
    "lots_a_raw": (1, 12), "raws": (0, 6), "lines": (0, 12)}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plant in plain numbers. `baseline`: reports per unit that come in today in normal times and name their lot;
    `counted`: which share of all there could be these are; `shipping_known`: whether despatches are recorded by day;
    `nodes_watched`: whether raw lots and lines are watched beside single lots; times in days."""

    lots_a_year: int = 50
    units: int = 3000
    shipping_days: int = 28
    use_days: float = 14.0
    report_days: float = 7.0
    baseline: float = 0.001
    cause: Cause = "raw"
    rate_ratio: float = 5.0
    counted: float = 0.5
    shipping_known: bool = True
    lots_a_raw: int = 4
    raws: int = 2
    lines: int = 2
    nodes_watched: bool = True

    def __post_init__(self) -> None:
        for name, (least, most) in BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise InvalidInput("Enter a number from %(least)s to %(most)s.", place=name, least=f"{least:g}",
                                   most=f"{most:,.0f}" if most >= 1 else f"{most:g}")
        if self.cause not in CAUSES or (self.cause == "raw" and not self.raws) or (
                self.cause == "line" and self.lines < 2):
            raise InvalidInput("There is no such thing in this plant that could be the cause.", place="cause")
        if self.units * self.whole_rate * _LOTS > _MOST_REPORTS:
            raise InvalidInput("That makes more reports than can be played through here: %(count)s a batch. Lower the "
                               "number of units or the rate.", place="baseline",
                               count=f"{self.units * self.whole_rate:,.0f}")

    @property
    def whole_rate(self) -> float:
        """Reports per unit if all came in."""
        return self.baseline / self.counted

    @property
    def usual_reports(self) -> float:
        """Reports that come in about one lot in normal times, over its whole life."""
        return self.units * self.baseline

    @property
    def is_too_small(self) -> bool:
        """Whether even a bad lot brings fewer reports than any lot alarms on."""
        return self.usual_reports * self.rate_ratio < LEAST_REPORTS


@dataclass(frozen=True, slots=True)
class Course:
    """How a variant went: `delays` in days from the first delivery of a bad lot to the alarm, sorted, of the runs that
    raised one. `top1`: how often the true cause stood first on that day. `bound`: no test is faster on average."""

    delays: tuple[int, ...]
    runs: int
    false_alarms_per_100_lots: float
    top1: float | None
    bound: int | None

    @property
    def detected(self) -> float:
        """The share of runs in which the cause was found at all."""
        return len(self.delays) / self.runs

    def day(self, share: float) -> int | None:
        """The day by which this share of all runs had its alarm; None where fewer ever had."""
        place = max(0, math.ceil(share * self.runs) - 1)
        return self.delays[place] if place < len(self.delays) else None

    @property
    def median_range(self) -> tuple[int | None, int | None]:
        """Between which days the median lies, nine times in ten, so few runs being played."""
        half = 0.82 * self.runs ** 0.5
        low, high = int(self.runs / 2 - half), int(self.runs / 2 + half)
        return (self.delays[low] if low < len(self.delays) else None,
                self.delays[high] if high < len(self.delays) else None)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that could be different: `key` names it, `is_in_place` whether the plan has it already; `worse` without
    and `better` with it."""

    key: Literal["shipping", "counted", "nodes"]
    is_in_place: bool
    worse: Course
    better: Course

    @property
    def saved(self) -> int | None:
        """Days that the median is earlier with it; None where half of the runs never raise an alarm without it."""
        before, after = self.worse.day(0.5), self.better.day(0.5)
        return None if before is None or after is None else before - after


@dataclass(frozen=True, slots=True)
class Answer:
    """`now` as the plan stands, and the `changes`; `lots` a run, `more_counted`: the share that the second assumes."""

    plan: Plan
    lots: int
    more_counted: float
    now: Course
    changes: tuple[Change, ...]

    def plain(self) -> dict[str, Any]:
        """As values that JSON knows; `answer_of` reads it."""
        return asdict(self)


def plan_of(kept: Mapping[str, Any]) -> Plan:
    """The plan that was kept as JSON."""
    return Plan(**_floats(kept))


def _floats(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in kept.items()}


def answer_of(kept: Mapping[str, Any]) -> Answer:
    """The answer that `Answer.plain` wrote."""
    def course(one: Mapping[str, Any]) -> Course:
        return Course(**{**_floats(one), "delays": tuple(one["delays"])})

    return Answer(plan_of(kept["plan"]), kept["lots"], float(kept["more_counted"]), course(kept["now"]), tuple(
        Change(one["key"], one["is_in_place"], course(one["worse"]), course(one["better"])) for one in kept["changes"]))


def runs_of(plan: Plan) -> int:
    """How many runs are played for a plan: for it, and for each change."""
    return RUNS * (2 + (plan.counted < 1) + (plan.cause != "lot"))


def play(plan: Plan, told: Callable[[int], None] = lambda done: None) -> Answer:
    """The plan and its variants, played: some seconds. `told` hears after every run how many were played."""
    count = _Count(told)
    now = _course(plan, count)
    more = 1 - (1 - plan.counted) / 2
    changes = [_switched(plan.shipping_known, now, "shipping", _course(
        replace(plan, shipping_known=not plan.shipping_known), count))]
    if plan.counted < 1:
        changes.append(Change("counted", False, now, _course(
            replace(plan, counted=more, baseline=plan.whole_rate * more), count)))
    if plan.cause != "lot":
        changes.append(_switched(plan.nodes_watched, now, "nodes", _course(
            replace(plan, nodes_watched=not plan.nodes_watched), count)))
    return Answer(plan, _lots(plan), more, now, tuple(changes))


@dataclass(slots=True)
class _Count:
    """Runs played so far."""

    told: Callable[[int], None]
    done: int = field(default=0)

    def add(self) -> None:
        """One more."""
        self.done += 1
        self.told(self.done)


def _switched(is_in_place: bool, now: Course, key: Literal["shipping", "nodes"], other: Course) -> Change:
    """With and without something that the plan has or has not; `other` is how the plan went the other way round."""
    return Change(key, is_in_place, *((other, now) if is_in_place else (now, other)))


def _lots(plan: Plan) -> int:
    return max(_FEWEST, min(_LOTS, plan.lots_a_year))


def _course(plan: Plan, count: _Count) -> Course:
    from traceapp.signals.causes import Chance
    from traceapp.signals.plant import Plant
    from traceapp.signals.simulation import Detector, simulate

    plant = Plant(
        lots=_lots(plan), units=plan.units, days_between=365 / plan.lots_a_year, shipping_days=plan.shipping_days,
        baseline=plan.whole_rate, delay=Delay(plan.use_days, 1.5, plan.report_days), raws=plan.raws,
        lots_a_raw=plan.lots_a_raw, lines=plan.lines, counted=plan.counted)
    detector = Detector(shipping_known=plan.shipping_known, lots_alone=not plan.nodes_watched, as_stated=True,
                        before=_BEFORE)
    outcomes = []
    for seed in range(RUNS):
        outcomes.append(simulate(plant, plan.cause, plan.rate_ratio, detector, chance=Chance(1, seed)))
        count.add()
    delays = sorted(int(one.delay_median) for one in outcomes if one.delay_median is not None)
    firsts = [one.top1 for one in outcomes if one.top1 is not None]
    return Course(tuple(delays), RUNS, sum(one.false_alarms_per_100_lots for one in outcomes) / RUNS,
                  sum(firsts) / len(firsts) if firsts else None, outcomes[0].bound)
