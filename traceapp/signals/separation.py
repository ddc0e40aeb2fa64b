"""What cannot be told apart by complaints, and which sample would tell it."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .genealogy import Edge


@dataclass(frozen=True, slots=True)
class Split:
    """Testing `sample` divides a class: a bad result points to `points_to`, a good one to the other members.

    `bits` is how much of the question it is expected to answer: 1 halves the probability, 0 would tell nothing.
    """

    sample: str
    points_to: tuple[str, ...]
    bits: float


def splits(
    members: Sequence[str], weights: Mapping[str, float], edges: Sequence[Edge], *, most: int = 5
) -> tuple[Split, ...]:
    """The samples that best divide the members of a class, most telling first, each division once.

    Whatever was made from some of the members and not from all (another bulk, an unshipped lot), or is itself one
    of them, can be tested. `weights` are the members' relative probabilities. A class of one needs no sample.
    """
    if len(members) < 2:
        return ()
    children: dict[str, list[str]] = {}
    for parent, child in edges:
        children.setdefault(parent, []).append(child)
    sources: dict[str, set[str]] = {}
    for member in members:
        for node in _made_from(member, children):
            sources.setdefault(node, set()).add(member)
    total = sum(weights[member] for member in members)
    found: dict[frozenset[str], Split] = {}
    for node in sorted(sources):
        ours = frozenset(sources[node])
        if len(ours) == len(members) or ours in found:
            continue
        share = sum(weights[member] for member in ours) / total
        found[ours] = Split(node, tuple(sorted(ours)), _entropy(share))
    return tuple(sorted(found.values(), key=lambda split: (-split.bits, split.sample))[:most])


def _made_from(node: str, children: Mapping[str, Sequence[str]]) -> set[str]:
    """The node and everything downstream of it."""
    reached, frontier = {node}, [node]
    while frontier:
        for child in children.get(frontier.pop(), ()):
            if child not in reached:
                reached.add(child)
                frontier.append(child)
    return reached


def _entropy(share: float) -> float:
    if not 0 < share < 1:
        return 0.0
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)
