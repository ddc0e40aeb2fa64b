"""What follows from events that others captured: which items they touched, and the lines of the genealogy.

Lots of our own keep their sums whatever others say; others' lots are worked out from all of their events together by
`foreign_lots.refresh`.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import PackagingLevel, Product
from traceapp.core.ids import name_key
from traceapp.core.quantity import rounded
from traceapp.db.insert import Values, insert_rows
from traceapp.epcis import Event as Said

from .event_row import EventRow
from .identity import Item, item_of, lot_key, lot_uri
from .model import Event, EventItem, LotEdge
from .stored import said_of
from .terms import Named, found_by

PROCESS = "process"
_LARGEST = Decimal(10) ** 12
_ONE = Decimal(1)
Stated = tuple[Item, str, Decimal | None, str | None]  # the item, its role, how much of it, in which unit
ItemRow = tuple[str, str, bool, Decimal | None, str | None, bool, str | None]  # as in _ITEM_COLUMNS
_ITEM_COLUMNS = ("lot_key", "role", "is_class", "quantity", "unit", "stands", "value", "event_id", "at", "subject_key")
_EDGE_COLUMNS = ("lot_key", "direction", "other_key", "event_id", "kind", "quantity", "unit", "at")


@dataclass(frozen=True, slots=True)
class Touched:
    """One item in one role of one event. `quantity` in `unit`; None: not stated, or not a number that we can keep."""

    key: str
    role: str
    quantity: Decimal | None
    unit: str | None


@dataclass(slots=True)
class Resolver:
    """Says which of our lots, if any, an identifier of somebody's event means: any GTIN of a product leads to it."""

    packs: dict[str, tuple[str, Decimal, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, events: Iterable[Said]) -> Resolver:
        """For all identifiers of these events."""
        return cls.for_gtins(session, {gtin for said in events for gtin in gtins_of(said)})

    @classmethod
    def for_gtins(cls, session: Session, wanted: Iterable[str]) -> Resolver:
        """For all identifiers with one of these GTINs, with one statement per 500 of them."""
        gtins = sorted(wanted)
        packs = {}
        for start in range(0, len(gtins), 500):
            for gtin, units, identity, unit in session.execute(
                    select(PackagingLevel.gtin, PackagingLevel.units, Product.identity_uri, Product.unit)
                    .join(Product, Product.id == PackagingLevel.product_id)
                    .where(PackagingLevel.gtin.in_(gtins[start:start + 500]))):
                packs[gtin] = (identity, units, unit)
        return cls(packs)

    def key(self, item: Item) -> str:
        """The key of the lot that the item is."""
        pack = self.packs.get(item.gtin or "")
        return lot_key(pack[0], item.number) if pack is not None and item.kind == "lot" else item.key

    def named(self, item: Item) -> Item:
        """The item under the name of the lot that it is: a lot of ours has one name, whatever pack somebody scanned."""
        pack = self.packs.get(item.gtin or "")
        if pack is None or item.kind != "lot":
            return item
        return replace(item, uri=lot_uri(pack[0], item.number), key=self.key(item), class_uri=pack[0])

    def amount(self, item: Item, quantity: Decimal | None, unit: str | None) -> tuple[Decimal | None, str | None]:
        """The quantity, in units of the product where the item is a pack of ours."""
        if quantity is None or abs(quantity) >= _LARGEST:
            return None, None
        pack = self.packs.get(item.gtin or "")
        if pack is not None and item.kind == "lot":
            if unit in (None, "EA", "C62", "H87"):
                return rounded(quantity * pack[1]), pack[2]
            return rounded(quantity), unit
        return rounded(quantity), (unit or "EA")[:3]


def items_of(said: Said) -> tuple[Item, ...]:
    """Everything that the event names, as items."""
    return tuple([stated[0] for stated in stated_by(said)])


def gtins_of(said: Said) -> frozenset[str]:
    """The GTINs of everything that the event names."""
    return frozenset(item.gtin for item in items_of(said) if item.gtin)


def stated_by(said: Said) -> Iterator[Stated]:
    """Everything that the event names, with its role, quantity and unit as they stand there."""
    if said.parent_id:
        yield item_of(said.parent_id, is_class=False, is_parent=True), "parent", None, None
    lists = (("object", said.epcs, said.quantities), ("child", said.child_epcs, said.child_quantities),
             ("input", said.input_epcs, said.input_quantities), ("output", said.output_epcs, said.output_quantities))
    for role, epcs, classes in lists:
        for epc in epcs:
            yield item_of(epc, is_class=False), role, _ONE, None
        for stated in classes:
            yield item_of(stated.epc_class, is_class=True), role, stated.quantity, stated.uom


def touched_by(said: Said, resolver: Resolver) -> list[Touched]:
    """The items of an event, each once a role, with what is stated of it added up."""
    return touched_of(stated_by(said), resolver)


def touched_of(whole: Iterable[Stated], resolver: Resolver) -> list[Touched]:
    """What is stated of items, added up: each once a role."""
    found: dict[tuple[str, str], Touched] = {}
    for item, role, stated, uom in whole:
        quantity, unit = resolver.amount(item, stated, uom)
        key = resolver.key(item)
        before = found.get((key, role))
        if before is not None:
            both = before.quantity is not None and quantity is not None and before.unit == unit
            quantity = before.quantity + quantity if both else None  # type: ignore[operator]
            unit = unit if both else None
        found[key, role] = Touched(key, role, quantity, unit)
    return list(found.values())


def subject_of(said: Said, touched: list[Touched]) -> str:
    """The key under which the event is stored: its output, its container, its first item, else its place."""
    for role in ("output", "parent", "object", "child", "input"):
        for one in touched:
            if one.role == role:
                return one.key
    return name_key(f"place:{said.read_point or said.biz_location or ''}")


def rows_of_items(named: Named, touched: Iterable[Touched], items: Mapping[str, Item]) -> list[ItemRow]:
    """The rows of the items of an event, without what they say of the event: those that it touched, and the rest of
    the names by which it is found. `items`: the item of each key that was touched."""
    left = dict(named)
    rows: list[ItemRow] = []
    for one in touched:
        is_class = (one.key, one.role, False) not in left
        written = left.pop((one.key, one.role, is_class), None)
        rows.append((one.key, one.role, is_class, one.quantity, one.unit, True,
                     None if written == items[one.key].uri else written))
    rows += [(*place, None, None, False, written) for place, written in left.items()]
    return rows


def write_unheeded(session: Session, unheeded: Iterable[tuple[EventRow, Said]], resolver: Resolver) -> None:
    """Have events be found by their items from which nothing follows: declarations, and what was declared wrong."""
    insert_rows(session, EventItem, _ITEM_COLUMNS, [
        (*values, row.id, row.event_time, row.subject_key) for row, said in unheeded
        for values in rows_of_items(found_by(said, resolver.key)[0], (), {})])


@dataclass(frozen=True, slots=True)
class Told:
    """A captured event: the row of it, what it says, what it touched, and the rows of its items."""

    row: EventRow
    said: Said
    touched: list[Touched]
    items: list[ItemRow]


def derive_captured(session: Session, told: Iterable[Told], resolver: Resolver) -> set[str]:
    """Write items and edges of captured events; answers the keys of everything touched."""
    items: list[Values] = []
    edges: list[Values] = []
    touched_keys: set[str] = set()
    processes: set[str] = set()
    for one in told:
        row, said = one.row, one.said
        touched_keys.update([item.key for item in one.touched])
        event = row.id, row.event_time, row.subject_key
        items += [(*values, *event) for values in one.items]
        if said.transformation_id:
            process = process_key(said.transformation_id)
            processes.add(process)
            items.append((process, PROCESS, False, None, None, True, None, *event))
        elif said.type == "TransformationEvent":
            edges += _made_edges([one])
        elif said.type in ("AggregationEvent", "AssociationEvent") and said.action != "DELETE":
            edges += _packed_edges(one, "packed" if said.type == "AggregationEvent" else "attached")
    insert_rows(session, EventItem, _ITEM_COLUMNS, items)
    insert_rows(session, LotEdge, _EDGE_COLUMNS, edges)
    for process in sorted(processes):
        derive_process(session, process, resolver)
    return touched_keys


def process_key(transformation_id: str) -> str:
    """The typed subject key that ties the events of one transformation."""
    return name_key(f"transformation:{transformation_id}")


def derive_process(session: Session, process: str, resolver: Resolver) -> None:
    """Draw the edges of a transformation that was told in parts: every input of any part to every output of any."""
    found = session.scalars(
        select(Event).join(EventItem, (EventItem.subject_key == Event.subject_key) & (EventItem.event_id == Event.id))
        .where(EventItem.lot_key == process, EventItem.role == PROCESS).order_by(Event.id)).all()
    parts = [(row, said_of(row)) for row in found]
    whole = Resolver.of(session, [said for _, said in parts]) if parts else resolver
    told = [Told(row, said, touched_by(said, whole), []) for row, said in parts]
    for one in told:
        _delete_edges(session, one.row.id, [item.key for other in told for item in other.touched])
    insert_rows(session, LotEdge, _EDGE_COLUMNS, _made_edges(told))


def _made_edges(told: list[Told]) -> list[Values]:
    """Every input to every output. Where there are several outputs nobody can say what went into which."""
    outputs = list(dict.fromkeys(item.key for one in told for item in one.touched if item.role == "output"))
    edges = []
    for one in told:
        for item in one.touched:
            if item.role == "input":
                amount = (item.quantity, item.unit) if len(outputs) == 1 else (None, None)
                edges += [edge for output in outputs if output != item.key
                          for edge in _edge(one.row, item.key, output, "made", amount)]
    return edges


def _packed_edges(one: Told, kind: str) -> list[Values]:
    parents = [item.key for item in one.touched if item.role == "parent"]
    return [edge for item in one.touched if item.role == "child" for parent in parents if parent != item.key
            for edge in _edge(one.row, item.key, parent, kind, (item.quantity, item.unit))]


def _edge(row: EventRow, parent: str, child: str, kind: str,
          amount: tuple[Decimal | None, str | None]) -> tuple[Values, Values]:
    return ((parent, "down", child, row.id, kind, *amount, row.event_time),
            (child, "up", parent, row.id, kind, *amount, row.event_time))


def undo(session: Session, row: Event, resolver: Resolver) -> set[str]:
    """Take back what was derived from a captured event that its sender declared wrong; the event itself stays.
    Answers the keys of what it touched."""
    said = said_of(row)
    keys = [one.key for one in touched_by(said, resolver)]
    named = {key for key, _role, _is_class in found_by(said, resolver.key)[0]}
    process = process_key(said.transformation_id) if said.transformation_id else None
    _delete_edges(session, row.id, keys)
    for key in sorted({*keys, *named, *([process] if process else [])}):
        session.connection().execute(delete(EventItem).where(
            EventItem.lot_key == key, EventItem.at == row.event_time, EventItem.event_id == row.id))
    write_unheeded(session, [(row, said)], resolver)
    if process is not None:
        derive_process(session, process, resolver)
    return set(keys)


def _delete_edges(session: Session, event_id: str, keys: list[str]) -> None:
    unique = sorted(set(keys))
    for start in range(0, len(unique), 500):
        session.connection().execute(delete(LotEdge).where(
            LotEdge.lot_key.in_(unique[start:start + 500]), LotEdge.event_id == event_id))


def items_by_key(said: Iterable[Said], resolver: Resolver) -> dict[str, Item]:
    """The item of each key that the events name; the first name that a key was given counts, for lots of our
    products the one that we give them."""
    found: dict[str, Item] = {}
    for event in said:
        for item in items_of(event):
            found.setdefault(resolver.key(item), resolver.named(item))
    return found

