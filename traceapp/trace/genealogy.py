"""The trace of a lot: everything upstream, everything downstream, with quantities and whoever holds it."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.model import Product
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.quantity import rounded

from .flow import (
    Link,
    Range,
    as_decimal,
    downstream_amounts,
    downstream_ranges,
    in_unit,
    upstream_amounts,
    upstream_ranges,
)
from .model import Lot, LotEdge, LotPosition, MasterRecord, ShipmentLine
from .quick_reads import moment
from .reach import DOWN, UP, Line, Reached, Walk, Wanted

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
    at_least: Decimal | None
    at_most: Decimal | None
    arrived_at: datetime | None


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
    """`truncated`: there is more than the limit let through; nearest lots come first. `by_time`: what had left before
    the input arrived is not in it."""

    root: Node
    direction: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    consignees: tuple[Held, ...]
    positions: tuple[Position, ...]
    totals: Totals
    truncated: bool
    by_time: bool

    def node(self, lot_key: str) -> Node | None:
        """The first node of this lot."""
        return next((node for node in self.nodes if node.lot_key == lot_key), None)


def trace_lot(session: Session, lot_key: str, direction: str = "both", limit: int = DEFAULT_LIMIT, *,
              by_time: bool = True) -> Trace:
    """The trace of a lot over all levels; `nodes` begin with the root. `by_time`: what had left a lot before the input
    arrived is left out. Raises NotFound for an unknown lot."""
    if direction not in DIRECTIONS:
        raise InvalidInput("The direction is upstream, downstream or both.", code="bad-direction", place="direction")
    sides = [side for side, word in ((UP, "upstream"), (DOWN, "downstream")) if direction in (word, "both")]
    parts = [_Side(session, Wanted(lot_key, side, by_time, with_amounts=True), limit) for side in sides]
    root = parts[0].nodes[0]
    nodes = (root, *(node for part in parts for node in part.nodes[1:]))
    edges = tuple(dict.fromkeys(edge for part in parts for edge in part.edges))
    held = parts[-1].consignees(session) if DOWN in sides else ()
    return Trace(
        root=root, direction=direction, nodes=nodes, edges=edges, consignees=held,
        positions=tuple(dict.fromkeys(position for part in parts for position in part.positions(session))),
        totals=_totals(session, root, nodes, held), truncated=any(part.truncated for part in parts), by_time=by_time)


class _Side:
    """One direction of a trace. Raises NotFound for an unknown lot."""

    def __init__(self, session: Session, wanted: Wanted, limit: int) -> None:
        self.wanted = wanted
        walk = Walk(session.connection(), wanted)
        found: list[Reached] = []
        for level in walk.levels():
            found += sorted(level, key=lambda one: (one.started_raw, one.lot_key))
            if len(found) > limit:
                break
        if not found:
            raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="lot_key", lot=wanted.root)
        self.truncated, kept = len(found) > limit, found[:limit]
        self._inside = {one.lot_key: one for one in kept}
        if self.truncated:
            walk.step_within(self._inside.keys())
        self.edges = tuple(self._edge(line) for line in sorted(walk.followed.values(), key=itemgetter(2, 0, 1))
                           if line[0] in self._inside and line[1] in self._inside)
        products = _products(session, {one.product_id for one in kept if one.product_id})
        amounts, ranges = self._amounts()
        self.nodes = tuple(self._node(one, products.get(one.product_id or ""), amounts.get(one.lot_key),
                                      ranges.get(one.lot_key)) for one in kept)
        self.has_foreign = any(not node.is_own for node in self.nodes)

    def _edge(self, line: Line) -> Edge:
        at = moment(line.at)
        assert at is not None
        here, there = line.lot_key, line.other_key
        return Edge(*((there, here) if self.wanted.direction == UP else (here, there)), line.quantity, line.unit, at,
                    line.kind, moment(line.until))

    def _amounts(self) -> tuple[dict[str, Decimal | None], dict[str, Range]]:
        links = [Link(edge.parent, edge.child, in_unit(edge.quantity, edge.unit, self._inside[edge.parent].unit))
                 for edge in self.edges]
        made = {key: one.made for key, one in self._inside.items()}
        flow, ranges = ((upstream_amounts, upstream_ranges) if self.wanted.direction == UP
                        else (downstream_amounts, downstream_ranges))
        return flow(self.wanted.root, links, made), ranges(self.wanted.root, links, made)

    def _node(self, one: Reached, product: Any, amount: Decimal | None, between: Range | None) -> Node:
        quantity, (low, high), root = as_decimal(amount), between or (None, None), self._inside[self.wanted.root]
        made, is_up = one.made, self.wanted.direction == UP
        whole = made if is_up else root.made
        return Node(
            lot_key=one.lot_key, uri=one.uri, number=one.number, made=made,
            name_zh=product.name_zh if product else one.name, name_en=product.name_en if product else one.name,
            item_kind=one.item_kind, product_id=one.product_id, product_code=product.code if product else "",
            kind=product.kind if product else one.item_kind, side="root" if one is root else self.wanted.direction,
            depth=one.depth, unit=one.unit, stock=one.stock, shipped=one.shipped, started_at=one.started_at,
            expires_on=one.expires_on, origin=one.origin, is_own=one.is_own, release_state=one.release_state,
            is_on_hold=one.is_on_hold, is_recalled=one.is_recalled, quantity=quantity,
            quantity_unit=one.unit if is_up else root.unit,
            share=rounded(quantity / whole) if quantity is not None and whole else None,
            at_least=low, at_most=high, arrived_at=one.arrived_at)

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
_PRODUCTS = select(Product.id, Product.code, Product.kind, Product.name_zh, Product.name_en).where(
    Product.id.in_(_KEYS))
_SENT = (select(ShipmentLine.lot_key, ShipmentLine.consignee_id, func.sum(ShipmentLine.units).label("units"),
                func.sum(ShipmentLine.units).filter(ShipmentLine.units > 0).label("shipped"),
                func.min(ShipmentLine.shipped_at).label("first_at"), func.max(ShipmentLine.shipped_at).label("last_at"))
         .where(ShipmentLine.lot_key.in_(_KEYS)).group_by(ShipmentLine.lot_key, ShipmentLine.consignee_id))
_PLACES = select(LotPosition.lot_key, LotPosition.holder, LotPosition.quantity, LotPosition.unit,
                 LotPosition.since).where(LotPosition.lot_key.in_(_KEYS))


def _by_keys(session: Session, statement: Select[*tuple[Any, ...]], keys: list[str]) -> Iterator[Any]:
    """The rows of the statement for all these keys, one statement a thousand."""
    for start in range(0, len(keys), 1000):
        yield from session.execute(statement, {"keys": keys[start:start + 1000]})


def _products(session: Session, ids: set[str]) -> dict[str, Any]:
    return {row.id: row for row in _by_keys(session, _PRODUCTS, sorted(ids))}


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
