"""Where the nodes of a layered graph stand: layers by longest path, few crossings, straight enough lines.

Source: Sugiyama, Tagawa, Toda (1981), layers and barycentre sweeps. Rows are settled by least squares under the order
found (pool adjacent violators).
"""
from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

Key = Hashable
Pair = tuple[Key, Key]
SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Placed:
    """`layer` and `row` (pixels, centre) of every node; for each edge the rows that it passes in the layers between."""

    layer: Mapping[Key, int]
    row: Mapping[Key, float]
    bends: Mapping[Pair, tuple[float, ...]]
    height: float


def place(
    keys: Sequence[Key], edges: Sequence[Pair], size: tuple[float, float], *, last: Collection[Key] = ()
) -> Placed:
    """Layers and rows of a graph whose nodes have `size` (height, gap in pixels); `last` names leaves that stand in the
    last layer. Nodes of a cycle are laid out as if its last edge were not there.
    """
    node_height, gap = size
    layer = layers(keys, edges)
    end = max(layer.values(), default=0)
    layer = {key: end if key in last else layer[key] for key in keys}
    graph = _Proper(layer, edges)
    graph.reduce_crossings()
    rows = graph.settle(node_height, gap)
    low = min(rows.values(), default=0.0)
    row = {key: value - low + node_height / 2 for key, value in rows.items()}
    bends = {edge: tuple(row[d] for d in dummies) for edge, dummies in graph.dummies.items()}
    height = max((row[k] for k in layer), default=0.0) + node_height / 2
    return Placed(layer, {k: row[k] for k in layer}, bends, height)


def layers(keys: Sequence[Key], edges: Sequence[Pair]) -> dict[Key, int]:
    """The longest way from a source to each node; a source then moves right, next to what it first goes into."""
    children: dict[Key, list[Key]] = defaultdict(list)
    waiting = dict.fromkeys(keys, 0)
    for parent, child in edges:
        children[parent].append(child)
        waiting[child] += 1
    roots = [key for key in keys if waiting[key] == 0]
    layer: dict[Key, int] = {}
    depth = dict.fromkeys(keys, 0)
    ready = list(roots)
    while len(layer) < len(waiting):
        key = ready.pop() if ready else min((k for k in waiting if k not in layer), key=lambda k: waiting[k])
        if key in layer:
            continue
        layer[key] = depth[key]
        for child in children[key]:
            if child in layer:
                continue
            depth[child] = max(depth[child], depth[key] + 1)
            waiting[child] -= 1
            if waiting[child] <= 0:
                ready.append(child)
    for key in roots:
        if children[key]:
            layer[key] = max(0, min(layer[c] for c in children[key]) - 1)
    return {key: layer[key] for key in keys}


class _Proper:
    """The graph with a dummy node wherever an edge passes a layer; `order` holds each layer's nodes, top to bottom."""

    def __init__(self, layer: Mapping[Key, int], edges: Sequence[Pair]) -> None:
        self.above: dict[Key, list[Key]] = defaultdict(list)
        self.below: dict[Key, list[Key]] = defaultdict(list)
        self.dummies: dict[Pair, tuple[Key, ...]] = {}
        self.real = set(layer)
        self.order: list[list[Key]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
        for key, depth in layer.items():
            self.order[depth].append(key)
        for parent, child in edges:
            self._thread(layer, parent, child)

    def _thread(self, layer: Mapping[Key, int], parent: Key, child: Key) -> None:
        if layer[parent] >= layer[child]:  # closes a cycle: drawn straight, does not take part
            self.dummies[parent, child] = ()
            return
        chain = [("bend", parent, child, depth) for depth in range(layer[parent] + 1, layer[child])]
        for depth, dummy in enumerate(chain, layer[parent] + 1):
            self.order[depth].append(dummy)
        self.dummies[parent, child] = tuple(chain)
        for before, after in zip([parent, *chain], [*chain, child], strict=True):
            self.below[before].append(after)
            self.above[after].append(before)

    def reduce_crossings(self) -> None:
        """Sweep to and fro, each layer by the mean place of its neighbours; keep the best order seen."""
        best, fewest = [list(row) for row in self.order], self._crossings()
        for sweep in range(SWEEPS):
            if fewest == 0:
                break
            self._sweep(forth=sweep % 2 == 0)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.order], crossings
        self.order = best

    def _sweep(self, *, forth: bool) -> None:
        near = self.above if forth else self.below
        rows = self.order if forth else self.order[::-1]
        for fixed, moved in zip(rows, rows[1:], strict=False):
            at = {key: index for index, key in enumerate(fixed)}
            here = {key: index for index, key in enumerate(moved)}
            middle = {k: sum(at[n] for n in near[k]) / len(near[k]) if near[k] else here[k] for k in moved}
            moved.sort(key=lambda k: middle[k])  # noqa: B023 - used at once

    def _crossings(self) -> int:
        """Pairs of edges that cross: inversions among the lower ends, upper ends in order."""
        total = 0
        for upper, lower in zip(self.order, self.order[1:], strict=False):
            at = {key: index for index, key in enumerate(lower)}
            seen: list[int] = []
            for key in upper:
                ends = sorted(at[n] for n in self.below[key])
                total += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return total

    def settle(self, node_height: float, gap: float) -> dict[Key, float]:
        """Rows (pixels) in the order found, each near the middle of its neighbours, never closer than `gap`."""
        row: dict[Key, float] = {}
        for keys in self.order:
            offsets = self._offsets(keys, node_height, gap)
            row.update(zip(keys, (o - offsets[-1] / 2 for o in offsets), strict=True))
        for sweep in range(SWEEPS):
            near = (self.above, self.below)[sweep % 2]
            for keys in self.order if sweep % 2 == 0 else self.order[::-1]:
                wish = [sum(row[n] for n in near[k]) / len(near[k]) if near[k] else row[k] for k in keys]
                offsets = self._offsets(keys, node_height, gap)
                level = _pooled([w - o for w, o in zip(wish, offsets, strict=True)])
                row.update(zip(keys, (v + o for v, o in zip(level, offsets, strict=True)), strict=True))
        return row

    def _offsets(self, keys: Sequence[Key], node_height: float, gap: float) -> list[float]:
        """The least distance of each key from the first of its layer."""
        sizes = [node_height if key in self.real else 4.0 for key in keys]
        offsets = [0.0]
        for one, next_one in zip(sizes, sizes[1:], strict=False):
            offsets.append(offsets[-1] + (one + next_one) / 2 + gap)
        return offsets[: len(keys)] or [0.0]


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
