"""How strict is the detector with each kind of node, so that all together give no more false alarms than promised?

The promise is made a lot: `alpha_per_lot` false alarms over its life, whatever the number of other nodes watched. The
whole of it is divided among the kinds, and a kind's part among its nodes. By the union bound the expected number of
false alarms is then at most the promise, however the nodes overlap.
Source: Boole's inequality, as in Dunn OJ, J Am Stat Assoc 1961;56:52-64.
"""
from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from traceapp.core.errors import InvalidInput

from .errors import require_count, require_not_negative, require_rate

Kind = TypeVar("Kind", bound=Hashable)
# However few the nodes of a kind are, none is watched with less care than this.
MOST_A_NODE = 0.05


def split(
    alpha_per_lot: float, lots: int, nodes_by_kind: Mapping[Kind, int], weights: Mapping[Kind, float] | None = None
) -> dict[Kind, float]:
    """The false-alarm rate of each node of a kind; sum of nodes x rate is at most `alpha_per_lot` x `lots`.

    `lots` are those released in the time that the promise is for, `nodes_by_kind` the nodes watched that begin in it.
    A kind is whatever is watched alike: a node kind, or (kind, severity group). Its part of the whole goes by its
    weight (1 each where None; a kind without one has 1; 0 leaves it out). What a kind cannot use, because
    `MOST_A_NODE` caps its nodes, goes to the others. Kinds without nodes are not in the answer, nor those of weight 0.
    Raises InvalidInput for a rate not between 0 and 1, counts that are not whole, negative weights.
    """
    whole = require_rate(alpha_per_lot, "alpha_per_lot") * require_count(lots, "lots")
    weight = {kind: require_not_negative((weights or {}).get(kind, 1.0), "weights")
              for kind, nodes in nodes_by_kind.items() if require_count(nodes, "nodes_by_kind") > 0}
    unknown = [str(kind) for kind in weights or {} if kind not in nodes_by_kind]
    if unknown:
        raise InvalidInput("There is a weight for %(kinds)s, but no such kind of node.", place="weights",
                           kinds=", ".join(unknown))
    left = {kind: value for kind, value in weight.items() if value > 0}
    rates: dict[Kind, float] = {}
    while left and whole > 0:
        total = sum(left.values())
        found = {kind: whole * value / total / nodes_by_kind[kind] for kind, value in left.items()}
        capped = [kind for kind, rate in found.items() if rate > MOST_A_NODE]
        if not capped:
            return rates | found
        for kind in capped:
            rates[kind] = MOST_A_NODE
            whole -= MOST_A_NODE * nodes_by_kind[kind]
            del left[kind]
    return rates


def promised(rates: Mapping[Kind, float], nodes_by_kind: Mapping[Kind, int]) -> float:
    """The expected number of false alarms at most, over all nodes of all kinds; a kind without a rate adds none."""
    return sum(rates.get(kind, 0.0) * require_count(nodes, "nodes_by_kind") for kind, nodes in nodes_by_kind.items())
