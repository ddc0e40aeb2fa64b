"""What would detection have bought? Plants drawn at random with a planted cause, watched as the service watches.

Every lot, raw lot, line and whatever else lots have in common is tested by Poisson MaxSPRT against what deliveries make
one expect; the false-alarm budget is spent as the service spends it. The detector knows the true rate and delay, or
fits both to earlier lots and then tests by the conditional form, which allows for how little the history may say.
The bound is the day on which the planted rate has left ln(1/alpha) of information, which grows by mu (R ln R - R + 1):
for small alpha no test has a smaller mean delay. Lucky runs, and the median over runs that were detected, may.
Source: Lorden G, Ann Math Stat 1971;42:1897-1908.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .budget import DEFAULT_WEIGHTS, GROUP_SHARES, LOT, Split
from .causes import Chance, Lot, rank_causes
from .delay import Delay
from .errors import require_count, require_rate
from .exposure import day_chances
from .learning import Basis, Past, known, learn
from .plant import Kind, Plant, Reports, draw_reports, plant_cause
from .watching import Group, Strictness, Watch, budget_kind, node_levels, watch

Knowledge = Literal["true", "fitted"]
NEVER = -1
# Reports go on coming in after the alarm; by then somebody has looked at the case.
LATER = 28
_RUNS = Chance(200)
# Nothing else is drawn from the stream of numbers in which a detector learns.
_LEARNING = 1


@dataclass(frozen=True, slots=True)
class Detector:
    """`alpha` false alarms a lot over its life, all nodes and groups together.

    `history`: earlier lots that `fitted` learns from; `family`: sister products with as many, on whose rates it leans;
    `stated`: the wait that it assumes with too few reports. Without `shipping_known` all units count as delivered on
    the day of release. `serious`: the share of reports that are watched by themselves as well, 0 for none. With
    `lots_alone` no other kind of node is watched. `as_stated`: the budget is split as in a house that keeps the
    defaults, which lends half of what kinds that are not in the plant would have; else these and the groups that are
    not watched have no part, and the others the whole. `before`: for how many days the detector has watched the like.
    """

    alpha: float = 0.01
    minimum_events: int = 3
    knowledge: Knowledge = "true"
    history: int = 40
    shipping_known: bool = True
    family: int = 0
    stated: Delay = Delay()
    serious: float = 0.0
    lots_alone: bool = False
    as_stated: bool = False
    before: int = 0

    def __post_init__(self) -> None:
        require_rate(self.alpha, "alpha")
        require_count(self.minimum_events, "minimum_events", least=1)
        require_count(self.before, "before")
        Past(self.history, self.family)
        if self.serious != 0:
            require_rate(self.serious, "serious")

    @property
    def shares(self) -> tuple[float, ...]:
        """The shares of the reports that are watched, all of them first."""
        return (1.0, self.serious) if self.serious else (1.0,)


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
    for number in range(chance.replications):
        reports = draw_reports(plant, affected, rate_ratio, np.random.default_rng((chance.seed, number)))
        yield _look(watch_of(plant, detector, (chance.seed, number)), reports, node)


def watch_of(plant: Plant, detector: Detector, run: tuple[int, int]) -> Watch:
    """The watch of one run, given by seed and number: the same whatever is planted in it."""
    return _fitted(plant, detector, run) if detector.knowledge == "fitted" else _true(plant, detector)


@lru_cache(maxsize=4)
def _true(plant: Plant, detector: Detector) -> Watch:
    return _watch(plant, detector, [known(plant, share) for share in detector.shares])


@lru_cache(maxsize=512)
def _learnt(plant: Plant, past: Past, shares: tuple[float, ...], run: tuple[int, int]) -> list[Basis]:
    # One history a run, of which each group sees its own part.
    return [learn(plant, past, np.random.default_rng((*run, _LEARNING)), share) for share in shares]


def _fitted(plant: Plant, detector: Detector, run: tuple[int, int]) -> Watch:
    past = Past(detector.history, detector.family, stated=detector.stated)
    return _watch(plant, detector, _learnt(plant, past, detector.shares, run))


def _watch(plant: Plant, detector: Detector, bases: Sequence[Basis]) -> Watch:
    groups = [Group(share, basis, name)
              for share, basis, name in zip(detector.shares, bases, ("harm", "serious"), strict=False)]
    strictness = Strictness(split_of(plant, detector), detector.minimum_events, detector.before)
    return watch(plant, groups, strictness, shipping_known=detector.shipping_known)


def split_of(plant: Plant, detector: Detector) -> Split:
    """How a detector splits its promise in a plant."""
    kinds = {LOT} if detector.lots_alone else {budget_kind(layer.kind) for layer in plant.layers}
    weights = {kind: DEFAULT_WEIGHTS.get(kind, 0.0) for kind in kinds}
    if not detector.as_stated:
        weights = {kind: 100 * weight / sum(weights.values()) for kind, weight in weights.items()}
    elif not detector.lots_alone:
        weights = dict(DEFAULT_WEIGHTS)
    is_one = not detector.serious and not detector.as_stated
    return Split(100 * detector.alpha, weights, {"harm": 1.0} if is_one else dict(GROUP_SHARES))


def _look(watch: Watch, reports: Reports, node: str | None) -> Run:
    plant = watch.plant
    touched = np.zeros(plant.lots, dtype=bool)
    if node is not None:
        touched[list(plant.nodes[node])] = True
    first, first_kind, false_alarms = NEVER, None, 0
    for row in watch.rows:
        crossed = watch.excess(row, reports) >= 0
        alarmed = crossed.any(axis=1)
        holds = holds_any(row.layer.node_of, len(row.layer.names), touched)
        false_alarms += int((alarmed & ~holds).sum())
        if (alarmed & holds).any():
            day = int(crossed[alarmed & holds].argmax(axis=1).min())
            if first == NEVER or day < first:
                first, first_kind = day, row.layer.kind
    if node is None or first == NEVER:
        return Run(None, false_alarms, None, None, None)
    begun = int(plant.released[touched][0])
    seen = reports.by_day(plant.lots, plant.days)
    later = min(first + LATER, plant.days - 1)
    return Run(max(0, first - begun), false_alarms, _is_first(watch, seen, first, node),
               _is_first(watch, seen, later, node), first_kind)


def holds_any(node_of: NDArray[np.int64], nodes: int, touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which nodes hold a part of a touched lot; shape (nodes,)."""
    found = np.zeros(nodes, dtype=bool)
    found[node_of[:, touched].ravel()] = True
    return found


def _is_first(watch: Watch, seen: NDArray[np.int64], day: int, node: str) -> bool:
    """Whether the planted node is in the top class; a lot with a report before its exposure counts a hair."""
    counts = seen[:, day]
    exposure = np.maximum(watch.expected[:, day], 1e-9 * (counts > 0))
    lots = [Lot(f"lot {lot + 1}", int(count), float(mean))
            for lot, (count, mean) in enumerate(zip(counts, exposure, strict=True))]
    edges = [(name, f"lot {lot + 1}") for name, below in watch.plant.nodes.items() for lot in below
             if not name.startswith("lot ")]
    return node in rank_causes(lots, edges, chance=Chance(1)).classes[0].members


def budget(plant: Plant, alpha: float) -> dict[str, float]:
    """The false-alarm rate of each node where all is spent on the kinds that the plant has (see `split_of`)."""
    return {name: level for (name, _), level in node_levels(plant, split_of(plant, Detector(alpha))).items()}


def information_bound(plant: Plant, affected: Sequence[int], rate_ratio: float, alpha: float) -> int | None:
    """Days from the first delivery until the affected lots have given ln(1/alpha) of information; None for never."""
    if rate_ratio == 1 or not affected:
        return None
    one = plant.rate * np.convolve(plant.delivered(), day_chances(plant.delay, plant.days))[: plant.days]
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
