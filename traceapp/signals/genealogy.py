"""Which finished lots come from each ancestor: a DAG turned into sets of leaves."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import numpy as np
from scipy.sparse import csr_matrix

from traceapp.core.errors import InvalidInput

Edge = tuple[str, str]


def shares_of_leaves(
    leaves: Sequence[str], edges: Sequence[Edge], shares: Mapping[Edge, float] | None = None
) -> dict[str, dict[int, float]]:
    """For every node, the positions of the leaves made from it, each with the share of the leaf that it makes up.

    `edges` are (parent, child); a node may have several parents, and a leaf may itself be a parent (a finished lot
    that went into another). `shares[edge]` is the part of the child that came from the parent, above 0 and at most
    1 (1 where not given); along a path shares multiply, over several paths they add up to at most 1. Every leaf
    belongs to itself with share 1. Nodes without a leaf below them are left out.
    Raises InvalidInput for a cycle, a leaf named twice, or a share out of range.
    """
    position = {leaf: index for index, leaf in enumerate(leaves)}
    if len(position) != len(leaves):
        raise InvalidInput("A lot is listed twice among the leaves.", place="lots")
    share_of = {edge: _share(shares, edge) for edge in edges}
    children: dict[str, set[str]] = {leaf: set() for leaf in leaves}
    for parent, child in edges:
        children.setdefault(parent, set()).add(child)
    try:
        # Read as "depends on", the children come out before their parents.
        order = list(TopologicalSorter(children).static_order())
    except CycleError as error:
        circle = " > ".join(str(node) for node in error.args[1])
        raise InvalidInput("The genealogy has a circle: %(circle)s.", code="cycle", place="edges",
                           circle=circle) from None
    below: dict[str, dict[int, float]] = {}
    for node in order:
        mine: dict[int, float] = {position[node]: 1.0} if node in position else {}
        for child in children.get(node, ()):
            for leaf, share in below[child].items():
                mine[leaf] = min(1.0, mine.get(leaf, 0.0) + share * share_of[node, child])
        below[node] = mine
    return {node: mine for node, mine in below.items() if mine}


def _share(shares: Mapping[Edge, float] | None, edge: Edge) -> float:
    share = 1.0 if shares is None else shares.get(edge, 1.0)
    if not 0 < share <= 1:
        raise InvalidInput("The share of %(parent)s in %(child)s must be above 0 and at most 1, not %(share)s.",
                           place="share", parent=edge[0], child=edge[1], share=share)
    return share


def membership(sets: Sequence[Mapping[int, float]], leaves: int) -> csr_matrix:
    """One row a set, one column a leaf, holding shares; shape (len(sets), leaves)."""
    lengths = [len(members) for members in sets]
    columns = np.fromiter((leaf for members in sets for leaf in members), dtype=np.int64, count=sum(lengths))
    values = np.fromiter((value for members in sets for value in members.values()), dtype=float, count=sum(lengths))
    return csr_matrix((values, columns, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)),
                      shape=(len(sets), leaves))
