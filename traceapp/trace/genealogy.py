"""The trace of a lot: everything upstream, everything downstream, with quantities and whoever holds it."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, func, select, type_coerce
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.model import Product
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.quantity import rounded
from traceapp.db import Amount

from .flow import Link, as_decimal, downstream_amounts, in_unit, upstream_amounts
from .model import Lot, LotEdge, LotPosition, MasterRecord, ShipmentLine
from .walk import DOWN, UP, reached

DIRECTIONS = ("upstream", "downstream", "both")
DEFAULT_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class Node:
    """One lot of a trace. `side`: `root`, `up` or `down`; `depth` is the fewest steps from the root.

    `quantity` downstream: how much of the root is in it, in the root's unit (`quantity_unit`); upstream: how much of
    it is in the root, in its own unit. `share` is that over the whole it is taken from. None where it cannot be
    known. `stock` is None for lots that are not ours.
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


@dataclass(frozen=True, slots=True)
class Edge:
    """`quantity` of the parent went into the child, by one event. `kind`: `made`, `packed` or `attached`."""

    parent: str
    child: str
    quantity: Decimal | None
    unit: str | None
    at: datetime
    kind: str


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
    """What became of the root, in its unit. `traced` is the part of `consumed` that the edges account for;
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
    """`lots` without the root."""

    lots: int
    consignees: int
    balance: Balance
    products: tuple[ProductTotal, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """`truncated`: there is more than the limit let through; nearest lots come first."""

    root: Node
    direction: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    consignees: tuple[Held, ...]
    positions: tuple[Position, ...]
    totals: Totals
    truncated: bool

    def node(self, lot_key: str) -> Node | None:
        """The first node of this lot."""
        return next((node for node in self.nodes if node.lot_key == lot_key), None)


def trace_lot(session: Session, lot_key: str, direction: str = "both", limit: int = DEFAULT_LIMIT) -> Trace:
    """The trace of a lot over all levels; `nodes` begin with the root. Raises NotFound for an unknown lot."""
    if direction not in DIRECTIONS:
        raise InvalidInput("The direction is upstream, downstream or both.", code="bad-direction", place="direction")
    if session.scalar(select(Lot.lot_key).where(Lot.lot_key == lot_key)) is None:
        raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="lot_key", lot=lot_key)
    sides = [side for side, word in ((UP, "upstream"), (DOWN, "downstream")) if direction in (word, "both")]
    parts = [_Side(session, lot_key, side, limit) for side in sides]
    root = parts[0].nodes[0]
    nodes = (root, *(node for part in parts for node in part.nodes[1:]))
    edges = tuple(dict.fromkeys(edge for part in parts for edge in part.edges))
    held = parts[-1].consignees(session) if DOWN in sides else ()
    return Trace(
        root=root, direction=direction, nodes=nodes, edges=edges, consignees=held,
        positions=tuple(dict.fromkeys(position for part in parts for position in part.positions(session))),
        totals=_totals(session, root, nodes, held), truncated=any(part.truncated for part in parts))


class _Side:
    """One direction of a trace."""

    def __init__(self, session: Session, root: str, side: str, limit: int) -> None:
        self.root, self.side = root, side
        # The keys first, then everything by key: joined to the walk, PostgreSQL would read whole tables.
        near = list(session.scalars(select(reached(root, side).c.lot_key).limit(limit + 1)))
        rows = {row.lot_key: row for row in _by_keys(session, _LOTS, near)}
        found = sorted(_by_keys(session, _EDGES, near, direction=side),
                       key=lambda row: (row.at, row.lot_key, row.other_key))
        depths = _depths(root, found)
        self.truncated = len(rows) > limit
        kept = sorted((key for key in rows if key in depths),
                      key=lambda key: (depths[key], rows[key].started_at, key))[:limit]
        inside = set(kept)
        self.edges = tuple(
            Edge(*((row.other_key, row.lot_key) if side == UP else (row.lot_key, row.other_key)), row.quantity,
                 row.unit, row.at, row.kind) for row in found if row.lot_key in inside and row.other_key in inside)
        amounts = self._amounts(rows)
        self.nodes = tuple(self._node(rows, key, depths[key], amounts.get(key)) for key in kept)
        self.has_foreign = any(not node.is_own for node in self.nodes)

    def _amounts(self, rows: dict[str, Any]) -> dict[str, Fraction | None]:
        links = [Link(edge.parent, edge.child, in_unit(edge.quantity, edge.unit, rows[edge.parent].unit))
                 for edge in self.edges]
        made = {key: row.made for key, row in rows.items()}
        flow = upstream_amounts if self.side == UP else downstream_amounts
        return flow(self.root, links, made)

    def _node(self, rows: dict[str, Any], key: str, depth: int, amount: Fraction | None) -> Node:
        row = rows[key]
        quantity = as_decimal(amount)
        whole = row.made if self.side == UP else rows[self.root].made
        return Node(
            lot_key=key, uri=row.uri, number=row.number, name_zh=row.name_zh or row.name, made=row.made,
            name_en=row.name_en or row.name, item_kind=row.item_kind, product_id=row.product_id,
            product_code=row.code or "", kind=row.kind or row.item_kind, side="root" if key == self.root else self.side,
            depth=depth, unit=row.unit, stock=row.stock if row.is_own else None, shipped=row.shipped - row.returned,
            started_at=row.started_at, expires_on=row.expires_on, origin=row.origin, is_own=bool(row.is_own),
            release_state=row.release_state, is_on_hold=row.is_on_hold, is_recalled=row.is_recalled,
            quantity=quantity, quantity_unit=row.unit if self.side == UP else rows[self.root].unit,
            share=rounded(quantity / whole) if quantity is not None and whole else None)

    def consignees(self, session: Session) -> tuple[Held, ...]:
        """Who was sent lots of this side, with the root, by code."""
        found = list(_by_keys(session, _SENT, [node.lot_key for node in self.nodes]))
        parties = parties_by_id(session, (row.consignee_id for row in found))
        held = [Held(party.id, party.code, party.name_zh, party.name_en, party.region, row.lot_key, row.units,
                     row.shipped, row.first_at, row.last_at)
                for row in found if (party := parties.get(row.consignee_id)) is not None]
        return tuple(sorted(held, key=lambda one: (one.code, one.lot_key)))

    def positions(self, session: Session) -> tuple[Position, ...]:
        """Where others' lots are, by their events."""
        if not self.has_foreign:
            return ()
        rows = sorted(_by_keys(session, _PLACES, [node.lot_key for node in self.nodes if not node.is_own]),
                      key=lambda row: (row.lot_key, row.since, row.holder))
        names = names_of(session, sorted({row.holder for row in rows}))
        return tuple(Position(row.lot_key, row.holder, names.get(row.holder, ""), row.quantity, row.unit, row.since)
                     for row in rows)


_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
# A sum of columns forgets that they are scaled; it is told again.
_STOCK = type_coerce(Lot.made + Lot.returned - Lot.consumed - Lot.shipped - Lot.sampled - Lot.lost, Amount())
_LOTS = (select(Lot.lot_key, Lot.uri, Lot.number, Lot.name, Lot.item_kind, Lot.product_id, Lot.made, Lot.unit,
                _STOCK.label("stock"), Lot.shipped, Lot.returned, Lot.started_at, Lot.expires_on, Lot.origin,
                Lot.is_own, Lot.release_state, Lot.is_on_hold, Lot.is_recalled, Product.code, Product.kind,
                Product.name_zh, Product.name_en)
         .outerjoin(Product, Product.id == Lot.product_id).where(Lot.lot_key.in_(_KEYS)))
_EDGES = select(LotEdge.lot_key, LotEdge.other_key, LotEdge.quantity, LotEdge.unit, LotEdge.at, LotEdge.kind).where(
    LotEdge.lot_key.in_(_KEYS), LotEdge.direction == bindparam("direction"))
_SENT = (select(ShipmentLine.lot_key, ShipmentLine.consignee_id, func.sum(ShipmentLine.units).label("units"),
                func.sum(ShipmentLine.units).filter(ShipmentLine.units > 0).label("shipped"),
                func.min(ShipmentLine.shipped_at).label("first_at"), func.max(ShipmentLine.shipped_at).label("last_at"))
         .where(ShipmentLine.lot_key.in_(_KEYS)).group_by(ShipmentLine.lot_key, ShipmentLine.consignee_id))
_PLACES = select(LotPosition.lot_key, LotPosition.holder, LotPosition.quantity, LotPosition.unit,
                 LotPosition.since).where(LotPosition.lot_key.in_(_KEYS))


def _by_keys(session: Session, statement: Select[*tuple[Any, ...]], keys: list[str], **more: str) -> Iterator[Any]:
    """The rows of the statement for all these keys, one statement a thousand."""
    for start in range(0, len(keys), 1000):
        yield from session.execute(statement, {"keys": keys[start:start + 1000], **more})


def _depths(root: str, edges: Sequence[Any]) -> dict[str, int]:
    """The fewest steps from the root to each lot."""
    leaving: dict[str, list[str]] = defaultdict(list)
    for row in edges:
        leaving[row.lot_key].append(row.other_key)
    depths, layer = {root: 0}, [root]
    while layer:
        following = dict.fromkeys(other for key in layer for other in leaving[key] if other not in depths)
        depths.update((other, depths[layer[0]] + 1) for other in following)
        layer = list(following)
    return depths


def names_of(session: Session, uris: list[str]) -> dict[str, str]:
    """What master data that came with documents calls these things; several names of one thing stand side by side."""
    found: dict[str, list[str]] = defaultdict(list)
    for start in range(0, len(uris), 500):
        for record in session.scalars(select(MasterRecord).where(MasterRecord.uri.in_(uris[start:start + 500]))
                                      .order_by(MasterRecord.capture_id, MasterRecord.position)):
            name = record_name(record)
            if name and name not in found[record.uri]:
                found[record.uri].append(name)
    return {uri: " / ".join(names)[:300] for uri, names in found.items() if names}


_NAMES = ("descriptionshort", "name", "tradeitemdescription", "functionalname", "productname", "regulatedproductname")


def record_name(record: MasterRecord) -> str:
    """The name that one vocabulary element gives to its thing; empty where it gives none."""
    given: dict[str, str] = {}
    for name, value in record.attributes:
        short = name.replace("#", ":").replace("/", ":").rsplit(":", 1)[-1].casefold()
        if isinstance(value, str) and value.strip():
            given.setdefault(short, value.strip())
    return next((given[name] for name in _NAMES if name in given), "")


def _totals(session: Session, root: Node, nodes: tuple[Node, ...], held: tuple[Held, ...]) -> Totals:
    lot = session.get(Lot, root.lot_key)
    assert lot is not None
    traced = [in_unit(quantity, unit, lot.unit) or Decimal(0) for quantity, unit in session.execute(
        select(LotEdge.quantity, LotEdge.unit).where(
            LotEdge.lot_key == lot.lot_key, LotEdge.direction == DOWN, LotEdge.kind == "made"))]
    balance = Balance(lot.unit, lot.made, lot.consumed, lot.shipped, lot.returned, lot.sampled, lot.lost, lot.stock,
                      sum(traced, Decimal(0)))
    groups: dict[tuple[str | None, str, str | None], list[Node]] = defaultdict(list)
    for node in {node.lot_key: node for node in nodes}.values():
        groups[node.product_id, node.name_en, node.unit].append(node)
    products = tuple(
        ProductTotal(product_id, group[0].product_code, group[0].name_zh, name, unit, len(group),
                     sum((node.made for node in group), Decimal(0)), sum((node.shipped for node in group), Decimal(0)),
                     sum((node.stock or Decimal(0) for node in group), Decimal(0)))
        for (product_id, name, unit), group in sorted(groups.items(), key=lambda item: (item[1][0].depth, item[0][1])))
    return Totals(len({node.lot_key for node in nodes}) - 1, len({one.consignee_id for one in held}), balance, products)
