"""Which nodes a lot is in: what it was made from, by whom, where and on what, and how it went out.

A pair of lot and consignee is in one quarter only, that of the first despatch between them, and in one lane only,
where all of its despatches went by it; so no unit and no complaint is in two nodes of a kind by chance.
"""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Site
from traceapp.core.ids import name_key
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Hold, HoldKind, ItemKind, Lot, LotEdge, Production, Shipment, ShipmentLine

from .alarm import NodeKind
from .exposure import Delivery, holds_of, regions_of
from .observe import LONGEST_DAYS

# No genealogy of ours is deeper; a circle in others' events ends here too.
_MOST_LEVELS = 30


@dataclass(frozen=True, slots=True)
class Node:
    """What lots have in common. `subject` and `period` with the kind say which it is; `name` is what people call it."""

    kind: NodeKind
    subject: str
    name: str
    period: str = ""
    product_id: str | None = None

    @property
    def key(self) -> str:
        """A lot's own key for a lot; else a hash: a lot can be both sent out and used up."""
        if self.kind is NodeKind.lot:
            return self.subject
        return name_key(f"{self.kind}\0{self.subject}\0{self.period}")


@dataclass(frozen=True, slots=True)
class Line(Delivery):
    """A delivery with the lane and the site that it left by."""

    lane: str = ""
    site_id: str | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A lot's place in a node; `consignees` None: the whole lot."""

    node: Node
    consignees: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A lot with what detection needs to know of it."""

    lot: Lot
    lines: tuple[Line, ...]
    watched_until: datetime
    members: tuple[Membership, ...] = field(default=())
    holds: tuple[tuple[date, date | None], ...] = ()
    regions: Mapping[str, str] = field(default_factory=dict)

    @property
    def begun_on(self) -> date:
        """The day from which reports can be expected: the first despatch, else the day of making."""
        return min((line.day for line in self.lines if line.units > 0), default=made_on(self.lot))


def made_on(lot: Lot) -> date:
    """The day of making, else that of its first event."""
    return lot.made_on or lot.started_at.date()


def quarter(day: date) -> str:
    """The quarter of a day, as “2026Q4”."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def enrolled_lots(session: Session, lots: Sequence[Lot]) -> list[Enrolled]:
    """Each lot with its lines and its nodes; one query for each level of the genealogy, nine besides, for all lots
    together."""
    keys = [lot.lot_key for lot in lots]
    ends, lines = _ends(session, lots), _lines(session, keys)
    places = _places(session, keys)
    upstream = _upstream(session, keys)
    ancestors = _lots_of(session, {key for found in upstream.values() for key in found})
    regions = regions_of(session, (line.consignee_id for found in lines.values() for line in found))
    holds = holds_of(session, keys)
    names = _names(session, [one for ancestor in ancestors.values() if (one := ancestor.supplier_id)],
                   [line for found in lines.values() for line in found], lots)
    return [Enrolled(
        lot, own := tuple(lines.get(lot.lot_key, ())), ends[lot.lot_key],
        _members(lot, own, places.get(lot.lot_key, []),
                 [ancestors[key] for key in sorted(upstream[lot.lot_key]) if key in ancestors], names),
        tuple(holds.get(lot.lot_key, ())), regions) for lot in lots]


def _members(lot: Lot, lines: tuple[Line, ...], places: list[Production], ancestors: list[Lot],
             names: Mapping[str, str]) -> tuple[Membership, ...]:
    period = quarter(made_on(lot))
    nodes = [Node(NodeKind.lot, lot.lot_key, lot.number, "", lot.product_id)]
    nodes += [Node(NodeKind.upstream, one.lot_key, one.number, "", one.product_id) for one in ancestors]
    nodes += [Node(NodeKind.supplier, supplier, names.get(supplier, supplier), period)
              for supplier in sorted({one.supplier_id for one in ancestors if one.supplier_id})]
    nodes += _made_at(places, period)
    if (site_id := _site(lot, lines)) is not None:
        nodes.append(Node(NodeKind.site, site_id, names.get(site_id, site_id), period))
    members = [Membership(node) for node in nodes]
    members += _sent_to(lines, names)
    return tuple({member.node.key: member for member in members}.values())


def _made_at(places: Iterable[Production], period: str) -> list[Node]:
    nodes = []
    for place in places:
        line = " · ".join(filter(None, (place.line, place.shift)))
        for kind, subject, when in ((NodeKind.line, line, period), (NodeKind.equipment, place.equipment, period),
                                    (NodeKind.operator, place.operator, period),
                                    (NodeKind.load, place.sterilisation_load, "")):
            if subject:
                nodes.append(Node(kind, subject, subject, when))
    return nodes


def _site(lot: Lot, lines: Iterable[Line]) -> str | None:
    """The site that most of the lot left from, else where it is."""
    left: Counter[str] = Counter()
    for line in lines:
        if line.units > 0 and line.site_id:
            left[line.site_id] += line.units
    return min(left, key=lambda site: (-left[site], site)) if left else lot.site_id


def _sent_to(lines: Sequence[Line], names: Mapping[str, str]) -> list[Membership]:
    sent: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.units > 0:
            sent[line.consignee_id].append(line)
    found = []
    lanes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for consignee, own in sorted(sent.items()):
        period = quarter(min(line.day for line in own))
        found.append(Membership(Node(NodeKind.consignee, consignee, names.get(consignee, consignee), period),
                                (consignee,)))
        ways = {line.lane for line in own}
        if len(ways) == 1 and (lane := ways.pop()):
            lanes[lane, period].append(consignee)
    found += [Membership(Node(NodeKind.lane, lane, lane, period), tuple(consignees))
              for (lane, period), consignees in sorted(lanes.items())]
    return found


def _ends(session: Session, lots: Sequence[Lot]) -> dict[str, datetime]:
    """When each lot is no longer watched: at the end of its life in use, at its first recall that still stands."""
    recalled = {key: at for key, at in session.execute(
        select(Hold.lot_key, func.min(Hold.placed_at)).where(
            Hold.lot_key.in_(listed(session, [lot.lot_key for lot in lots])), Hold.kind == HoldKind.recall,
            Hold.lifted_at.is_(None)).group_by(Hold.lot_key))}
    ends = {}
    for lot in lots:
        end = lot.started_at + timedelta(days=LONGEST_DAYS)
        ends[lot.lot_key] = min(end, recalled.get(lot.lot_key, end))
    return ends


def _lines(session: Session, keys: list[str]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    rows = session.execute(
        select(ShipmentLine.lot_key, ShipmentLine.consignee_id, ShipmentLine.shipped_at, ShipmentLine.units,
               Shipment.lane, Shipment.from_site_id)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id, isouter=True)
        .where(ShipmentLine.lot_key.in_(listed(session, keys)))
        .order_by(ShipmentLine.lot_key, ShipmentLine.shipped_at, ShipmentLine.shipment_id, ShipmentLine.position))
    for key, consignee_id, at, units, lane, site_id in rows:
        found[key].append(Line(at.date(), int(units), consignee_id, lane or "", site_id))
    return found


def _places(session: Session, keys: list[str]) -> dict[str, list[Production]]:
    found: dict[str, list[Production]] = defaultdict(list)
    for place in session.scalars(select(Production).where(Production.lot_key.in_(listed(session, keys)))
                                 .order_by(Production.lot_key, Production.id)):
        found[place.lot_key].append(place)
    return found


def _upstream(session: Session, keys: list[str]) -> dict[str, set[str]]:
    """Everything that each lot was made from, level by level for all of them together."""
    parents: dict[str, set[str]] = {}
    frontier = set(keys)
    for _ in range(_MOST_LEVELS):
        if not frontier:
            break
        for key in frontier:
            parents[key] = set()
        for key, other in session.execute(select(LotEdge.lot_key, LotEdge.other_key).where(
                LotEdge.lot_key.in_(listed(session, sorted(frontier))), LotEdge.direction == "up",
                LotEdge.until.is_(None))):
            parents[key].add(other)
        frontier = {other for key in frontier for other in parents[key]} - set(parents)
    return {key: _reached(parents, key) for key in keys}


def _reached(parents: Mapping[str, set[str]], root: str) -> set[str]:
    found: set[str] = set()
    waiting = list(parents.get(root, ()))
    while waiting:
        key = waiting.pop()
        if key not in found and key != root:
            found.add(key)
            waiting.extend(parents.get(key, ()))
    return found


def _lots_of(session: Session, keys: set[str]) -> dict[str, Lot]:
    return {lot.lot_key: lot for lot in session.scalars(select(Lot).where(
        Lot.lot_key.in_(listed(session, sorted(keys))), Lot.item_kind == ItemKind.lot))}


def _names(session: Session, suppliers: list[str], lines: list[Line], lots: Sequence[Lot]) -> dict[str, str]:
    """What people call each party and site that is met."""
    parties = sorted({*suppliers, *(line.consignee_id for line in lines)})
    sites = sorted({*(line.site_id for line in lines if line.site_id), *(lot.site_id for lot in lots if lot.site_id)})
    found = {key: name for key, name in session.execute(
        select(Party.id, Party.name_zh).where(Party.id.in_(listed(session, parties))))}
    found |= {key: name for key, name in session.execute(
        select(Site.id, Site.name_zh).where(Site.id.in_(listed(session, sites))))}
    return found
