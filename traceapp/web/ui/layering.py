"""Where the nodes of a layered graph stand: columns by stage and longest path, few crossings, straight enough lines.

Source: Sugiyama, Tagawa, Toda (1981), layers and barycentre sweeps. Rows are settled by least squares under the order
found (pool adjacent violators).
"""
from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Key = Any
Pair = tuple[Key, Key]
SWEEPS, LARGE, SWEEPS_OF_LARGE = 6, 12_000, 2
MOST_BENDS = 20_000
BEND_HEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Placed:
    """`layer` and `row` (pixels, centre) of every node; for each edge the rows that it passes in the layers between.

    A layer that is wrapped has several columns: `columns` of each layer, and the `column` of each node that does not
    stand in the first.
    """

    layer: Mapping[Key, int]
    row: Mapping[Key, float]
    bends: Mapping[Pair, tuple[float, ...]]
    height: float
    columns: tuple[int, ...] = ()
    column: Mapping[Key, int] = field(default_factory=dict)


def place(keys: Sequence[Key], edges: Sequence[Pair], size: tuple[float, float],
          layer: Mapping[Key, int] | None = None, *, most_rows: int = 0) -> Placed:
    """Rows of a graph whose nodes have `size` (height, gap in pixels), in these layers or in those of `layers`. What
    closes a circle is laid out as if it were not there. A layer of more than `most_rows` is wrapped; 0: none is.
    """
    node_height, gap = size
    layer = layers(keys, edges) if layer is None else layer
    graph = Proper(layer, edges)
    graph.reduce_crossings()
    columns = graph.columns(most_rows)
    rows = graph.settle(node_height, gap, columns)
    low = min(rows, default=0.0)
    shift = node_height / 2 - low
    bends = {edge: tuple(rows[bend] + shift for bend in found) for edge, found in graph.bends.items()}
    row = {key: rows[index] + shift for index, key in enumerate(layer)}
    names = list(layer)
    column = {names[node]: at % of for nodes, of in zip(graph.order, columns, strict=True) if of > 1
              for at, node in enumerate(node for node in nodes if node < graph.real)}
    return Placed(layer, row, bends, max(row.values(), default=0.0) + node_height / 2, columns, column)


def layers(keys: Sequence[Key], edges: Sequence[Pair], stage: Mapping[Key, int] | None = None) -> dict[Key, int]:
    """The column of each node: all of a stage stand left of the next stage; within one, after the longest way to it.

    What is made out of a later stage belongs to it (rework). Without stages a source stands next to what it first goes
    into. A circle is cut where it is entered.
    """
    forward, order = _forward(keys, edges)
    staged = dict.fromkeys(keys, 0) if stage is None else {key: stage[key] for key in keys}
    within = dict.fromkeys(keys, 0)
    for key in order:
        for child in forward[key]:
            if staged[child] < staged[key]:
                staged[child], within[child] = staged[key], 0
            if staged[child] == staged[key]:
                within[child] = max(within[child], within[key] + 1)
    if stage is None:
        has_parent = {child for key in keys for child in forward[key]}
        for key in keys:
            if key not in has_parent and forward[key]:
                within[key] = min(within[child] for child in forward[key]) - 1
    deepest: dict[int, int] = {}
    for key in keys:
        deepest[staged[key]] = max(deepest.get(staged[key], 0), within[key])
    begin, next_column = {}, 0
    for one in sorted(deepest):
        begin[one], next_column = next_column, next_column + deepest[one] + 1
    return {key: begin[staged[key]] + within[key] for key in keys}


def _forward(keys: Sequence[Key], edges: Sequence[Pair]) -> tuple[dict[Key, list[Key]], list[Key]]:
    """The children of each node without the edges that close a circle, and an order in which parents come first."""
    children: dict[Key, list[Key]] = {key: [] for key in keys}
    waiting = dict.fromkeys(keys, 0)
    for parent, child in edges:
        children[parent].append(child)
        waiting[child] += 1
    ready = [key for key in reversed(keys) if waiting[key] == 0]
    place_of: dict[Key, int] = {}
    knotted: Iterator[Key] | None = None
    while len(place_of) < len(waiting):
        if not ready:  # all that is left is in a circle or behind one
            if knotted is None:
                knotted = iter(_knotted([key for key in keys if key not in place_of], children))
            ready.append(next(key for key in knotted if key not in place_of))
        key = ready.pop()
        place_of[key] = len(place_of)
        for child in children[key]:
            waiting[child] -= 1
            if waiting[child] == 0 and child not in place_of:
                ready.append(child)
    forward = {key: [child for child in children[key] if place_of[child] > place_of[key]] for key in keys}
    return forward, list(place_of)


def _knotted(keys: Sequence[Key], children: Mapping[Key, Sequence[Key]]) -> Iterator[Key]:
    """These nodes, those of a circle together, and what leads to a circle before it. Source: Kosaraju's algorithm."""
    parents: dict[Key, list[Key]] = {key: [] for key in keys}
    for key in keys:
        for child in children[key]:
            if child in parents:
                parents[child].append(key)
    for last in reversed(_finished(keys, children)):
        together = [last]
        while together:
            node = together.pop()
            if node in parents:
                together += [one for one in reversed(parents.pop(node)) if one in parents]
                yield node


def _finished(keys: Sequence[Key], children: Mapping[Key, Sequence[Key]]) -> list[Key]:
    """These nodes in the order in which a walk in depth leaves them."""
    left = set(keys)
    finished: list[Key] = []
    for start in keys:
        if start not in left:
            continue
        left.discard(start)
        ways = [(start, iter(children[start]))]
        while ways:
            node, rest = ways[-1]
            child = next((one for one in rest if one in left), None)
            if child is None:
                finished.append(ways.pop()[0])
            else:
                left.discard(child)
                ways.append((child, iter(children[child])))
    return finished


class Proper:
    """The graph with a bend wherever an edge passes a layer; `order` holds each layer's nodes, top to bottom.

    Nodes are numbers here, in the order of the keys; bends have the numbers after them.
    """

    def __init__(self, layer: Mapping[Key, int], edges: Sequence[Pair]) -> None:
        number = {key: index for index, key in enumerate(layer)}
        self.real = len(number)
        self.above: list[list[int]] = [[] for _ in number]
        self.below: list[list[int]] = [[] for _ in number]
        self.bends: dict[Pair, range] = {}
        self.order: list[list[int]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
        for key, depth in layer.items():
            self.order[depth].append(number[key])
        for parent, child in edges:
            self._thread((parent, child), (number[parent], layer[parent]), (number[child], layer[child]))

    def _thread(self, pair: Pair, start: tuple[int, int], end: tuple[int, int]) -> None:
        first = len(self.above)
        self.bends[pair] = range(first, first)
        if start[1] >= end[1]:  # closes a circle: drawn straight, does not take part
            return
        bends = range(first, first + end[1] - start[1] - 1)
        if bends.stop - self.real > MOST_BENDS:  # so many long lines that they are drawn straight
            return
        self.bends[pair] = bends
        self.above.extend([] for _ in bends)
        self.below.extend([] for _ in bends)
        for depth, bend in enumerate(bends, start[1] + 1):
            self.order[depth].append(bend)
        for before, after in zip([start[0], *bends], [*bends, end[0]], strict=True):
            self.below[before].append(after)
            self.above[after].append(before)

    @property
    def sweeps(self) -> int:
        return SWEEPS if len(self.above) < LARGE else SWEEPS_OF_LARGE

    def reduce_crossings(self) -> None:
        """Sweep to and fro, each layer by the mean place of its neighbours; keep the best order seen."""
        best, fewest = [list(row) for row in self.order], self.crossings()
        for sweep in range(self.sweeps):
            if fewest == 0:
                break
            self._sweep(forth=sweep % 2 == 0)
            crossings = self.crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.order], crossings
        self.order = best

    def _sweep(self, *, forth: bool) -> None:
        near = self.above if forth else self.below
        rows = self.order if forth else self.order[::-1]
        at = [0] * len(self.above)
        middle = [0.0] * len(self.above)
        for fixed, moved in zip(rows, rows[1:], strict=False):
            for index, node in enumerate(fixed):
                at[node] = index
            for index, node in enumerate(moved):
                ends = near[node]
                middle[node] = sum([at[end] for end in ends]) / len(ends) if ends else float(index)
            moved.sort(key=middle.__getitem__)

    def crossings(self) -> int:
        """Pairs of edges that cross: inversions among the lower ends, upper ends in order."""
        total = 0
        at = [0] * len(self.above)
        for upper, lower in zip(self.order, self.order[1:], strict=False):
            for index, node in enumerate(lower):
                at[node] = index
            seen: list[int] = []
            for node in upper:
                ends = sorted([at[end] for end in self.below[node]])
                if seen and ends and ends[0] < seen[-1]:
                    total += sum([len(seen) - bisect_right(seen, end) for end in ends])
                    for end in ends:
                        insort(seen, end)
                else:
                    seen.extend(ends)
        return total

    def columns(self, most_rows: int) -> tuple[int, ...]:
        """In how many columns each layer stands, so that none has more rows than that; 0: one each."""
        counts = [sum(node < self.real for node in nodes) for nodes in self.order]
        return tuple(-(-count // most_rows) if most_rows and count > most_rows else 1 for count in counts)

    def settle(self, node_height: float, gap: float, columns: Sequence[int]) -> list[float]:
        """Rows (pixels) in the order found, each near the middle of its neighbours, never closer than `gap`. Layers of
        several columns are filled row by row."""
        row = [0.0] * len(self.above)
        offsets = [self._offsets(nodes, node_height, gap) if of == 1 else self._filled(nodes, node_height + gap, of)
                   for nodes, of in zip(self.order, columns, strict=True)]
        for nodes, apart in zip(self.order, offsets, strict=True):
            for node, offset in zip(nodes, apart, strict=True):
                row[node] = offset - apart[-1] / 2
        layered = [(nodes, apart) for nodes, apart, of in zip(self.order, offsets, columns, strict=True) if of == 1]
        for sweep in range(self.sweeps):
            near = (self.above, self.below)[sweep % 2]
            for nodes, apart in layered if sweep % 2 == 0 else layered[::-1]:
                wish = [sum([row[end] for end in near[node]]) / len(near[node]) - offset if near[node]
                        else row[node] - offset for node, offset in zip(nodes, apart, strict=True)]
                for node, level, offset in zip(nodes, _pooled(wish), apart, strict=True):
                    row[node] = level + offset
        return row

    def _filled(self, nodes: Sequence[int], step: float, columns: int) -> list[float]:
        offsets, found = [], 0
        for node in nodes:
            offsets.append(found // columns * step)
            found += node < self.real
        return offsets

    def _offsets(self, nodes: Sequence[int], node_height: float, gap: float) -> list[float]:
        """The least distance of each node from the first of its layer."""
        offsets, total, before = [], 0.0, None
        for node in nodes:
            size = node_height if node < self.real else BEND_HEIGHT
            if before is not None:
                total += (before + size) / 2 + gap
            offsets.append(total)
            before = size
        return offsets


def _pooled(wish: Sequence[float]) -> list[float]:
    """The nearest rising sequence to `wish` by least squares."""
    blocks: list[tuple[float, int]] = []
    for value in wish:
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    return [mean for mean, size in blocks for _ in range(size)]
