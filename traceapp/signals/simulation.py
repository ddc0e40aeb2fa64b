"""What would detection have bought? Plants drawn at random with a planted cause, watched as the service watches.

Every lot, raw lot and line is tested by Poisson MaxSPRT against what its deliveries make one expect; the false-alarm
budget is split over the kinds of nodes. The detector knows the true rate and delay, or fits both to earlier lots and
then tests by the conditional form, which allows for how little the history may say.
The bound is the day on which the planted rate has left ln(1/alpha) of information, which grows by mu (R ln R - R + 1):
for small alpha no test has a smaller mean delay. Lucky runs, and the median over runs that were detected, may.
Source: Lorden G, Ann Math Stat 1971;42:1897-1908.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .causes import Chance, Lot, rank_causes
from .conditional import conditional_alarm_counts, planned_conditional_value
from .delay import Delay
from .errors import require_count, require_rate
from .exposure import DelayLaw
from .history import fit_baseline, fit_delay
from .maxsprt import alarm_counts, planned_critical_value
from .plant import Kind, Plant, Reports, draw_reports, plant_cause

Knowledge = Literal["true", "fitted"]
NEVER = -1
# Reports go on coming in after the alarm; by then somebody has looked at the case.
LATER = 28
_RUNS = Chance(200)
_MOST_RATE = 0.5


@dataclass(frozen=True, slots=True)
class Detector:
    """`alpha` false alarms a lot over its life, all nodes together; `history`: earlier lots that `fitted` learns from.

    Without `shipping_known` all units count as delivered on the day of release.
    """

    alpha: float = 0.01
    minimum_events: int = 3
    knowledge: Knowledge = "true"
    history: int = 40
    shipping_known: bool = True

    def __post_init__(self) -> None:
        require_rate(self.alpha, "alpha")
        require_count(self.minimum_events, "minimum_events", least=1)
        require_count(self.history, "history", least=1)


@dataclass(frozen=True, slots=True)
class Run:
    """One plant watched. `delay`: days from the first delivery of an affected lot to the first alarm of a node that
    holds one (None where none came); `false_alarms`: nodes without an affected lot that alarmed; `is_first`: whether
    the planted node was in the top class on the day of the alarm, `is_first_later` four weeks after it; `first_kind`:
    what kind of node alarmed first."""

    delay: int | None
    false_alarms: int
    is_first: bool | None
    is_first_later: bool | None
    first_kind: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Many runs of one question; days are medians and 90 % points over runs that were detected, None without any.

    `bound` in days, None where the planted rate never leaves enough information. Shares with their number of runs.
    """

    cause: str
    rate_ratio: float
    lots_affected: int
    knowledge: Knowledge
    runs: int
    detected: float
    delay_median: float | None
    delay_p90: float | None
    bound: int | None
    false_alarms_per_100_lots: float
    top1: float | None
    top1_4_weeks_later: float | None
    first_by: str | None


@dataclass(frozen=True, slots=True)
class _Basis:
    """`history`: the reports that the rate was learnt from; None for a rate that is known."""

    rate: float
    law: DelayLaw
    history: int | None = None


def simulate(
    plant: Plant, kind: Kind, rate_ratio: float, detector: Detector | None = None, *, chance: Chance = _RUNS,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Draw plants with a planted cause in the middle of the plan and watch them; as many as `chance` has replications.

    The same seed draws the same plants whatever the detector. `progress` hears of each plant.
    Raises InvalidInput where the plant has no such node.
    """
    detector = detector or Detector()
    require_count(chance.replications, "runs", least=1)
    node = plant_cause(plant, kind)
    done = []
    for run in _runs(plant, node, 1.0 if node is None else rate_ratio, detector, chance):
        done.append(run)
        if progress is not None:
            progress(1)
    affected = () if node is None else plant.nodes[node]
    return _outcome(plant, (kind, rate_ratio if node else 1.0, affected), detector, done)


def _runs(
    plant: Plant, node: str | None, rate_ratio: float, detector: Detector, chance: Chance
) -> Iterator[Run]:
    affected = () if node is None else plant.nodes[node]
    truth = _Basis(plant.rate, plant.delay)
    known = _watch(plant, detector, truth) if detector.knowledge == "true" else None
    for number in range(chance.replications):
        # One stream a run: the plants are the same for every detector that is compared.
        rng = np.random.default_rng((chance.seed, number))
        reports = draw_reports(plant, affected, rate_ratio, rng)
        watch = known or _watch(plant, detector, _learn(plant, detector, rng))
        yield watch.look(reports, node)


def _learn(plant: Plant, detector: Detector, rng: np.random.Generator) -> _Basis:
    """Rate and delay from earlier lots without a cause, as they stand on the day when the plan begins.

    A history without any report is taken for one with a single report: more cannot be said, and the truth is not known.
    """
    before = replace(plant, lots=detector.history)
    today = int(before.released[-1]) + math.ceil(plant.days_between)
    reports = draw_reports(before, (), 1.0, rng)
    seen = reports.reported < today
    waits = (reports.reported - reports.delivered)[seen]
    law: DelayLaw = fit_delay(waits.tolist(), (today - 1 - reports.delivered[seen]).tolist()) or Delay()
    ages = np.maximum(today - 1 - before.released[:, None] - np.arange(plant.shipping_days)[None, :], -1)
    chances = law.cdf(ages.astype(float) + 0.5)
    exposure = np.where(ages >= 0, chances, 0.0) @ plant.delivered()
    counts = np.bincount(reports.lot[seen], minlength=before.lots)
    counts[exposure == 0] = 0
    if counts.sum() == 0:
        return _Basis(min(1 / float(exposure.sum()), _MOST_RATE), law, 1)
    return _Basis(fit_baseline(counts, exposure).mean, law, int(counts.sum()))


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    """What a detector expects of every lot and when each node alarms; arrays over days."""

    plant: Plant
    expected: NDArray[np.float64]
    alarms: dict[str, NDArray[np.int64]]

    def look(self, reports: Reports, node: str | None) -> Run:
        seen = reports.by_day(self.plant.lots, self.plant.days)
        affected = set() if node is None else set(self.plant.nodes[node])
        first, first_kind, false_alarms = NEVER, None, 0
        for name, alarm in self.alarms.items():
            lots = self.plant.nodes[name]
            crossed = seen[list(lots)].sum(axis=0) >= alarm
            if not crossed.any():
                continue
            if affected.isdisjoint(lots):
                false_alarms += 1
                continue
            day = int(crossed.argmax())
            if first == NEVER or day < first:
                first, first_kind = day, name.partition(" ")[0]
        if node is None or first == NEVER:
            return Run(None, false_alarms, None, None, None)
        begun = int(self.plant.released[min(affected)])
        later = min(first + LATER, self.plant.days - 1)
        return Run(max(0, first - begun), false_alarms, self._is_first(seen, first, node),
                   self._is_first(seen, later, node), first_kind)

    def _is_first(self, seen: NDArray[np.int64], day: int, node: str) -> bool:
        """Whether the planted node is in the top class; a lot with a report before its exposure counts a hair."""
        counts = seen[:, day]
        exposure = np.maximum(self.expected[:, day], 1e-9 * (counts > 0))
        lots = [Lot(f"lot {lot + 1}", int(count), float(mean))
                for lot, (count, mean) in enumerate(zip(counts, exposure, strict=True))]
        edges = [(name, f"lot {lot + 1}") for name, below in self.plant.nodes.items() for lot in below
                 if not name.startswith("lot ")]
        return node in rank_causes(lots, edges, chance=Chance(1)).classes[0].members


def _watch(plant: Plant, detector: Detector, basis: _Basis) -> _Watch:
    delivered = plant.delivered()
    if not detector.shipping_known:
        delivered = np.array([float(plant.units)])
    chances = basis.law.cdf(np.arange(plant.days, dtype=float) + 0.5)
    one = basis.rate * np.convolve(delivered, chances)[: plant.days]
    expected = np.zeros((plant.lots, plant.days))
    for lot, day in enumerate(plant.released.tolist()):
        expected[lot, day:] = one[: plant.days - day]
    alarms = {}
    for name, alpha in budget(plant, detector.alpha).items():
        lots = list(plant.nodes[name])
        planned = basis.rate * plant.units * len(lots)
        line = _alarm_line(np.maximum(expected[lots].sum(axis=0), 1e-9), (alpha, planned), detector, basis)
        if line is not None:
            alarms[name] = line
    return _Watch(plant, expected, alarms)


def _alarm_line(
    means: NDArray[np.float64], plan: tuple[float, float], detector: Detector, basis: _Basis
) -> NDArray[np.int64] | None:
    """The count that alarms on each day, shape as `means`; None where the plan has no critical value."""
    (alpha, planned), least = plan, detector.minimum_events
    if basis.history is None:
        critical = planned_critical_value(alpha, planned, minimum_events=least).value
        return None if critical is None else alarm_counts(means, critical, least)
    found, history = planned_conditional_value(alpha, planned, basis.history, minimum_events=least)
    return None if found.value is None else conditional_alarm_counts(means, found.value, history, least)


def budget(plant: Plant, alpha: float) -> dict[str, float]:
    """The false-alarm rate of each node: `alpha` a lot in all, each kind of node an equal part, at most 5 % a node."""
    kinds = [kind for kind in ("lot", "raw", "line") if plant.nodes_of(kind)]
    whole = alpha * plant.lots / len(kinds)
    return {name: min(0.05, whole / len(names)) for kind in kinds for names in [plant.nodes_of(kind)] for name in names}


def information_bound(plant: Plant, affected: Sequence[int], rate_ratio: float, alpha: float) -> int | None:
    """Days from the first delivery until the affected lots have given ln(1/alpha) of information; None for never."""
    if rate_ratio == 1 or not affected:
        return None
    chances = plant.delay.cdf(np.arange(plant.days, dtype=float) + 0.5)
    one = plant.rate * np.convolve(plant.delivered(), chances)[: plant.days]
    total = np.zeros(plant.days)
    for lot in affected:
        day = int(plant.released[lot])
        total[day:] += one[: plant.days - day]
    gained = total * (rate_ratio * math.log(rate_ratio) - rate_ratio + 1)
    enough = np.flatnonzero(gained >= math.log(1 / alpha))
    return int(enough[0] - plant.released[min(affected)]) if enough.size else None


def _outcome(
    plant: Plant, question: tuple[str, float, tuple[int, ...]], detector: Detector, runs: Sequence[Run]
) -> Outcome:
    kind, rate_ratio, affected = question
    delays = [run.delay for run in runs if run.delay is not None]
    kinds = [run.first_kind for run in runs if run.first_kind is not None]
    clean = plant.lots - len(affected)
    return Outcome(
        cause=kind, rate_ratio=rate_ratio, lots_affected=len(affected), knowledge=detector.knowledge, runs=len(runs),
        detected=len(delays) / len(runs), delay_median=float(np.median(delays)) if delays else None,
        delay_p90=float(np.quantile(delays, 0.9)) if delays else None,
        bound=information_bound(plant, affected, rate_ratio, detector.alpha),
        false_alarms_per_100_lots=100 * sum(run.false_alarms for run in runs) / len(runs) / max(1, clean),
        top1=_share([run.is_first for run in runs]),
        top1_4_weeks_later=_share([run.is_first_later for run in runs]),
        first_by=max(sorted(set(kinds)), key=kinds.count) if kinds else None)


def _share(answers: Sequence[bool | None]) -> float | None:
    known = [answer for answer in answers if answer is not None]
    return sum(known) / len(known) if known else None
