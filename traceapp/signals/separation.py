"""What cannot be told apart by complaints, and which sample would tell it.

Source: the entropy of an answer as its worth, Lindley DV, Ann Math Stat 1956;27:986-1005.
"""
from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    members: Sequence[str], weights: Mapping[str, float], edges: Sequence[Edge], *, most: int = 5,
    available: Mapping[str, Collection[str]] | None = None
) -> tuple[Split, ...]:
    """The samples that best divide the members of a class, most telling first, each division once.

    Whatever was made from some of the members and not from all (another bulk, an unshipped lot), or is itself one
    of them, can be tested; `available` names the only ones of which there is a sample, the easiest first, each with the
    members that cannot show in it. `weights` are the members' relative probabilities. A class of one needs no sample.
    """
    return splits_among(members, weights, children_of(edges), most=most, available=available)


def splits_among(
    members: Sequence[str], weights: Mapping[str, float], children: Mapping[str, Sequence[str]], *, most: int = 5,
    available: Mapping[str, Collection[str]] | None = None
) -> tuple[Split, ...]:
    """The same with the children of each node at hand."""
    if len(members) < 2:
        return ()
    sources: dict[str, set[str]] = {}
    for member in members:
        for node in made_from(member, children):
            if available is None or member not in available.get(node, (member,)):
                sources.setdefault(node, set()).add(member)
    total = sum(weights[member] for member in members)
    found: dict[frozenset[str], Split] = {}
    for node in (one for one in (available or sorted(sources)) if one in sources):
        ours = frozenset(sources[node])
        if len(ours) == len(members) or ours in found:
            continue
        share = sum(weights[member] for member in ours) / total
        found[ours] = Split(node, tuple(sorted(ours)), entropy(share))
    return tuple(sorted(found.values(), key=lambda split: -split.bits)[:most])


def children_of(edges: Iterable[Edge]) -> dict[str, list[str]]:
    """The children of each parent. Given (child, parent) pairs, the parents of each child."""
    children: dict[str, list[str]] = {}
    for parent, child in edges:
        children.setdefault(parent, []).append(child)
    return children


def made_from(node: str, children: Mapping[str, Sequence[str]]) -> set[str]:
    """The node and everything downstream of it."""
    reached, frontier = {node}, [node]
    while frontier:
        for child in children.get(frontier.pop(), ()):
            if child not in reached:
                reached.add(child)
                frontier.append(child)
    return reached


def entropy(share: float) -> float:
    """The bits that the answer to a yes-or-no question holds."""
    if not 0 < share < 1:
        return 0.0
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)
