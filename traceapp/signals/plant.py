"""A plant made up for planning: lots and what they have in common, deliveries, reports, and one thing that is wrong.

Lots are released evenly, delivered evenly over some days, used and reported after the product's delay. A planted
cause multiplies the rate of reports of the lots below it.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from traceapp.core.errors import InvalidInput

from .delay import Delay
from .errors import require_count, require_positive, require_rate

Kind = Literal["lot", "raw", "line", "none"]
KINDS: tuple[Kind, ...] = ("lot", "raw", "line", "none")
_MOST_LOTS, _MOST_DAYS = 5000, 4000
_QUARTER = 91
Dealt = Literal["run", "turn", "part"]


@dataclass(frozen=True, slots=True)
class Common:
    """Something that lots have in common. `run`: each holds `number` lots one after the other (a sterilisation load);
    `turn`: `number` of them take the lots in turn (operators); `part`: every lot is divided evenly among `number` of
    them (consignees). With `quarterly` each is watched by the quarter of the lots' release."""

    kind: str
    number: int
    dealt: Dealt = "turn"
    quarterly: bool = False

    def __post_init__(self) -> None:
        require_count(self.number, self.kind, least=1)
        if self.dealt not in ("run", "turn", "part") or not self.kind or " " in self.kind:
            raise InvalidInput("A kind is one word; its nodes are dealt as run, turn or part.", place="commons")


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The nodes of one kind (of one material), disjoint: `node_of[part, lot]` is the position in `names` of the node
    that holds this part of the lot, shape (parts, lots); `parts` is 1 where lots are not divided."""

    kind: str
    names: tuple[str, ...]
    node_of: NDArray[np.int64]

    @property
    def parts(self) -> int:
        """Into how many equal parts a lot is divided."""
        return int(self.node_of.shape[0])


@dataclass(frozen=True)
class Plant:
    """Size and habits of a plant; times in days, `baseline` in reports a unit over its whole life.

    `lots_a_raw` consecutive lots are made from one raw lot (of each of `raws` materials, whose changes are
    staggered); `lines` take the lots in turn; `commons` are further kinds of nodes. `counted` is the share of reports
    that come in and name their lot.
    """

    lots: int = 40
    units: int = 3000
    days_between: float = 7.0
    shipping_days: int = 28
    baseline: float = 0.002
    delay: Delay = field(default_factory=Delay)
    raws: int = 1
    lots_a_raw: int = 4
    lines: int = 2
    counted: float = 1.0
    commons: tuple[Common, ...] = ()

    def __post_init__(self) -> None:
        for name in ("lots", "units", "shipping_days", "lots_a_raw"):
            require_count(getattr(self, name), name, least=1)
        for name in ("raws", "lines"):
            require_count(getattr(self, name), name)
        require_positive(self.days_between, "days_between")
        require_rate(self.baseline, "baseline")
        if not 0 < self.counted <= 1:
            raise InvalidInput("counted must be above 0 and at most 1.", place="counted")
        if self.lots > _MOST_LOTS or self.lots * self.days_between > _MOST_DAYS or self.shipping_days > _MOST_DAYS:
            raise InvalidInput("A plan holds at most %(lots)s lots and %(days)s days.", place="lots",
                               lots=_MOST_LOTS, days=_MOST_DAYS)

    @property
    def rate(self) -> float:
        """Reports a unit that come in and name their lot."""
        return self.baseline * self.counted

    @cached_property
    def released(self) -> NDArray[np.int64]:
        """The day on which each lot begins to leave; shape (lots,)."""
        return np.floor(np.arange(self.lots) * self.days_between).astype(np.int64)

    @cached_property
    def life(self) -> int:
        """Days from release until all but one in ten thousand reports of a lot have come."""
        days = np.arange(_MOST_DAYS, dtype=float)
        return int(np.searchsorted(self.delay.cdf(days), 1 - 1e-4)) + self.shipping_days + 1

    @property
    def days(self) -> int:
        """Days from the first release until the last lot has had its life."""
        return int(self.released[-1]) + self.life

    @cached_property
    def nodes(self) -> dict[str, tuple[int, ...]]:
        """The lots below each node: `lot 1`, `raw A 1`, `line 1`; positions of lots count from 0."""
        found: dict[str, list[int]] = {}
        for layer in self.layers:
            for name in layer.names:
                found[name] = []
            for part in layer.node_of:
                for lot, node in enumerate(part.tolist()):
                    found[layer.names[node]].append(lot)
        return {name: tuple(lots) for name, lots in found.items()}

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """All nodes, a layer a kind (a layer a material of the raw lots): every lot is in one node of each layer."""
        every = np.arange(self.lots)
        layers = [Layer("lot", tuple(f"lot {lot + 1}" for lot in every.tolist()), every[None, :])]
        for material in range(self.raws):
            offset = material * self.lots_a_raw // self.raws
            layers.append(_layer("raw", f"raw {material + 1}-", ((every + offset) // self.lots_a_raw)[None, :]))
        if self.lines > 1:
            layers.append(_layer("line", "line ", (every % self.lines)[None, :]))
        return tuple(layers + [self._common(common) for common in self.commons])

    def _common(self, common: Common) -> Layer:
        every = np.arange(self.lots)[None, :]
        if common.dealt == "run":
            code = every // common.number
        elif common.dealt == "turn":
            code = every % common.number
        else:
            code = np.broadcast_to(np.arange(common.number)[:, None], (common.number, self.lots))
        if not common.quarterly:
            return _layer(common.kind, f"{common.kind} ", code)
        quarter = self.released // _QUARTER
        return _layer(common.kind, f"{common.kind} q", quarter[None, :] * (int(code.max()) + 1) + code)

    def nodes_of(self, kind: str) -> list[str]:
        """The names of the nodes of one kind."""
        return [name for name in self.nodes if name.partition(" ")[0] == kind]

    def delivered(self) -> NDArray[np.float64]:
        """Units of a lot delivered on each day after its release; shape (shipping_days,)."""
        return np.diff(np.round(np.linspace(0, self.units, self.shipping_days + 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """One entry a report that came in and names its lot: its lot, day of delivery and day of report, from day 0.

    `where` and `grave` are evenly distributed in [0, 1): in which part of the lot its unit was, and how serious it is
    (below the share of serious reports it is one of those).
    """

    lot: NDArray[np.int64]
    delivered: NDArray[np.int64]
    reported: NDArray[np.int64]
    where: NDArray[np.float64]
    grave: NDArray[np.float64]

    def by_day(self, lots: int, days: int) -> NDArray[np.int64]:
        """Reports of each lot so far at the end of each day; shape (lots, days)."""
        table = np.zeros((lots, days), dtype=np.int64)
        inside = self.reported < days
        np.add.at(table, (self.lot[inside], self.reported[inside]), 1)
        return table.cumsum(axis=1)


def draw_reports(plant: Plant, affected: tuple[int, ...], rate_ratio: float, rng: np.random.Generator) -> Reports:
    """All reports of a plant in which `affected` lots have `rate_ratio` times the usual rate."""
    ratios = np.ones(plant.lots)
    ratios[list(affected)] = require_positive(rate_ratio, "rate_ratio")
    counts = rng.poisson(plant.units * plant.rate * ratios)
    lot = np.repeat(np.arange(plant.lots), counts)
    shares = plant.delivered() / plant.units
    delivered = plant.released[lot] + rng.choice(plant.shipping_days, size=lot.size, p=shares)
    delay = plant.delay
    wait = rng.exponential(delay.use_mean_days, lot.size) + rng.gamma(
        delay.report_shape, delay.report_mean_days / delay.report_shape, lot.size)
    # Somewhere in its day of delivery a unit arrives; the report is written on the day that the wait ends.
    reported = np.floor(delivered + rng.random(lot.size) + wait).astype(np.int64)
    return Reports(lot, delivered, reported, rng.random(lot.size), rng.random(lot.size))


def _layer(kind: str, prefix: str, code: NDArray[np.int64]) -> Layer:
    """Nodes of the codes that occur, numbered as these are."""
    codes, node_of = np.unique(code, return_inverse=True)
    return Layer(kind, tuple(f"{prefix}{number + 1}" for number in codes.tolist()), node_of.reshape(code.shape))


def plant_cause(plant: Plant, kind: Kind) -> str | None:
    """The node in the middle of the plan that is made the culprit; None for no cause.

    Raises InvalidInput where the plant has no node of the kind.
    """
    if kind == "none":
        return None
    names = plant.nodes_of(kind)
    if not names:
        raise InvalidInput("The plant has no %(kind)s to be the cause.", place="cause", kind=kind)
    whole = [name for name in names if len(plant.nodes[name]) == max(len(plant.nodes[other]) for other in names)]
    return whole[len(whole) // 2]
