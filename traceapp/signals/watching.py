"""A simulated detector at work: what it expects of every node, and how far each is beyond its line on every day."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .budget import split
from .conditional import planned_conditional_value, ratios
from .exposure import day_chances
from .learning import Basis
from .maxsprt import planned_critical_value
from .plant import Layer, Plant, Reports

# A lot with a report on the day of its release has been in use for some moments.
_HAIR = 1e-9


@dataclass(frozen=True, slots=True)
class Group:
    """One severity group that is watched: the graver `share` of all reports, what is known about it, and the weight of
    the group in the budget."""

    share: float
    basis: Basis
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Strictness:
    """The promise: `alpha` false alarms a lot over its life, of all nodes and groups together; `weights` of the kinds
    (1 each where None); the least number of reports that may alarm."""

    alpha: float = 0.01
    minimum_events: int = 3
    weights: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """The nodes of one layer watched for one group: cumulative expected reports of each at the end of each day, shape
    (nodes, days); the ratio that alarms, shape (nodes,), infinite where none can; the history it holds for."""

    layer: Layer
    share: float
    expected: NDArray[np.float64]
    critical: NDArray[np.float64]
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
        found = ratios(counts, np.maximum(row.expected, _HAIR), row.history) - row.critical[:, None]
        return np.where(counts >= self.minimum_events, found, -np.inf)


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
    rates = levels(plant, {group.share: group.weight for group in groups}, strictness)
    delivered = plant.delivered() if shipping_known else np.array([float(plant.units)])
    rows = []
    for group in groups:
        one = group.basis.rate * np.convolve(delivered, day_chances(group.basis.law, plant.days))[: plant.days]
        lots = np.zeros((plant.lots, plant.days))
        for lot, day in enumerate(plant.released.tolist()):
            lots[lot, day:] = one[: plant.days - day]
        for layer in plant.layers:
            alpha = rates.get((layer.kind, group.share), 0.0)
            rows.append(_row(layer, group, lots, (alpha, plant.units, strictness.minimum_events)))
    return Watch(plant, tuple(rows), strictness.minimum_events)


def _row(layer: Layer, group: Group, lots: NDArray[np.float64], plan: tuple[float, int, int]) -> Row:
    alpha, units, least = plan
    expected, held = np.zeros((len(layer.names), lots.shape[1])), np.zeros(len(layer.names))
    for part in layer.node_of:
        np.add.at(expected, part, lots / layer.parts)
        np.add.at(held, part, group.basis.rate * units / layer.parts)
    critical = np.full(len(layer.names), np.inf)
    history = group.basis.history
    for planned in np.unique(held).tolist() if alpha > 0 else ():
        if group.basis.history is None:
            found = planned_critical_value(alpha, planned, minimum_events=least)
        else:
            found, history = planned_conditional_value(alpha, planned, group.basis.history, minimum_events=least)
        if found.value is not None:
            critical[held == planned] = found.value
    return Row(layer, group.share, expected, critical, history)


def levels(plant: Plant, groups: Mapping[float, float], strictness: Strictness) -> dict[tuple[str, float], float]:
    """The false-alarm rate of each node of a kind watched for a group; `groups` are weights by share."""
    nodes: dict[tuple[str, float], int] = {}
    weights: dict[tuple[str, float], float] = {}
    for layer in plant.layers:
        for share, weight in groups.items():
            nodes[layer.kind, share] = nodes.get((layer.kind, share), 0) + len(layer.names)
            weights[layer.kind, share] = weight * (strictness.weights or {}).get(layer.kind, 1.0)
    return split(strictness.alpha, plant.lots, nodes, weights)
