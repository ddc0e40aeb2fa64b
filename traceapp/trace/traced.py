"""What a trace says: lots, lines, consignees, places, totals. Values only."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Amount:
    """How much, in proportion and at least and at most, in one unit. None: not known, nothing limits it."""

    quantity: Decimal | None
    unit: str | None
    at_least: Decimal
    at_most: Decimal | None


@dataclass(frozen=True, slots=True)
class Node:
    """One lot of a trace. `side`: `root`, `up` or `down`; `depth` is the fewest steps from a root.

    `quantity` downstream: how much of the roots is in it, in their unit (`quantity_unit`); upstream: how much of it is
    in the roots, in its own unit. `share` is that over the whole it is taken from. None where it cannot be known, and
    where roots of several units are in it: then `amounts` has one of each. `stock` is None for lots that are not ours.
    """

    lot_key: str
    uri: str
    number: str
    name_zh: str
    name_en: str
    item_kind: str
    product_id: str | None
    product_code: str
    kind: str
    side: str
    depth: int
    made: Decimal
    unit: str | None
    stock: Decimal | None
    shipped: Decimal
    started_at: datetime
    expires_on: date | None
    origin: str
    is_own: bool
    release_state: str
    is_on_hold: bool
    is_recalled: bool
    quantity: Decimal | None
    quantity_unit: str | None
    share: Decimal | None
    at_least: Decimal | None
    at_most: Decimal | None
    arrived_at: datetime | None
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """`quantity` of the parent went into the child, by one event. `kind`: `made`, `packed` or `attached`. What was
    packed is in it `until` it was taken out; None: still."""

    parent: str
    child: str
    quantity: Decimal | None
    unit: str | None
    at: datetime
    kind: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """Units of one lot at one consignee, what came back taken off."""

    consignee_id: str
    code: str
    name_zh: str
    name_en: str
    region: str
    lot_key: str
    units: Decimal
    shipped: Decimal
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Receiver:
    """A consignee with the lots of the trace that it has: how many, units of them by unit, and what of the roots."""

    consignee_id: str
    code: str
    name_zh: str
    name_en: str
    region: str
    lots: int
    units: tuple[tuple[str | None, Decimal], ...]
    amounts: tuple[Amount, ...]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """Where a lot is by what the events of others say; `name` from master data, else empty."""

    lot_key: str
    holder: str
    name: str
    quantity: Decimal | None
    unit: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of the roots of one unit. `traced` is the part of `consumed` that the edges account for;
    `unaccounted` is what no record explains."""

    unit: str | None
    made: Decimal
    consumed: Decimal
    shipped: Decimal
    returned: Decimal
    sampled: Decimal
    lost: Decimal
    stock: Decimal
    traced: Decimal

    @property
    def unaccounted(self) -> Decimal:
        return self.consumed - self.traced


@dataclass(frozen=True, slots=True)
class ProductTotal:
    """The lots of one product in the trace, added up in its unit; root included. `product_id` None: not ours."""

    product_id: str | None
    code: str
    name_zh: str
    name_en: str
    unit: str | None
    lots: int
    made: Decimal
    shipped: Decimal
    stock: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """`lots` without the roots; `balance` is the first of the `balances`, one a unit of the roots."""

    lots: int
    consignees: int
    balance: Balance
    balances: tuple[Balance, ...]
    products: tuple[ProductTotal, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """`root` is the first of the `roots`. `truncated`: there is more than the limit let through; nearest lots come
    first. `by_time`: what had left before the input arrived is not in it; `since`: when it arrived in the roots."""

    root: Node
    roots: tuple[Node, ...]
    direction: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    consignees: tuple[Held, ...]
    receivers: tuple[Receiver, ...]
    positions: tuple[Position, ...]
    totals: Totals
    truncated: bool
    by_time: bool
    since: datetime | None

    def node(self, lot_key: str) -> Node | None:
        """The first node of this lot."""
        return next((node for node in self.nodes if node.lot_key == lot_key), None)
