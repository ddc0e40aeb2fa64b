"""The trace of lots: everything upstream, everything downstream, with quantities and whoever holds it."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

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
    links_from,
    upstream_amounts,
    upstream_ranges,
)
from .naming import names_of
from .position_query import places_of
from .quick_reads import moment
from .reach import DOWN, UP, Line, Reached, Walk, Wanted
from .receivers import KEYS, PARTY, by_keys, held_by, receivers_of, totals_of
from .traced import Amount, Balance, Edge, Held, Node, Position, ProductTotal, Receiver, Totals, Trace

DIRECTIONS = ("upstream", "downstream", "both")
DEFAULT_LIMIT = 5000
__all__ = ["DEFAULT_LIMIT", "DIRECTIONS", "Amount", "Balance", "Edge", "Held", "Node", "Outline", "Position",
           "ProductTotal", "Receiver", "Totals", "Trace", "TraceWish", "outline_from", "trace_from", "trace_lot"]


@dataclass(frozen=True, slots=True)
class TraceWish:
    """Which way, and how far. `by_time`: what had left a lot before the input arrived is left out; `since`: when the
    bad input came into the roots (downstream only); at most `limit` lots a side."""

    direction: str = "both"
    by_time: bool = True
    since: datetime | None = None
    limit: int = DEFAULT_LIMIT


def trace_lot(session: Session, lot_key: str, direction: str = "both", limit: int = DEFAULT_LIMIT, *,
              by_time: bool = True) -> Trace:
    """The trace of one lot over all levels. Raises NotFound for an unknown lot."""
    return trace_from(session, (lot_key,), TraceWish(direction, by_time, None, limit))


def trace_from(session: Session, keys: tuple[str, ...], wish: TraceWish) -> Trace:
    """The trace of all these lots together over all levels; `nodes` begin with them. Raises NotFound when none of them
    is known."""
    if wish.direction not in DIRECTIONS:
        raise InvalidInput("The direction is upstream, downstream or both.", code="bad-direction", place="direction")
    sides = [side for side, word in ((UP, "upstream"), (DOWN, "downstream")) if wish.direction in (word, "both")]
    parts = [_Side(session, _wanted(keys, side, wish), wish.limit) for side in sides]
    roots = parts[0].nodes[:parts[0].roots]
    nodes = (*roots, *(node for part in parts for node in part.nodes[part.roots:]))
    edges = tuple(dict.fromkeys(edge for part in parts for edge in part.edges))
    return Trace(
        root=roots[0], roots=roots, direction=wish.direction, nodes=nodes, edges=edges, consignees=parts[-1].held,
        receivers=parts[-1].receivers,
        positions=tuple(dict.fromkeys(place for part in parts for place in part.positions(session))),
        totals=totals_of(session, roots, nodes, parts[-1].held), truncated=any(part.truncated for part in parts),
        by_time=wish.by_time, since=wish.since)


@dataclass(frozen=True, slots=True)
class Outline:
    """The lots and lines of a trace, to be drawn: nothing of amounts, receivers and places."""

    roots: tuple[Node, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    truncated: bool


def outline_from(session: Session, keys: tuple[str, ...], side: str, limit: int = DEFAULT_LIMIT) -> Outline:
    """What `trace_from` finds on one side (UP or DOWN) of these lots, without what a picture does not show. Raises
    NotFound."""
    part = _Side(session, _wanted(keys, side, TraceWish()), limit, is_outline=True)
    return Outline(part.nodes[:part.roots], part.nodes, part.edges, part.truncated)


def _wanted(keys: tuple[str, ...], side: str, wish: TraceWish) -> Wanted:
    return Wanted(keys[0], side, wish.by_time, wish.since if side == DOWN else None, with_amounts=True,
                  more_roots=keys[1:])


class _Side:
    """One direction of a trace; an outline is without amounts and receivers. Raises NotFound for unknown lots."""

    def __init__(self, session: Session, wanted: Wanted, limit: int, *, is_outline: bool = False) -> None:
        self.wanted = wanted
        walk = Walk(session.connection(), wanted)
        found: list[Reached] = []
        self.roots = 0
        for level in walk.levels():
            found += sorted(level, key=lambda one: (one.started_raw, one.lot_key))
            self.roots = self.roots or min(len(found), limit)
            if len(found) > limit:
                break
        if not found:
            raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="lot_key", lot=wanted.root)
        self.truncated, kept = len(found) > limit, found[:limit]
        self._inside = {one.lot_key: one for one in kept}
        self._roots = {one.lot_key: one for one in kept[:self.roots]}
        if self.truncated:
            walk.step_within(self._inside.keys())
        self.edges = tuple(self._edge(line) for line in sorted(walk.followed.values(), key=itemgetter(2, 0, 1))
                           if line[0] in self._inside and line[1] in self._inside)
        is_held = wanted.direction == DOWN and not is_outline
        self.held = held_by(session, kept, by_time=wanted.by_time) if is_held else ()
        products = {row.id: row for row in by_keys(session, _PRODUCTS, sorted(
            {one.product_id for one in kept if one.product_id}))}
        amounts = (defaultdict[str, tuple[Amount, ...]](tuple) if is_outline
                   else self._amounts_down() if wanted.direction == DOWN else self._amounts_up())
        self.nodes = tuple(self._node(one, products.get(one.product_id or ""), amounts[one.lot_key]) for one in kept)
        self.receivers = receivers_of(self.held, {key: one.unit for key, one in self._inside.items()}, amounts)

    def _edge(self, line: Line) -> Edge:
        at = moment(line.at)
        assert at is not None
        here, there = line.lot_key, line.other_key
        return Edge(*((there, here) if self.wanted.direction == UP else (here, there)), line.quantity, line.unit, at,
                    line.kind, moment(line.until))

    def _links(self) -> list[Link]:
        return [Link(edge.parent, edge.child, in_unit(edge.quantity, edge.unit, self._inside[edge.parent].unit))
                for edge in self.edges]

    def _amounts_up(self) -> dict[str, tuple[Amount, ...]]:
        made, links = {key: one.made for key, one in self._inside.items()}, self._links()
        amounts, ranges = upstream_amounts(self._roots, links, made), upstream_ranges(self._roots, links, made)
        return {key: (_amount(amounts.get(key), ranges.get(key), one.unit),) for key, one in self._inside.items()}

    def _amounts_down(self) -> dict[str, tuple[Amount, ...]]:
        """For each lot and each consignee, what of the roots is in it; one amount a unit of the roots."""
        made = {key: one.made for key, one in self._inside.items()}
        links = [*self._links(), *(Link(one.lot_key, f"{PARTY}{one.consignee_id}", one.units)
                                   for one in self.held if one.units > 0)]
        groups: dict[str | None, list[str]] = defaultdict(list)
        for key, one in self._roots.items():
            groups[one.unit].append(key)
        found: dict[str, tuple[Amount, ...]] = defaultdict(tuple)
        for unit, roots in groups.items():
            others = self._roots.keys() - roots
            followed = links_from(roots, links, others) if others else links
            amounts, ranges = downstream_amounts(roots, followed, made), downstream_ranges(roots, followed, made)
            for key, amount in amounts.items():
                found[key] += (_amount(amount, ranges.get(key), unit),)
        return found

    def _node(self, one: Reached, product: Any, amounts: tuple[Amount, ...]) -> Node:
        is_up = self.wanted.direction == UP
        only = amounts[0] if len(amounts) == 1 else None
        quantity = only.quantity if only is not None else None
        whole = one.made if is_up else sum(
            (root.made for root in self._roots.values() if only and root.unit == only.unit), Decimal(0))
        return Node(
            lot_key=one.lot_key, uri=one.uri, number=one.number, made=one.made,
            name_zh=product.name_zh if product else one.name, name_en=product.name_en if product else one.name,
            item_kind=one.item_kind, product_id=one.product_id, product_code=product.code if product else "",
            kind=product.kind if product else one.item_kind,
            side="root" if one.lot_key in self._roots else self.wanted.direction,
            depth=one.depth, unit=one.unit, stock=one.stock, shipped=one.shipped, started_at=one.started_at,
            expires_on=one.expires_on, origin=one.origin, is_own=one.is_own, release_state=one.release_state,
            is_on_hold=one.is_on_hold, is_recalled=one.is_recalled, quantity=quantity,
            quantity_unit=only.unit if only else None,
            share=rounded(quantity / whole) if quantity is not None and whole else None,
            at_least=only.at_least if only else None, at_most=only.at_most if only else None,
            arrived_at=one.arrived_at, amounts=amounts)

    def positions(self, session: Session) -> tuple[Position, ...]:
        """Where others' lots are, by their events."""
        rows = places_of(session, [node.lot_key for node in self.nodes if not node.is_own])
        names = names_of(session, sorted({row.place for row in rows}))
        return tuple(Position(row.lot_key, row.place, names.get(row.place, ""), row.quantity, row.unit, row.since)
                     for row in rows)


def _amount(quantity: Decimal | None, between: Range | None, unit: str | None) -> Amount:
    low, high = between or (Decimal(0), None)
    return Amount(as_decimal(quantity), unit, low, high)


_PRODUCTS = select(Product.id, Product.code, Product.kind, Product.name_zh, Product.name_en).where(
    Product.id.in_(KEYS))
