"""What a graph is drawn from: nodes, edges, and the words that stand for what is folded. Values only."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Meaning = Literal["go", "stop", "check", "info", "plain"]
Kind = Literal["material", "lot", "container", "party", "more"]
Amount = tuple[Decimal, str | None]  # a number and its unit
LAST = 9


@dataclass(frozen=True, slots=True)
class Node:
    """A lot or a party. `status` is the word for `meaning`; a small `rank` stays when a fan is folded. `stage`: which
    columns it belongs to; `like`: what its like have in common, a product say. `amount`, how much it is, and `part`,
    how much of what is followed is in it, are added up in folds; at its corner stands `note`, else the part.

    `focus`: where the trace begins; `chosen`: the one that is asked about; `found`: what a search found; `shade`: how
    dark its box is, from 0 to 4, where darkness stands for a number that `note` says.
    """

    key: str
    label: str
    sub: str = ""
    kind: Kind = "lot"
    meaning: Meaning = "plain"
    status: str = ""
    url: str | None = None
    focus: bool = False
    rank: int = 0
    stage: int | None = None
    like: str = ""
    amount: Amount | None = None
    part: Amount | None = None
    note: str = ""
    chosen: bool = False
    found: bool = False
    pale: bool = False
    shade: int | None = None

    @property
    def standing(self) -> int:
        """The stage; parties stand last where nothing is said."""
        return self.stage if self.stage is not None else LAST if self.kind == "party" else 0


@dataclass(frozen=True, slots=True)
class Edge:
    """`parent` went into, or was sent to, `child`; `hot` marks the way that is followed. `quantity` says how much;
    `amount` is the same as a number, so that folded edges can be added up."""

    parent: str
    child: str
    quantity: str = ""
    hot: bool = False
    amount: Amount | None = None


def _amount_plainly(amount: Amount) -> str:
    return f"{amount[0]:f} {amount[1] or ''}".strip()


@dataclass(frozen=True, slots=True)
class GraphWords:
    """Translated texts: the name of the picture, what stands for n folded nodes of a kind, an amount, and the headings
    of the columns by stage."""

    title: str
    more: Callable[[int, Kind], str]
    amount: Callable[[Amount], str] = _amount_plainly
    stages: tuple[str, ...] = ()


def ways_through(edges: Iterable[Edge], key: str) -> tuple[set[str], set[tuple[str, str]]]:
    """The nodes that lead to this one or come of it, itself included, and the edges on these ways."""
    down: dict[str, list[str]] = defaultdict(list)
    up: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        down[edge.parent].append(edge.child)
        up[edge.child].append(edge.parent)
    before, after = _reached(key, up), _reached(key, down)
    pairs = {(parent, one) for one in before for parent in up[one]}
    pairs |= {(one, child) for one in after for child in down[one]}
    return before | after, pairs


def _reached(key: str, steps: dict[str, list[str]]) -> set[str]:
    found, ready = {key}, [key]
    while ready:
        for one in steps[ready.pop()]:
            if one not in found:
                found.add(one)
                ready.append(one)
    return found


def added_up(amounts: Sequence[Amount | None]) -> list[Amount] | None:
    """The sums by unit; None when one of them is not known."""
    sums: dict[str | None, Decimal] = {}
    for one in amounts:
        if one is None:
            return None
        sums[one[1]] = sums.get(one[1], Decimal(0)) + one[0]
    return [(value, unit) for unit, value in sums.items()]
