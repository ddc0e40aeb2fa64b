"""Who has lots of a trace, where others' lots are, and what became of the lots that it began from."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.model import Party

from .flow import in_unit
from .model import Lot, LotEdge, ShipmentLine
from .reach import DOWN, Reached
from .traced import Amount, Balance, Held, Node, ProductTotal, Receiver, Totals

PARTY = "party:"  # before the id of a consignee, where lots and consignees stand side by side
KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_SENT = (select(ShipmentLine.lot_key, ShipmentLine.consignee_id, func.sum(ShipmentLine.units).label("units"),
                func.sum(ShipmentLine.units).filter(ShipmentLine.units > 0).label("shipped"),
                func.min(ShipmentLine.shipped_at).label("first_at"), func.max(ShipmentLine.shipped_at).label("last_at"))
         .where(ShipmentLine.lot_key.in_(KEYS)).group_by(ShipmentLine.lot_key, ShipmentLine.consignee_id))
_LINES = select(ShipmentLine.lot_key, ShipmentLine.consignee_id, ShipmentLine.units, ShipmentLine.shipped_at).where(
    ShipmentLine.lot_key.in_(KEYS))
_USED = select(LotEdge.lot_key, LotEdge.quantity, LotEdge.unit).where(
    LotEdge.lot_key.in_(KEYS), LotEdge.direction == DOWN, LotEdge.kind == "made")
_BOUGHT = select(Lot.lot_key, Lot.supplier_id).where(Lot.lot_key.in_(KEYS), Lot.supplier_id.is_not(None))
_ROOTS = select(Lot.lot_key, Lot.unit, Lot.made, Lot.consumed, Lot.shipped, Lot.returned, Lot.sampled, Lot.lost).where(
    Lot.lot_key.in_(KEYS))


def by_keys(session: Session, statement: Select[*tuple[Any, ...]], keys: Collection[str]) -> Iterator[Any]:
    """The rows of the statement for all these keys, one statement a thousand."""
    every = list(keys)
    for start in range(0, len(every), 1000):
        yield from session.execute(statement, {"keys": every[start:start + 1000]})


def held_by(session: Session, lots: Iterable[Reached], *, by_time: bool) -> tuple[Held, ...]:
    """Who was sent these lots, by code. `by_time`: without what had left a lot before something of a root came in."""
    late = {one.lot_key: one for one in lots if by_time and one.arrived_raw > one.started_raw}
    sums = list(by_keys(session, _SENT, [one.lot_key for one in lots if one.lot_key not in late]))
    sums += _later(session, late)
    parties = parties_by_id(session, (row[1] for row in sums))
    held = [Held(party.id, party.code, party.name_zh, party.name_en, party.region, lot_key, units,
                 shipped or Decimal(0), first_at, last_at)
            for lot_key, consignee, units, shipped, first_at, last_at in sums
            if (party := parties.get(consignee)) is not None]
    return tuple(sorted(held, key=lambda one: (one.code, one.lot_key)))


def _later(session: Session, lots: Mapping[str, Reached]) -> list[tuple[Any, ...]]:
    """The same sums over what left these lots, or came back, at or after the moment of arrival. A time before the lot
    itself began is a mistake and leaves nothing out."""
    arrived = {key: (one.arrived_at, one.started_at) for key, one in lots.items()}
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in by_keys(session, _LINES, list(lots)):
        begin, started = arrived[row.lot_key]
        if begin is None or row.shipped_at >= begin or row.shipped_at < started:
            groups[row.lot_key, row.consignee_id].append(row)
    return [(*pair, sum((one.units for one in rows), Decimal(0)),
             sum((one.units for one in rows if one.units > 0), Decimal(0)),
             min(one.shipped_at for one in rows), max(one.shipped_at for one in rows))
            for pair, rows in groups.items()]


def receivers_of(held: Iterable[Held], units: Mapping[str, str | None],
                 amounts: Mapping[str, tuple[Amount, ...]]) -> tuple[Receiver, ...]:
    """The consignees that still have something, each once, by code."""
    groups: dict[str, list[Held]] = defaultdict(list)
    for one in held:
        if one.units > 0:
            groups[one.consignee_id].append(one)
    return tuple(_receiver(rows, units, amounts.get(f"{PARTY}{consignee}", ())) for consignee, rows in groups.items())


def _receiver(held: list[Held], units: Mapping[str, str | None], amounts: tuple[Amount, ...]) -> Receiver:
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for one in held:
        sums[units.get(one.lot_key)] += one.units
    first = held[0]
    return Receiver(first.consignee_id, first.code, first.name_zh, first.name_en, first.region, len(held),
                    tuple(sorted(sums.items(), key=lambda pair: pair[0] or "")), amounts,
                    min(one.first_at for one in held), max(one.last_at for one in held))


def suppliers_of(session: Session, keys: Collection[str]) -> dict[str, Party]:
    """Whom those of these lots that were bought came from, by the key of the lot."""
    bought = {row.lot_key: row.supplier_id for row in by_keys(session, _BOUGHT, keys)}
    parties = parties_by_id(session, bought.values())
    return {key: parties[party] for key, party in bought.items() if party in parties}


def totals_of(session: Session, roots: tuple[Node, ...], nodes: tuple[Node, ...], held: tuple[Held, ...]) -> Totals:
    """What the trace comes to."""
    balances = _balances(session, [node.lot_key for node in roots])
    groups: dict[tuple[str | None, str, str | None], list[Node]] = defaultdict(list)
    every = {node.lot_key: node for node in nodes}
    for node in every.values():
        groups[node.product_id, node.name_en, node.unit].append(node)
    products = tuple(
        ProductTotal(product_id, group[0].product_code, group[0].name_zh, name, unit, len(group),
                     sum((node.made for node in group), Decimal(0)), sum((node.shipped for node in group), Decimal(0)),
                     sum((node.stock or Decimal(0) for node in group), Decimal(0)))
        for (product_id, name, unit), group in sorted(groups.items(), key=lambda item: (item[1][0].depth, item[0][1])))
    return Totals(len(every) - len(roots), len({one.consignee_id for one in held}), balances[0], balances, products)


def _balances(session: Session, keys: list[str]) -> tuple[Balance, ...]:
    """What became of these lots, added up by unit, in the order of the lots."""
    rows = {row.lot_key: row for row in by_keys(session, _ROOTS, keys)}
    sums: dict[str | None, list[Decimal]] = {}
    for key in keys:
        row = rows[key]
        before = sums.setdefault(row.unit, [Decimal(0)] * 7)
        sums[row.unit] = [one + other for one, other in zip(before, (*row[2:], Decimal(0)), strict=True)]
    for row in by_keys(session, _USED, keys):
        unit = rows[row.lot_key].unit
        sums[unit][6] += in_unit(row.quantity, row.unit, unit) or Decimal(0)
    return tuple(Balance(unit, made, consumed, shipped, returned, sampled, lost,
                         made + returned - consumed - shipped - sampled - lost, traced)
                 for unit, (made, consumed, shipped, returned, sampled, lost, traced) in sums.items())
