"""A large graph with its fans folded: each fold is one node that says how many it stands for and how much they are.

Only nodes of one column are folded together, so that a folded graph has no circle that the whole one has not. What is
folded does not depend on what is open, chosen or found: a fold is opened by its name, and stays open. What is chosen
or found is then taken out of its fold.
"""
from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .graph_model import Edge, GraphWords, Node, added_up
from .layering import layers

FOLD = "more:"
ALL = "all"
SEVERITY: dict[str, int] = {"stop": 0, "check": 1, "info": 2, "plain": 3, "go": 4}
MOST_FOCUSES, MOST_ON_WAYS = 12, 12
Likeness = Callable[[Node], object]


@dataclass(frozen=True, slots=True)
class FoldWish:
    """Of a fan `keep` stay, its fold included; where more than `most` were drawn, or a column were higher than `tall`,
    more is folded. `opened`: the names of folds that are not; ALL: none is. `url` gives the address under which a fold
    is opened."""

    keep: int = 8
    most: int = 150
    tall: int = 12
    opened: frozenset[str] = frozenset()
    url: Callable[[str], str | None] = lambda _name: None


@dataclass(frozen=True, slots=True)
class Folded:
    """What is drawn, with the column of each node; `hidden` are in folds, `folds` are all there are, open ones too."""

    nodes: list[Node]
    edges: list[Edge]
    layer: dict[str, int]
    hidden: int
    folds: int


def folded(nodes: Sequence[Node], edges: Sequence[Edge], words: GraphWords, wish: FoldWish) -> Folded:
    """The graph with its folds. The focus, what is chosen with the ways through it, and what was found are not folded;
    what is worst by meaning, then by rank, stays. Edges that name no node are left out."""
    keys = {node.key for node in nodes}
    edges = [edge for edge in dict.fromkeys(edges) if edge.parent in keys and edge.child in keys]
    column = {str(key): depth for key, depth in layers(
        [node.key for node in nodes], [(edge.parent, edge.child) for edge in edges],
        {node.key: node.standing for node in nodes}).items()}
    groups = {_name(group): group for group in _plan(nodes, edges, column, wish)}
    stands_for: dict[str, str] = {}
    folds: list[Node] = []
    for name, whole in groups.items():
        group = _still_hidden(whole)
        if ALL in wish.opened or name in wish.opened or len(group) < 2:
            continue
        fold = _fold(name, group, words, wish.url(name))
        folds.append(fold)
        column[fold.key] = column[group[0].key]
        stands_for.update((node.key, fold.key) for node in group)
    shown = [node for node in nodes if node.key not in stands_for] + folds
    used = {depth: index for index, depth in enumerate(sorted({column[node.key] for node in shown}))}
    return Folded(shown, _merged(edges, stands_for, words), {node.key: used[column[node.key]] for node in shown},
                  len(stands_for), len(groups))


def _still_hidden(group: list[Node]) -> list[Node]:
    """The group without what has to be seen now: what is chosen or was found, and a few of what is on its ways."""
    on_ways = [node for node in group if not node.pale]
    has_ways = 0 < len(on_ways) <= MOST_ON_WAYS and len(on_ways) < len(group)
    return [node for node in group if not (node.chosen or node.found or (has_ways and not node.pale))]


def _plan(nodes: Sequence[Node], edges: Sequence[Edge], column: Mapping[str, int], wish: FoldWish) -> list[list[Node]]:
    """The groups that are folded: by the way of folding that hides the fewest and still draws few enough; where none
    does, by the one that draws the fewest."""
    focuses = sum(node.focus for node in nodes)
    free = [node for node in nodes if not (node.focus and focuses <= MOST_FOCUSES)]
    plans = [list(_groups(free, like, keep)) for like, keep in _ways(edges, column, wish)]
    few = [groups for groups in plans if len(nodes) - _hidden(groups) + len(groups) <= wish.most]
    low = [groups for groups in few if _height(nodes, groups, column) <= wish.tall]
    if low or few:
        return min(low, key=_hidden) if low else few[-1]
    return _runs(nodes, free, column, wish.most)


def _hidden(groups: Sequence[Sequence[Node]]) -> int:
    return sum(map(len, groups))


def _height(nodes: Sequence[Node], groups: Sequence[Sequence[Node]], column: Mapping[str, int]) -> int:
    """How many stand in the fullest column."""
    drawn = Counter(column[node.key] for node in nodes)
    for group in groups:
        drawn[column[group[0].key]] -= len(group) - 1
    return max(drawn.values(), default=0)


def _ways(edges: Sequence[Edge], column: Mapping[str, int], wish: FoldWish) -> Iterator[tuple[Likeness, int]]:
    parents: dict[str, set[str]] = defaultdict(set)
    children: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        parents[edge.child].add(edge.parent)
        children[edge.parent].add(edge.child)

    def neighbours(node: Node) -> object:
        return column[node.key], node.kind, frozenset(parents[node.key]), frozenset(children[node.key])

    def origin(node: Node) -> object:
        return column[node.key], node.kind, frozenset(parents[node.key])

    def sort(node: Node) -> object:
        return column[node.key], node.kind, node.like

    def place(node: Node) -> object:
        return column[node.key], node.kind

    keep = wish.keep
    yield neighbours, keep
    for like in (origin, sort, place):
        for share in (1, 2, 4):
            yield like, max(1, keep // share)
    yield place, wish.tall
    yield place, 1


def _groups(nodes: Sequence[Node], like: Likeness, keep: int) -> Iterator[list[Node]]:
    """What is hidden of each group of like nodes that has more than `keep`."""
    groups: dict[object, list[Node]] = defaultdict(list)
    for node in nodes:
        groups[like(node)].append(node)
    for group in groups.values():
        if len(group) > max(keep, 1):
            yield sorted(group, key=lambda node: (SEVERITY[node.meaning], node.rank))[keep - 1:]


def _runs(nodes: Sequence[Node], free: Sequence[Node], column: Mapping[str, int], most: int) -> list[list[Node]]:
    """So many columns that even one node of each is too much: columns in a row are folded together, but for those in
    which something has to be seen."""
    freed = {node.key for node in free}
    pinned = {column[node.key] for node in nodes if node.key not in freed}
    length = max(1, 2 * (max(column.values(), default=0) + 1) // max(1, most - 2 * len(pinned)) + 1)
    groups: dict[tuple[int, int], list[Node]] = defaultdict(list)
    breaks = sorted(pinned)
    passed = dict[int, int]()
    for depth in sorted(set(column.values())):
        passed[depth] = len([one for one in breaks if one <= depth])
    for node in sorted(free, key=lambda one: column[one.key]):
        depth = column[node.key]
        groups[(passed[depth], -depth - 1 if depth in pinned else depth // length)].append(node)
    return [group for group in groups.values() if len(group) > 1]


def _name(group: Sequence[Node]) -> str:
    return hashlib.blake2s(" ".join(node.key for node in group).encode(), digest_size=5).hexdigest()


def _fold(name: str, group: Sequence[Node], words: GraphWords, url: str | None) -> Node:
    worst = min((node.meaning for node in group), key=lambda meaning: SEVERITY[meaning])
    sums, parts = added_up([node.amount for node in group]) or [], added_up([node.part for node in group]) or []
    kinds = Counter(node.kind for node in group)
    status = ""
    if worst in ("stop", "check"):
        said = [node.status for node in group if node.meaning == worst]
        status = said[0] if len(said) == 1 else f"{said[0]} × {len(said)}"
    return Node(f"{FOLD}{name}", words.more(len(group), kinds.most_common(1)[0][0]),
                " · ".join(words.amount(one) for one in sums[:2]), "more", worst if status else "plain", status, url,
                focus=any(node.focus for node in group), stage=group[0].standing, pale=all(node.pale for node in group),
                part=parts[0] if len(parts) == 1 else None)


def _merged(edges: Sequence[Edge], stands_for: Mapping[str, str], words: GraphWords) -> list[Edge]:
    groups: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        ends = stands_for.get(edge.parent, edge.parent), stands_for.get(edge.child, edge.child)
        if ends[0] != ends[1]:
            groups[ends].append(edge)
    merged = []
    for (parent, child), group in groups.items():
        if len(group) == 1:
            one = group[0]
            said = words.amount(one.amount) if one.amount is not None and not one.quantity else one.quantity
            merged.append(replace(one, parent=parent, child=child, quantity=said))
            continue
        sums = added_up([edge.amount for edge in group])
        said = words.amount(sums[0]) if sums is not None and len(sums) == 1 else ""
        merged.append(Edge(parent, child, said, any(edge.hot for edge in group)))
    return merged


def columns_of(found: Folded) -> dict[int, int]:
    """The first column of each stage."""
    first: dict[int, int] = {}
    for node in found.nodes:
        first[node.standing] = min(first.get(node.standing, found.layer[node.key]), found.layer[node.key])
    return first

