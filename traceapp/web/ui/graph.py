"""A genealogy as a picture: left to right, nodes as links, state by sign and word, quantities on the lines."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup, escape

from .layering import Placed, place

Meaning = Literal["go", "stop", "check", "info", "plain"]
Ports = dict[tuple[str, str], float]
Kind = Literal["material", "lot", "party", "more"]
WIDTH, HEIGHT, GAP, ACROSS, MARGIN = 216, 62, 14, 92, 8
PORT = 18.0  # pixels between lines that end at one node
FOLD = "more:"  # key of what stands for folded nodes
CORNER = {"material": 12, "lot": 2, "party": HEIGHT // 2, "more": 6}
SEVERITY: dict[str, int] = {"stop": 0, "check": 1, "info": 2, "plain": 3, "go": 4}
SIGNS = {
    "go": "M2.5 8a5.5 5.5 0 1 0 11 0 5.5 5.5 0 1 0-11 0m3 0 2 2 3.5-4",
    "stop": "M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zm.8 3.8 3.4 3.4m0-3.4-3.4 3.4",
    "check": "M8 2.5 1.5 13.5h13zM8 7v3m0 1.9v.01",
    "info": "M2.5 8a5.5 5.5 0 1 0 11 0 5.5 5.5 0 1 0-11 0m5.5-.5v3m0-5.4v.01",
    "plain": "M5 8a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A lot or a party. `status` is the word for `meaning`; a small `rank` stays when a fan is folded."""

    key: str
    label: str
    sub: str = ""
    kind: Kind = "lot"
    meaning: Meaning = "plain"
    status: str = ""
    url: str | None = None
    focus: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """`parent` went into, or was sent to, `child`; `hot` marks the way that is followed."""

    parent: str
    child: str
    quantity: str = ""
    hot: bool = False


@dataclass(frozen=True, slots=True)
class GraphWords:
    """Translated texts: the name of the picture, and what stands for n folded nodes."""

    title: str
    more: Callable[[int], str]


def genealogy(
    nodes: Sequence[Node], edges: Sequence[Edge], words: GraphWords, *, keep: int = 8, more_url: str | None = None
) -> Markup:
    """The picture. Fans of more than `keep` like nodes are folded into one that links to `more_url`.

    Edges that name no node are left out. Raises ValueError for a key that stands twice.
    """
    if len({node.key for node in nodes}) != len(nodes):
        raise ValueError("two nodes have the same key")
    nodes, edges = folded(nodes, edges, words.more, keep=keep, more_url=more_url)
    pairs = [(e.parent, e.child) for e in edges]
    receivers = {n.key for n in nodes if n.kind == "party"} | {e.child for e in edges if e.child.startswith(FOLD)}
    last = receivers - {e.parent for e in edges}
    placed = place([n.key for n in nodes], pairs, (HEIGHT, GAP), last=last)
    width = (max(placed.layer.values(), default=0) + 1) * (WIDTH + ACROSS) - ACROSS + 2 * MARGIN
    height = placed.height + 2 * MARGIN
    lines = _lines(edges, placed)
    boxes = [_node(node, _left(placed, node.key), placed.row[node.key] + MARGIN) for node in nodes]
    title = escape(words.title)
    source = (
        f'<svg class="graph" width="{width}" height="{height:.0f}" viewBox="0 0 {width} {height:.0f}" role="group"'
        f' aria-label="{title}"><title>{title}</title><g aria-hidden="true">{"".join(lines)}</g>{"".join(boxes)}</svg>'
    )
    return Markup(source)  # noqa: S704 - every text in it went through escape(); Markup.format takes four times as long


def folded(
    nodes: Sequence[Node], edges: Sequence[Edge], more: Callable[[int], str], *, keep: int, more_url: str | None = None
) -> tuple[list[Node], list[Edge]]:
    """Nodes and edges with every fan of like nodes cut to `keep`, the last one saying how many more there are.

    Like: same kind, parents and children; then, above twice `keep`, all leaves of a kind, and all roots. The focus is
    never folded; what is worst by meaning, then by rank, stays.
    """
    keys = {node.key for node in nodes}
    edges = [e for e in dict.fromkeys(edges) if e.parent in keys and e.child in keys]
    for limit, like in ((keep, _same_neighbours), (2 * keep, _same_end)):
        nodes, edges = _fold_groups(nodes, edges, like(nodes, edges), (limit, more, more_url))
    return list(nodes), edges


def _same_neighbours(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, object]:
    parents, children = _neighbours(edges)
    return {n.key: (n.kind, frozenset(parents[n.key]), frozenset(children[n.key])) for n in nodes}


def _same_end(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, object]:
    """Leaves of a kind are alike, and so are roots; what has both sides is alike to nothing."""
    parents, children = _neighbours(edges)
    ends = [n for n in nodes if n.kind != "more" and not (parents[n.key] and children[n.key])]
    return {n.key: (n.kind, bool(parents[n.key])) for n in ends}


def _neighbours(edges: Sequence[Edge]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    parents: dict[str, set[str]] = defaultdict(set)
    children: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        parents[edge.child].add(edge.parent)
        children[edge.parent].add(edge.child)
    return parents, children


def _fold_groups(
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    like: dict[str, object],
    rule: tuple[int, Callable[[int], str], str | None],
) -> tuple[list[Node], list[Edge]]:
    limit, more, more_url = rule
    groups: dict[object, list[Node]] = defaultdict(list)
    for node in nodes:
        if not node.focus and node.key in like:
            groups[like[node.key]].append(node)
    stands_for: dict[str, str] = {}
    folds: list[Node] = []
    for group in groups.values():
        if len(group) <= limit:
            continue
        hidden = sorted(group, key=lambda n: (SEVERITY[n.meaning], n.rank))[limit - 1 :]
        name = f"{FOLD}{hidden[0].key}"
        stands_for.update((n.key, name) for n in hidden)
        worst = min((n.meaning for n in hidden), key=lambda m: SEVERITY[m])
        status = next(n.status for n in hidden if n.meaning == worst) if worst in ("stop", "check") else ""
        folds.append(Node(name, more(len(hidden)), "", "more", worst if status else "plain", status, more_url))
    kept = [n for n in nodes if n.key not in stands_for] + folds
    return kept, _merged(edges, stands_for)


def _merged(edges: Sequence[Edge], stands_for: dict[str, str]) -> list[Edge]:
    merged: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        ends = (stands_for.get(edge.parent, edge.parent), stands_for.get(edge.child, edge.child))
        if ends == (edge.parent, edge.child):
            merged[ends] = edge
            continue
        hot = edge.hot or (ends in merged and merged[ends].hot)
        merged[ends] = replace(edge, parent=ends[0], child=ends[1], quantity="", hot=hot)
    return list(merged.values())


def _left(placed: Placed, key: str) -> float:
    return MARGIN + placed.layer[key] * (WIDTH + ACROSS)


def _lines(edges: Sequence[Edge], placed: Placed) -> list[str]:
    """The edges, plain ones first so that the hot way lies on top, then the quantities."""
    outs, ins = _ports(edges, placed)
    leaving, coming = Counter(e.parent for e in edges), Counter(e.child for e in edges)
    lines, texts = [], []
    for edge in sorted(edges, key=lambda e: e.hot):
        pair = (edge.parent, edge.child)
        start = (_left(placed, edge.parent) + WIDTH, placed.row[edge.parent] + MARGIN + outs[pair])
        end = (_left(placed, edge.child), placed.row[edge.child] + MARGIN + ins[pair])
        path = _path(start, end, [y + MARGIN for y in placed.bends[pair]])
        hot = " hot" if edge.hot else ""
        lines.append(f'<path class="edge{hot}" d="{path}m-6-3.5 6 3.5-6 3.5"/>')
        if not edge.quantity:
            continue
        at_start = coming[edge.child] > 4 and leaving[edge.parent] <= 4
        x, y, anchor = (start[0] + 6, start[1], "start") if at_start else (end[0] - 10, end[1], "end")
        y += 14 if coming[edge.child] == 1 and start[1] < end[1] else -5
        place_at = f'x="{x:.0f}" y="{y:.1f}" text-anchor="{anchor}"'
        texts.append(f'<text class="qty halo" {place_at}>{escape(edge.quantity)}</text>')
    return lines + texts


def _ports(edges: Sequence[Edge], placed: Placed) -> tuple[Ports, Ports]:
    """How far from the middle of its node each edge leaves and arrives, so that lines don't lie on each other."""
    outs: Ports = {}
    ins: Ports = {}
    leaving, coming = defaultdict(list), defaultdict(list)
    for edge in edges:
        pair = (edge.parent, edge.child)
        bends = placed.bends[pair] or (None,)
        first, last = bends[0], bends[-1]
        leaving[edge.parent].append((placed.row[edge.child] if first is None else first, pair))
        coming[edge.child].append((placed.row[edge.parent] if last is None else last, pair))
    for found, ports in ((leaving, outs), (coming, ins)):
        for ends in found.values():
            step = min(PORT, (HEIGHT - 18) / max(1, len(ends) - 1))
            for index, (_, pair) in enumerate(sorted(ends)):
                ports[pair] = (index - (len(ends) - 1) / 2) * step
    return outs, ins


def _path(start: tuple[float, float], end: tuple[float, float], bends: Sequence[float]) -> str:
    x, y = start
    path = f"M{x:.0f} {y:.1f}"
    for bend in bends:
        path += f"{_swing((x, y), (x + ACROSS, bend))}h{WIDTH}"
        x, y = x + ACROSS + WIDTH, bend
    return path + _swing((x, y), end)


def _swing(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A curve that leaves and arrives level, and is level early enough for a quantity to stand on it."""
    reach = abs(end[0] - start[0]) or ACROSS
    near, far = start[0] + 0.55 * reach, end[0] - 0.75 * reach
    return f"C{near:.0f} {start[1]:.1f} {far:.0f} {end[1]:.1f} {end[0]:.0f} {end[1]:.1f}"


def _node(node: Node, x: float, middle: float) -> str:
    y = middle - HEIGHT / 2
    inset = 22 if node.kind == "party" else 12
    room = WIDTH - 2 * inset
    said = escape(", ".join(part for part in (node.label, node.sub, node.status) if part))
    size = f'width="{WIDTH}" height="{HEIGHT}" rx="{CORNER[node.kind]}"'
    lines = [
        f'<title>{said}</title><rect class="box" x="{x:.0f}" y="{y:.1f}" {size}/>',
        _words("nm", x + inset, y + (19 if node.sub or node.status else 36), _fitted(node.label, room, 14)),
    ]
    if node.sub:
        lines.append(_words("sub ax", x + inset, y + 35, _fitted(node.sub, room, 12)))
    if node.status:
        corner = f"translate({x + inset - 2:.0f} {y + 41:.1f})"
        lines.append(f'<path class="sign" transform="{corner}" d="{SIGNS[node.meaning]}"/>')
        lines.append(_words("st", x + inset + 18, y + 53, _fitted(node.status, room - 18, 12)))
    kind = f"g-{node.meaning}{' focus' if node.focus else ''}{' more' if node.kind == 'more' else ''}"
    if node.url:
        current = ' aria-current="true"' if node.focus else ""
        head = f'<a class="{kind}" href="{escape(node.url)}" aria-label="{said}"{current}>'
        return f"{head}{''.join(lines)}</a>"
    return f'<g class="{kind}" role="img" aria-label="{said}">{"".join(lines)}</g>'


def _words(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.1f}">{escape(text)}</text>'


def _fitted(text: str, room: float, size: int) -> str:
    """`text` cut to about `room` pixels; a Han character is as wide as it is high, a Latin one about six tenths."""
    used = 0.0
    for index, letter in enumerate(text):
        used += size * (1.0 if ord(letter) > 0x2E7F else 0.6)
        if used > room:
            return text[: max(1, index - 1)] + "…"
    return text
