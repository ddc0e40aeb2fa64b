"""What the lots of a signal have in common with others: materials, and all that they met on the way, as one graph.

Bounded, one query a level of the genealogy and five hundred lots. Containers are left out: what they do to a product
shows in its lane and its consignees.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.trace.flow import in_unit
from traceapp.trace.guards import place_of
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import ItemKind, Lot, LotEdge, Production, Shipment, ShipmentLine

from .alarm import NodeKind
from .exposure import chunks

MOST_ANCESTORS = 400
MOST_LOTS = 3000
_MOST_COMPARED = 500
_COMPARED_WITHIN = timedelta(days=365)
_MOST_LINES = 20_000
_CONTAINED = ("packed", "attached")
LASTING = frozenset({NodeKind.supplier, NodeKind.line, NodeKind.equipment, NodeKind.operator, NodeKind.site,
                     NodeKind.lane, NodeKind.consignee})
_ON_THE_WAY = frozenset({NodeKind.lane, NodeKind.consignee})
BY_PLACE = _ON_THE_WAY | {NodeKind.site}
Edge = tuple[str, str]
Line = tuple[Decimal | None, str | None]


@dataclass(frozen=True, slots=True)
class Thing:
    """What is no lot but may be a cause. `ref` is the id of a party or site, else what people call it."""

    kind: NodeKind
    ref: str

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.ref}"


@dataclass(slots=True)
class Lineage:
    """The graph. `lots` are all in it, `compared` those that may have been in use; `shares` of an edge is the part of
    the child that came from the parent or went its way, where it is not the whole; `retained` samples by lot;
    `made_into` others are these lots; `ways`: of what a consignee got of a lot, the part that met each thing; `met`: of
    a lane, site or consignee, the day (as a number) on which units of each lot went that way, in the mean; of a
    supplier, the day on which the last came in of its lots that are in each lot.
    `is_cut`: there is more than what was looked at."""

    roots: tuple[str, ...]
    lots: dict[str, Lot] = field(default_factory=dict)
    compared: list[str] = field(default_factory=list)
    things: dict[str, Thing] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    shares: dict[Edge, float] = field(default_factory=dict)
    retained: dict[str, Decimal] = field(default_factory=dict)
    made_into: frozenset[str] = frozenset()
    ways: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    met: dict[str, dict[str, float]] = field(default_factory=dict)
    is_cut: bool = False

    def kind_of(self, node: str) -> NodeKind:
        """The kind of a node; a lot that others were made from is `upstream`."""
        if node in self.things:
            return self.things[node].kind
        return NodeKind.upstream if node in self.made_into else NodeKind.lot

    @property
    def unseen_in_stock(self) -> frozenset[str]:
        """What cannot show in a sample that never left."""
        return frozenset(key for key, thing in self.things.items() if thing.kind in _ON_THE_WAY)

    @property
    def unseen_in_retained(self) -> frozenset[str]:
        """What cannot show in a sample that was put aside when the lot was made."""
        return self.unseen_in_stock | {key for key, thing in self.things.items() if thing.kind == NodeKind.site}


def lineage_of(session: Session, lot_keys: Iterable[str]) -> Lineage:
    """The lots, everything upstream, all lots made from that, and lots of the same products made within a year."""
    found = Lineage(tuple(sorted(set(lot_keys))))
    lines: dict[Edge, list[Line]] = defaultdict(list)
    above, cut_up = _walk(session, set(found.roots), "up", MOST_ANCESTORS, lines)
    below, cut_down = _walk(session, above | set(found.roots), "down", MOST_LOTS, lines)
    near = set(found.roots) | above | below
    near |= _alike(session, found.roots, MOST_LOTS - len(below))
    others, cut_others = _walk(session, near - above, "up", MOST_ANCESTORS + len(near), lines)
    found.is_cut = cut_up or cut_down or cut_others
    found.lots = lots_by_key(session, near | others)
    found.compared = sorted(key for key in near & set(found.lots) if found.lots[key].item_kind == ItemKind.lot)
    found.edges = [edge for edge in lines if edge[0] in found.lots and edge[1] in found.lots]
    found.made_into = frozenset(parent for parent, _ in found.edges)
    found.shares = _shares(found.lots, {edge: lines[edge] for edge in found.edges})
    _add_making(session, found)
    zone = ZoneInfo(place_of(session, None).zone)
    _date_suppliers(found, zone)
    _add_shipping(session, found, zone)
    return found


def _walk(session: Session, start: set[str], direction: str, most: int, lines: dict[Edge, list[Line]]
          ) -> tuple[set[str], bool]:
    """(at most so many lots reached, whether there are more), level by level; the lines between them are added to
    `lines`, once each. Of too many the first by their keys are taken, which are as good as drawn by lot."""
    seen, frontier, is_cut = set(start), set(start), False
    while frontier and not is_cut:
        found: dict[Edge, list[Line]] = defaultdict(list)
        reached: set[str] = set()
        for keys in chunks(sorted(frontier)):
            rows = session.execute(select(
                LotEdge.lot_key, LotEdge.other_key, LotEdge.quantity, LotEdge.unit).where(
                LotEdge.lot_key.in_(keys), LotEdge.direction == direction, LotEdge.kind.not_in(_CONTAINED))
                .order_by(LotEdge.lot_key, LotEdge.other_key).limit(_MOST_LINES)).all()
            is_cut = is_cut or len(rows) == _MOST_LINES
            for key, other, quantity, unit in rows:
                found[(other, key) if direction == "up" else (key, other)].append((quantity, unit))
                reached.add(other)
        lines.update({edge: amounts for edge, amounts in found.items() if edge not in lines})
        room = most + len(start) - len(seen)
        fresh = sorted(reached - seen)
        is_cut = is_cut or len(fresh) > room
        frontier = set(fresh[:room])
        seen |= frontier
    return seen - start, is_cut


def _alike(session: Session, roots: tuple[str, ...], most: int) -> set[str]:
    """Lots of the same products made within a year, the newest first: without lots that do not share the ancestor,
    nothing can be said of it."""
    lots = lots_by_key(session, roots).values()
    days = [lot.made_on for lot in lots if lot.made_on is not None]
    products = {lot.product_id for lot in lots if lot.product_id}
    if not days or not products or most <= 0:
        return set()
    return set(session.scalars(
        select(Lot.lot_key).where(
            Lot.product_id.in_(products), Lot.made_on >= min(days) - _COMPARED_WITHIN,
            Lot.made_on <= max(days) + _COMPARED_WITHIN, Lot.item_kind == ItemKind.lot)
        .order_by(Lot.made_on.desc(), Lot.lot_key).limit(min(most, _MOST_COMPARED))))


def _shares(lots: dict[str, Lot], lines: dict[Edge, list[Line]]) -> dict[Edge, float]:
    """The part that a lot has in what one child holds of the same material, where all amounts are stated in units that
    convert. A little of a bad fragrance spoils a cream: the part is counted among lots of one material, not by weight
    of the whole."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for parent, child in lines:
        groups[child, lots[parent].product_id or parent].append(parent)
    shares = {}
    for (child, _material), parents in groups.items():
        if len(parents) < 2:
            continue
        unit = lines[parents[0], child][0][1]
        amounts = [_sum(lines[parent, child], unit) for parent in parents]
        if any(amount is None or amount <= 0 for amount in amounts):
            continue
        whole = sum(amount for amount in amounts if amount is not None)
        shares.update({(parent, child): float((amount or Decimal(0)) / whole)
                       for parent, amount in zip(parents, amounts, strict=True)})
    return shares


def _sum(lines: list[Line], unit: str | None) -> Decimal | None:
    amounts = [in_unit(quantity, own, unit) for quantity, own in lines]
    return None if any(amount is None for amount in amounts) else sum(
        (amount for amount in amounts if amount is not None), Decimal(0))


def _add_making(session: Session, found: Lineage) -> None:
    """Suppliers of the lots, and what their batches were made on, by whom, and sterilised in."""
    met: dict[Thing, dict[str, float]] = defaultdict(dict)
    for key, lot in found.lots.items():
        if lot.supplier_id:
            met[Thing(NodeKind.supplier, lot.supplier_id)][key] = 1.0
    runs: dict[str, list[Production]] = defaultdict(list)
    for keys in chunks(sorted(found.lots)):
        for run in session.scalars(select(Production).where(Production.lot_key.in_(keys))):
            runs[run.lot_key].append(run)
    for key, made in runs.items():
        found.retained[key] = sum((run.retained_samples for run in made), Decimal(0))
        whole = sum((run.quantity for run in made), Decimal(0))
        for run in made:
            part = float(run.quantity / whole) if whole > 0 else 1.0
            for thing in _makers(run):
                met[thing][key] = min(1.0, met[thing].get(key, 0.0) + part)
    _add(found, met)


def _date_suppliers(found: Lineage, zone: ZoneInfo) -> None:
    """Lots met a supplier when what they hold of it came in, and not when they were made; on days at our plant, as a
    scope that starts from that day counts them."""
    children: dict[str, list[str]] = defaultdict(list)
    delivered: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for parent, child in found.edges:
        thing = found.things.get(parent)
        if thing is None:
            children[parent].append(child)
        elif thing.kind == NodeKind.supplier:
            came_on = found.lots[child].started_at.astimezone(zone).date()
            delivered[parent].append((float(came_on.toordinal()), child))
    for supplier, lots in delivered.items():
        met = found.met.setdefault(supplier, {})
        for day, lot in sorted(lots, reverse=True):
            reached = [lot]
            while reached:
                key = reached.pop()
                if key not in met:
                    met[key] = day
                    reached += children[key]


def _makers(run: Production) -> list[Thing]:
    line = " · ".join(part for part in (run.line, run.shift) if part) if run.line else ""
    said = ((NodeKind.line, line), (NodeKind.equipment, run.equipment), (NodeKind.operator, run.operator),
            (NodeKind.load, run.sterilisation_load))
    return [Thing(kind, ref) for kind, ref in said if ref]


def _add_shipping(session: Session, found: Lineage, zone: ZoneInfo) -> None:
    """Sites, lanes and consignees of the lots that were sent out, with the part of each lot that went that way."""
    sent: dict[str, Decimal] = defaultdict(Decimal)
    ways: dict[tuple[Thing, str], Decimal] = defaultdict(Decimal)
    days: dict[tuple[Thing, str], float] = defaultdict(float)
    there: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for keys in chunks(found.compared):
        rows = session.execute(
            select(ShipmentLine.lot_key, ShipmentLine.consignee_id, Shipment.lane, Shipment.from_site_id,
                   func.sum(ShipmentLine.units), func.min(ShipmentLine.shipped_at))
            .join(Shipment, Shipment.id == ShipmentLine.shipment_id, isouter=True)
            .where(ShipmentLine.lot_key.in_(keys), ShipmentLine.units > 0)
            .group_by(ShipmentLine.lot_key, ShipmentLine.consignee_id, Shipment.lane, Shipment.from_site_id))
        for key, consignee, lane, site, units, at in rows:
            sent[key] += units
            day = float(units) * at.astimezone(zone).date().toordinal()
            for kind, ref in ((NodeKind.consignee, consignee), (NodeKind.lane, lane), (NodeKind.site, site)):
                if ref:
                    ways[Thing(kind, ref), key] += units
                    days[Thing(kind, ref), key] += day
                    there[key, consignee][Thing(kind, ref).key] += units
    met: dict[Thing, dict[str, float]] = defaultdict(dict)
    for (thing, key), units in ways.items():
        met[thing][key] = min(1.0, float(units / sent[key]))
        found.met.setdefault(thing.key, {})[key] = float(round(days[thing, key] / float(units)))
    _add(found, met)
    for (key, consignee), things in there.items():
        whole = things[Thing(NodeKind.consignee, consignee).key]
        found.ways[key, consignee] = {thing: float(units / whole) for thing, units in things.items()}


def _add(found: Lineage, met: dict[Thing, dict[str, float]]) -> None:
    for thing, parts in met.items():
        found.things[thing.key] = thing
        for key, part in parts.items():
            found.edges.append((thing.key, key))
            if part < 1:
                found.shares[thing.key, key] = part


def day_of(lot: Lot) -> float:
    """The day on which a lot was made, as a number."""
    made: date = lot.made_on or lot.started_at.date()
    return float(made.toordinal())
