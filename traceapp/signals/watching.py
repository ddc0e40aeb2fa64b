"""A simulated detector at work: what it expects of every node, and how far each is beyond its line on every day.

It spends and judges by the service's own rules (`budget`, `stages`): every node gets its level on the day on which it
begins, beside those that have begun; one that grows runs in stages, each with its own line.
"""
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from .budget import LOT, YEAR, Begun, Split, Year, levels
from .conditional import known_at_least, ratios
from .exposure import day_chances
from .learning import Basis
from .plant import Layer, Plant, Reports
from .stages import HAIR, Stage, StagedTest, first_plan, is_in_stage, kept_value, stage_at

# A lot with a report on the day of its release has been in use for some moments.
_HAIR = 1e-9
_DAY_0 = date(2001, 1, 1)
# What the plant calls otherwise than the budget.
_KINDS = {"raw": "upstream"}


@dataclass(frozen=True, slots=True)
class Group:
    """One severity group that is watched: its name in the budget, the graver `share` of all reports that are in it,
    and what is known about it."""

    share: float
    basis: Basis
    name: str = "harm"


@dataclass(frozen=True, slots=True)
class Strictness:
    """What is promised and how it is split; the least number of reports that may alarm; for how many days nodes have
    begun before, as they do in the plant."""

    split: Split = field(default_factory=Split)
    minimum_events: int = 3
    before: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """The nodes of one layer watched for one group, all arrays of shape (nodes, days): cumulative expected reports at
    the end of each day; the ratio that alarms, infinite where none can; by what the expected count is multiplied for
    the ratio, and whether it is taken as for a rate that is known; the history that it is taken for else."""

    layer: Layer
    share: float
    expected: NDArray[np.float64]
    critical: NDArray[np.float64]
    margin: NDArray[np.float64]
    is_known: NDArray[np.bool_]
    history: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """All rows of a detector. `expected` of the lots in the first group, shape (lots, days)."""

    plant: Plant
    rows: tuple[Row, ...]
    minimum_events: int

    @property
    def expected(self) -> NDArray[np.float64]:
        """What is expected of each lot, shape (lots, days)."""
        return self.rows[0].expected

    def excess(self, row: Row, reports: Reports) -> NDArray[np.float64]:
        """The log-likelihood ratio less the one that alarms, shape (nodes, days); -inf for too few."""
        counts = counted(row, reports, self.plant.days)
        expected = np.maximum(row.expected, _HAIR) * row.margin
        found = ratios(counts, expected, row.history)
        if row.history is not None and row.is_known.any():
            found = np.where(row.is_known, ratios(counts, expected, None), found)
        return np.where(counts >= self.minimum_events, found - row.critical, -np.inf)


def counted(row: Row, reports: Reports, days: int) -> NDArray[np.int64]:
    """Reports of each node so far at the end of each day; shape (nodes, days)."""
    inside = (reports.reported < days) & (reports.grave < row.share)
    part = np.minimum((reports.where[inside] * row.layer.parts).astype(np.int64), row.layer.parts - 1)
    node = row.layer.node_of[part, reports.lot[inside]]
    size = len(row.layer.names)
    table = np.bincount(node * days + reports.reported[inside], minlength=size * days)
    return table.reshape(size, days).cumsum(axis=1)


def watch(
    plant: Plant, groups: Sequence[Group], strictness: Strictness, *, shipping_known: bool = True
) -> Watch:
    """Watch every node of the plant for every group. Without `shipping_known` all units of a lot count as delivered
    on the day of its release."""
    given = node_levels(plant, strictness.split, before=strictness.before)
    delivered = plant.delivered() if shipping_known else np.array([float(plant.units)])
    rows = []
    for group in groups:
        one = group.basis.rate * np.convolve(delivered, day_chances(group.basis.law, plant.days))[: plant.days]
        lots = np.zeros((plant.lots, plant.days))
        for lot, day in enumerate(plant.released.tolist()):
            lots[lot, day:] = one[: plant.days - day]
        for layer in plant.layers:
            tests = [StagedTest(budget_kind(layer.kind), given[name, group.name], planned, strictness.minimum_events)
                     for name, planned in zip(layer.names, _first_plans(layer, group.basis.rate * plant.units),
                                              strict=True)]
            rows.append(_row(layer, group, lots, tests))
    return Watch(plant, tuple(rows), strictness.minimum_events)


def _first_plans(layer: Layer, reports: float) -> list[float]:
    """The end of the first stage of each node, a lot bringing so many reports in its life."""
    whole = np.bincount(layer.node_of.ravel(), minlength=len(layer.names)) * reports / layer.parts
    return [first_plan(budget_kind(layer.kind), planned) for planned in whole.tolist()]


def _row(layer: Layer, group: Group, lots: NDArray[np.float64], tests: Sequence[StagedTest]) -> Row:
    expected = np.zeros((len(tests), lots.shape[1]))
    for part in layer.node_of:
        np.add.at(expected, part, lots / layer.parts)
    critical, margin = np.full(expected.shape, np.inf), np.ones(expected.shape)
    is_known = np.zeros(expected.shape, dtype=bool)
    for node, test in enumerate(tests):
        for days, stage in _stages(test, expected[node], group.basis.history):
            span = expected[node, days]
            judged = np.array([is_in_stage(stage.planned, mean) for mean in span.tolist()])
            critical[node, days] = np.where(judged, np.inf if stage.critical is None else stage.critical, np.inf)
            margin[node, days], is_known[node, days] = stage.margin, stage.history is None
    history = None if group.basis.history is None else known_at_least(group.basis.history)
    return Row(layer, group.share, expected, critical, margin, is_known, history)


def _stages(test: StagedTest, expected: NDArray[np.float64], history: int | None) -> Iterator[tuple[slice, Stage]]:
    """The stages of a test with their days; as a nightly run does it, each by what tomorrow is to be expected."""
    tomorrow = np.append(expected[1:], expected[-1])
    number, day = 0, 0
    while day < expected.size:
        stage = stage_at(test, number, float(tomorrow[day]), history, kept_value)
        over = np.flatnonzero(tomorrow[day:] * (1 - HAIR) > stage.planned)
        end = day + int(over[0]) if over.size else expected.size
        yield slice(day, end), stage
        number, day = stage.number, end


def budget_kind(kind: str) -> str:
    """What the budget calls a kind of node of a plant."""
    return _KINDS.get(kind, kind)


def node_levels(plant: Plant, split: Split, *, before: int = 0) -> dict[tuple[str, str], float]:
    """The level of each (node, group), given on the day on which the node's first lot is released; for so many days
    `before` the first one, nodes are taken to have begun as they do in the plant."""
    period = math.ceil(plant.lots * plant.days_between)
    shifts = [-period * number for number in range(-(-before // period), -1, -1)]
    released = np.concatenate([plant.released + shift for shift in shifts])
    begun: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for layer in plant.layers:
        for name in layer.names:
            day = int(plant.released[min(plant.nodes[name])])
            for shift in shifts:
                begun[day + shift][budget_kind(layer.kind)].append(name)
    found: dict[tuple[str, str], float] = {}
    for group in split.groups:
        tests: list[Begun] = []
        for day, new in sorted(begun.items()):
            on = _DAY_0 + timedelta(days=day)
            tests += [Begun(on, kind, len(names)) for kind, names in new.items() if kind != LOT]
            year = Year(tests, int(((released > day - YEAR.days) & (released <= day)).sum()))
            for kind, names in new.items():
                given = levels(split, (kind, group), (on, len(names)), year)
                # Those of the plant itself come last and stay.
                found |= {(name, group): level for name, level in zip(names, given, strict=True)}
                if kind != LOT:
                    tests.append(Begun(on, kind, 0, sum(given)))
    return found
