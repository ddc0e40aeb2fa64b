"""What is believed and known of causes besides the counts of complaints."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .errors import require_positive
from .samples import Result

if TYPE_CHECKING:
    from .shifts import Change


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides counts. `results` of samples; `days` (any scale) on which lots were made or sent, and the
    `lasting` nodes (a line, a supplier), whose fault may have begun on any of them; `available` samples for telling a
    class apart, each with the nodes that cannot show in it (None: whatever lies below a member can be sampled).
    `places`: of a node that met only a part of a lot (a lane, a consignee), for each lot (dose, count) of complaints
    whose place is known, the dose being that of the place. `met`: of a node that lots met on other days than they were
    made (a lane, a consignee, the supplier of what went in), the days on which each did. `changed`: of a lasting node
    that is seen to have changed, since when, and how much of the belief in its fault is in one since then or later."""

    results: Sequence[Result] = ()
    days: Mapping[str, float] = field(default_factory=dict)
    lasting: Collection[str] = ()
    available: Mapping[str, Collection[str]] | None = None
    places: Mapping[str, Mapping[str, Sequence[tuple[float, int]]]] = field(default_factory=dict)
    met: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    changed: Mapping[str, Change] = field(default_factory=dict)

    def given(self, since: Mapping[str, float]) -> Known:
        """The same where what began on a day (`since`) cannot show in what was made before it."""
        def unseen(node: str, already: Collection[str]) -> frozenset[str]:
            days = {one: self.met.get(one, {}).get(node, self.days.get(node)) for one in since}
            return frozenset(already) | {one for one, began in since.items()
                                         if (day := days[one]) is not None and day < began}

        return self if not since else replace(
            self, results=[replace(one, unseen=unseen(one.node, one.unseen)) for one in self.results],
            available=None if self.available is None else {
                node: unseen(node, already) for node, already in self.available.items()})


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed before looking: `no_cause`, then `shared` of the rest for causes of two lots or more.

    `weights` raise or lower single nodes (default 1 each), as closed corrective actions and sensors teach. Within a
    class of nodes that cannot be told apart the greatest weight counts, so that naming one thing twice does not raise
    it. `known` is what other evidence says.
    """

    no_cause: float = 0.5
    shared: float = 0.8
    weights: Mapping[str, float] | None = None
    known: Known = field(default_factory=Known)

    def weight(self, node: str) -> float:
        """The relative prior weight of a node."""
        return 1.0 if self.weights is None else require_positive(self.weights.get(node, 1.0), "weights")
