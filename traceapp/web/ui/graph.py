"""A genealogy as a picture: left to right, nodes as links, state by sign and word, quantities on the lines."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from .folding import ALL, Folded, FoldWish, columns_of, folded
from .graph_model import Edge, GraphWords, Kind, Meaning, Node
from .layering import Placed, place

__all__ = ["ALL", "Edge", "FoldWish", "GraphWords", "Kind", "Meaning", "Node", "Picture", "drawn", "genealogy"]
Ports = dict[tuple[str, str], float]
MARGIN, HEAD = 8, 30
SIGNS = {
    "go": "M2.5 8a5.5 5.5 0 1 0 11 0 5.5 5.5 0 1 0-11 0m3 0 2 2 3.5-4",
    "stop": "M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zm.8 3.8 3.4 3.4m0-3.4-3.4 3.4",
    "check": "M8 2.5 1.5 13.5h13zM8 7v3m0 1.9v.01",
    "info": "M2.5 8a5.5 5.5 0 1 0 11 0 5.5 5.5 0 1 0-11 0m5.5-.5v3m0-5.4v.01",
    "plain": "M5 8a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
}


@dataclass(frozen=True, slots=True)
class Look:
    """Sizes in pixels. `port`: between lines that end at one node; `crowd`: with more lines than that at both ends a
    quantity is left out."""

    width: int
    height: int
    gap: int
    across: int
    port: float
    crowd: int
    is_tight: bool = False
    most_rows: int = 0

    def corner(self, kind: Kind) -> int:
        """How round a node of this kind is."""
        return {"material": 12, "lot": 2, "container": 2, "party": self.height // 2, "more": 6}[kind]


ROOMY = Look(width=216, height=62, gap=14, across=128, port=16.0, crowd=3)
TIGHT = Look(width=152, height=24, gap=6, across=64, port=4.0, crowd=0, is_tight=True, most_rows=100)
MOST_ROOMY = 260
MOST_LINES = 2000  # more of them show nothing and cost the browser a quarter of a second a frame


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture with what it left out: `hidden` nodes stand in `folds`; `drawn` are seen. `is_tight`: so many that
    only their names are."""

    svg: Markup
    drawn: int
    hidden: int
    folds: int
    is_tight: bool


def genealogy(nodes: Sequence[Node], edges: Sequence[Edge], words: GraphWords, wish: FoldWish | None = None) -> Markup:
    """The picture alone. Raises ValueError for a key that stands twice."""
    return drawn(nodes, edges, words, wish or FoldWish()).svg


def drawn(nodes: Sequence[Node], edges: Sequence[Edge], words: GraphWords, wish: FoldWish) -> Picture:
    """The picture with its folds. Edges that name no node are left out. Raises ValueError for a key that is twice."""
    if len({node.key for node in nodes}) != len(nodes):
        raise ValueError("two nodes have the same key")
    found = folded(nodes, edges, words, wish)
    look = ROOMY if len(found.nodes) <= MOST_ROOMY else TIGHT
    pairs = [(edge.parent, edge.child) for edge in found.edges]
    placed = place(list(found.layer), pairs, (look.height, look.gap), found.layer, most_rows=look.most_rows)
    head = HEAD if words.stages else 0
    canvas = _Canvas(placed, look, MARGIN + head, words)
    width, height = canvas.starts[-1] - look.across + MARGIN, placed.height + 2 * MARGIN + head
    parts = [*canvas.headings(found), *canvas.lines(found.edges, has_pale=any(n.pale for n in found.nodes))]
    boxes = [canvas.node(node) for node in found.nodes]
    title = escape(words.title)
    kind = f"graph{' tight' if look.is_tight else ''}"
    source = (
        f'<svg class="{kind}" width="{width}" height="{height:.0f}" viewBox="0 0 {width} {height:.0f}" role="group"'
        f' aria-label="{title}"><title>{title}</title><g aria-hidden="true">{"".join(parts)}</g>{"".join(boxes)}</svg>'
    )
    # Every text in it went through escape(); Markup.format takes four times as long.
    return Picture(Markup(source), len(found.nodes), found.hidden, found.folds, look.is_tight)  # noqa: S704


class _Canvas:
    """Where things stand, in one look; `top` is above the first row."""

    def __init__(self, placed: Placed, look: Look, top: int, words: GraphWords) -> None:
        self.placed, self.look, self.top, self.words = placed, look, top, words
        self.starts = [MARGIN]  # of each layer, and of what would be after the last
        for columns in placed.columns or (1,):
            self.starts.append(self.starts[-1] + columns * (look.width + look.gap) - look.gap + look.across)

    def _left(self, key: str) -> int:
        placed, look = self.placed, self.look
        return self.starts[placed.layer[key]] + placed.column.get(key, 0) * (look.width + look.gap)

    def headings(self, found: Folded) -> list[str]:
        """What stands in the columns, above the first of each stage."""
        seen: set[int] = set()
        texts = []
        for stage, column in sorted(columns_of(found).items()):
            if stage < len(self.words.stages) and column not in seen:
                seen.add(column)
                said = escape(self.words.stages[stage])
                texts.append(f'<text class="head" x="{self.starts[column]}" y="{MARGIN + 12}">{said}</text>')
        return texts

    def lines(self, edges: Sequence[Edge], *, has_pale: bool) -> list[str]:
        """The edges, plain ones first so that the hot way lies on top, then the quantities. Of very many the hot way
        alone."""
        if len(edges) > MOST_LINES:
            edges = [edge for edge in edges if edge.hot]
        outs, ins = self._ports(edges)
        leaving, coming = Counter(edge.parent for edge in edges), Counter(edge.child for edge in edges)
        lines, texts = [], []
        for edge in sorted(edges, key=lambda one: one.hot):
            pair = (edge.parent, edge.child)
            start = (self._left(edge.parent) + self.look.width, self.placed.row[edge.parent] + self.top + outs[pair])
            end = (self._left(edge.child), self.placed.row[edge.child] + self.top + ins[pair])
            kind = "edge hot" if edge.hot else "edge pale" if has_pale else "edge"
            lines.append(f'<path class="{kind}" d="{self._path(start, end, self._bends(pair))}"/>')
            if edge.quantity and (edge.hot or not has_pale):
                crowds = leaving[edge.parent], coming[edge.child]
                texts += self._quantity(edge, (start, end), crowds)
        return lines + texts

    def _quantity(self, edge: Edge, ends: tuple[tuple[float, float], tuple[float, float]],
                  crowds: tuple[int, int]) -> list[str]:
        """How much, at the end where fewer lines are; nothing where both ends are crowded."""
        (start, end), (leaving, coming) = ends, crowds
        if min(leaving, coming) > self.look.crowd:
            return []
        at_start = coming > self.look.crowd
        x, y, anchor = (start[0] + 6, start[1], "start") if at_start else (end[0] - 10, end[1], "end")
        y += 14 if coming == 1 and start[1] < end[1] else -4
        return [f'<text class="qty halo" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(edge.quantity)}</text>']

    def _ports(self, edges: Sequence[Edge]) -> tuple[Ports, Ports]:
        """How far from the middle of its node each edge leaves and arrives, so that lines don't lie on each other."""
        outs: Ports = {}
        ins: Ports = {}
        row, bends = self.placed.row, self.placed.bends
        leaving, coming = defaultdict(list), defaultdict(list)
        for edge in edges:
            pair = (edge.parent, edge.child)
            passed = bends[pair]
            leaving[edge.parent].append((passed[0] if passed else row[edge.child], pair))
            coming[edge.child].append((passed[-1] if passed else row[edge.parent], pair))
        room = self.look.height - (6 if self.look.is_tight else 18)
        for found, ports in ((leaving, outs), (coming, ins)):
            for ends in found.values():
                step = min(self.look.port, room / max(1, len(ends) - 1))
                for index, (_, pair) in enumerate(sorted(ends)):
                    ports[pair] = (index - (len(ends) - 1) / 2) * step
        return outs, ins

    def _bends(self, pair: tuple[str, str]) -> list[tuple[int, int, float]]:
        """Where the line enters and leaves each layer that it passes, and at which level."""
        first = self.placed.layer[pair[0]] + 1
        return [(self.starts[layer], self.starts[layer + 1] - self.look.across, bend + self.top)
                for layer, bend in enumerate(self.placed.bends[pair], first)]

    def _path(self, start: tuple[float, float], end: tuple[float, float],
              bends: Sequence[tuple[int, int, float]]) -> str:
        """The line with its arrow; without one where thousands are drawn."""
        (x, y), look = start, self.look
        path = f"M{x:.0f} {y:.0f}"
        for enters, leaves, level in bends:
            path += f"{_swing((x, y), (enters, level))}H{leaves}"
            x, y = leaves, level
        return path + _swing((x, y), end) + ("" if look.is_tight else "m-6-3.5 6 3.5-6 3.5")

    def node(self, node: Node) -> str:
        """A node as a link, or as a picture of its own where it leads nowhere."""
        x, y = self._left(node.key), self.placed.row[node.key] + self.top - self.look.height / 2
        note = node.note or (self.words.amount(node.part) if node.part is not None else "")
        said = escape(", ".join(part for part in (node.label, node.sub, node.status, note) if part))
        inside = self._line(node, x, y) if self.look.is_tight else self._card(node, note, x, y)
        size = f'width="{self.look.width}" height="{self.look.height}" rx="{self.look.corner(node.kind)}"'
        body = f'<title>{said}</title><rect class="box" x="{x}" y="{y:.0f}" {size}/>{inside}'
        marks = [name for name, is_so in (("focus", node.focus), ("more", node.kind == "more"), ("at", node.chosen),
                                          ("found", node.found), ("pale", node.pale),
                                          (f"p{node.shade}", node.shade is not None)) if is_so]
        kind = " ".join([f"g-{node.meaning}", *marks])
        named = ' id="at"' if node.chosen else ""
        if not node.url:
            return f'<g class="{kind}"{named} role="img" aria-label="{said}">{body}</g>'
        current = ' aria-current="true"' if node.chosen else ""
        label = "" if self.look.is_tight else f' aria-label="{said}"'
        return f'<a class="{kind}"{named} href="{escape(node.url)}"{label}{current}>{body}</a>'

    def _card(self, node: Node, note: str, x: int, y: float) -> str:
        """Name, what it is, state: a line each."""
        inset = 22 if node.kind == "party" else 12
        room = self.look.width - 2 * inset
        lines = [_words("nm", x + inset, y + (19 if node.sub or node.status else 36), _fitted(node.label, room, 14))]
        if node.sub:
            lines.append(_words("sub ax", x + inset, y + 35, _fitted(node.sub, room, 12)))
        if node.status:
            lines.append(_sign(node.meaning, x + inset - 2, y + 41))
            free = room - 18 - (7 * len(note) + 8 if note else 0)
            lines.append(_words("st", x + inset + 18, y + 53, _fitted(node.status, free, 12)))
        if note:
            right = x + self.look.width - inset
            lines.append(f'<text class="amt" x="{right}" y="{y + 53:.0f}" text-anchor="end">{escape(note)}</text>')
        return "".join(lines)

    def _line(self, node: Node, x: int, y: float) -> str:
        """Sign and name in one line; the rest is in the title."""
        inset = 8 if node.kind == "party" else 4
        sign = _sign(node.meaning, x + inset, y + 4) if node.status else ""
        begin = inset + (19 if node.status else 4)
        return sign + _words("nm", x + begin, y + 17, _fitted(node.label, self.look.width - begin - 4, 12))


def _swing(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A curve that leaves and arrives level, and is level early enough for a quantity to stand on it."""
    reach = abs(end[0] - start[0]) or ROOMY.across
    near, far = start[0] + 0.55 * reach, end[0] - 0.75 * reach
    return f"C{near:.0f} {start[1]:.0f} {far:.0f} {end[1]:.0f} {end[0]:.0f} {end[1]:.0f}"


def _sign(meaning: str, x: float, y: float) -> str:
    return f'<path class="sign" transform="translate({x:.0f} {y:.0f})" d="{SIGNS[meaning]}"/>'


def _words(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


def _fitted(text: str, room: float, size: int) -> str:
    """`text` cut to about `room` pixels; a Han character is as wide as it is high, a Latin one about six tenths."""
    used = 0.0
    for index, letter in enumerate(text):
        used += size * (1.0 if ord(letter) > 0x2E7F else 0.6)
        if used > room:
            return text[: max(1, index - 1)] + "…"
    return text
