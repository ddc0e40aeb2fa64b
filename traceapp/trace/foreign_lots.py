"""Others' lots, each worked out anew from all of their events that stand: in whatever order events come, the same
set of events gives the same lot."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import PackagingLevel, Product
from traceapp.epcis import Event as Said

from .containment import refresh_containers
from .derive_foreign import Resolver, items_by_key
from .facts import said_of
from .flow import in_unit
from .genealogy import names_of
from .identity import Item
from .model import Event, EventItem, Hold, Lot, LotEdge, LotPosition, ReleaseState

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One event about a lot: the row of the item, the stored event, and what it says."""

    item: EventItem
    row: Event
    said: Said


def refresh(session: Session, keys: Iterable[str]) -> None:
    """Write the rows of those of these lots that are not ours, and until when what is in them is; one that no event
    names any more goes."""
    wanted = sorted(set(keys))
    refresh_containers(session, wanted)
    for start in range(0, len(wanted), 200):
        _refresh(session, wanted[start:start + 200])
    session.flush()


def lots_named_by(session: Session, uris: Iterable[str]) -> set[str]:
    """Others' lots that these master data name, by themselves or by their class."""
    found: set[str] = set()
    unique = sorted(set(uris))
    for start in range(0, len(unique), 500):
        part = unique[start:start + 500]
        found |= set(session.scalars(select(Lot.lot_key).where(Lot.class_uri.in_(part), Lot.is_own == 0)))
    return found


def _refresh(session: Session, keys: list[str]) -> None:
    lots = {lot.lot_key: lot for lot in session.scalars(
        select(Lot).where(Lot.lot_key.in_(keys)).execution_options(populate_existing=True))}
    foreign = [key for key in keys if key not in lots or not lots[key].is_own]
    seen = _seen(session, foreign)
    said = {one.row.id: one.said for group in seen.values() for one in group}
    resolver = Resolver.of(session, said.values())
    items = items_by_key(said.values(), resolver)
    names = names_of(session, sorted({uri for key in foreign if key in items
                                      for uri in (items[key].uri, items[key].class_uri) if uri}))
    products = _products(session, [items[key].gtin for key in foreign if key in items])
    held = _held(session, foreign)
    sightings = _sightings(session, foreign, seen)
    session.connection().execute(delete(LotPosition).where(LotPosition.lot_key.in_(foreign)))
    places: list[dict[str, Any]] = []
    for key in foreign:
        lot = lots.get(key)
        if key not in seen or key not in items:
            if lot is not None:
                session.delete(lot)
            continue
        values = _lot_values(items[key], seen[key], names, held.get(key, set()))
        product = products.get(items[key].gtin or "")
        if product is not None and items[key].kind == "lot":
            # Somebody tells of a lot of our product that we never made: nobody released it.
            values |= {"product_id": product, "release_state": ReleaseState.pending}
        if lot is None:
            lot = Lot(lot_key=key, is_own=0)
            session.add(lot)
        for name, value in values.items():
            setattr(lot, name, value)
        sighting = sightings[key]
        is_used_up = ZERO < lot.made <= lot.consumed
        if sighting is not None and not is_used_up:
            places.append({"lot_key": key, "holder": sighting.holder, "quantity": sighting.quantity,
                           "unit": sighting.unit, "since": sighting.at})
    if places:
        session.connection().execute(insert(LotPosition), places)


def _seen(session: Session, keys: list[str]) -> dict[str, list[Seen]]:
    """The events of each lot in the order of their time."""
    found: dict[str, list[Seen]] = defaultdict(list)
    said: dict[str, Said] = {}
    for item, row in session.execute(
            select(EventItem, Event).join(
                Event, (Event.subject_key == EventItem.subject_key) & (Event.id == EventItem.event_id))
            .where(EventItem.lot_key.in_(keys)).order_by(Event.event_time, Event.id)):
        if row.id not in said:
            said[row.id] = said_of(row)
        found[item.lot_key].append(Seen(item, row, said[row.id]))
    return found


def _products(session: Session, gtins: list[str | None]) -> dict[str, str]:
    known = sorted({gtin for gtin in gtins if gtin})
    return {gtin: product_id for gtin, product_id in session.execute(
        select(PackagingLevel.gtin, Product.id).join(Product, Product.id == PackagingLevel.product_id)
        .where(PackagingLevel.gtin.in_(known)))}


def _held(session: Session, keys: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, kind in session.execute(select(Hold.lot_key, Hold.kind).where(Hold.lot_key.in_(keys),
                                                                           Hold.lifted_at.is_(None))):
        found[key].add(kind)
    return found


def _lot_values(item: Item, seen: list[Seen], names: dict[str, str], held: set[str]) -> dict[str, Any]:
    """The columns of a lot that is not ours."""
    began = [one for one in seen if _began(one)]
    unit = next((one.item.unit for one in (*began, *seen) if one.item.unit), None)
    first = (began or seen)[0]
    return {
        "uri": item.uri, "item_kind": item.kind, "product_id": None, "class_uri": item.class_uri,
        "number": (_told(began, "lotNumber") or item.number)[:200], "unit": unit, "supplier_lot_number": "",
        "name": names.get(item.uri) or names.get(item.class_uri or "") or "", "release_note": "",
        "origin": (_told(began, "countryOfOrigin") or "")[:120], "started_at": first.row.event_time,
        "made_on": _day(_told(began, "productionDate")) or _local_day(began),
        "expires_on": _day(_told(began, "itemExpirationDate") or _told(began, "bestBeforeDate")),
        "made": _sum(began, unit), "consumed": _sum([one for one in seen if one.item.role == "input"], unit),
        "shipped": ZERO, "returned": ZERO, "sampled": ZERO, "lost": ZERO, "release_state": ReleaseState.released,
        "is_on_hold": "manual" in held, "is_recalled": "recall" in held or _is_recalled(seen),
        "flags": list(item.flags), "created_at": min(one.row.recorded_at for one in seen)}


def _began(one: Seen) -> bool:
    """Whether the event brought the lot, or some of it, into being."""
    return one.item.role == "output" or (one.item.role == "object" and one.row.action == "ADD")


def _sum(seen: list[Seen], unit: str | None) -> Decimal:
    """What is stated, added up; an event that states nothing, or in a unit that does not convert, adds nothing."""
    return sum((in_unit(one.item.quantity, one.item.unit, unit) or ZERO for one in seen), ZERO)


def _is_recalled(seen: list[Seen]) -> bool:
    recalled = False
    for one in seen:
        if "recalled" in one.said.persistent_set or one.said.disposition == "recalled":
            recalled = True
        elif "recalled" in one.said.persistent_unset:
            recalled = False
    return recalled


def _told(seen: list[Seen], name: str) -> str | None:
    """A text out of the master data of the lot (ilmd), whatever its prefix; the latest counts."""
    for one in reversed(seen):
        for key, value in one.said.ilmd.items():
            if key.replace("#", ":").rsplit(":", 1)[-1] == name and isinstance(value, str) and value.strip():
                return value.strip()
    return None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _local_day(began: list[Seen]) -> date | None:
    if not began:
        return None
    # The document writes the moment with its own offset; the date in it is the date at the place.
    return _day(str(began[0].said.document.get("eventTime", ""))) or began[0].row.event_time.date()


@dataclass(frozen=True, slots=True)
class Sighting:
    """The last event that says where a lot is."""

    at: datetime
    holder: str
    quantity: Decimal | None
    unit: str | None


def _sightings(session: Session, keys: list[str], seen: dict[str, list[Seen]]) -> dict[str, Sighting | None]:
    """Where each lot was seen last, in a container too while it is in there."""
    packed = session.execute(select(LotEdge.lot_key, LotEdge.other_key, LotEdge.at).where(
        LotEdge.lot_key.in_(keys), LotEdge.direction == "down", LotEdge.kind == "packed")).all()
    carried = _seen(session, sorted({row.other_key for row in packed})) if packed else {}
    found: dict[str, Sighting | None] = {}
    for key in keys:
        own = list(seen.get(key, ()))
        moments = [(one.row.event_time, one, one.item.quantity, one.item.unit) for one in own]
        for row in packed:
            if row.lot_key == key:
                moments += [(one.row.event_time, one, None, None) for one in _ride(carried[row.other_key], row.at)]
        moments.sort(key=lambda moment: (moment[0], moment[1].row.id))
        found[key] = _last(moments)
    return found


def _ride(events: list[Seen], since: datetime) -> list[Seen]:
    """What happened to a container from `since` until it was emptied, that included."""
    ride: list[Seen] = []
    for one in events:
        if one.row.event_time >= since:
            ride.append(one)
            if one.row.type == "AggregationEvent" and one.row.action == "DELETE" and one.item.role == "parent":
                break
    return ride


def _last(moments: list[tuple[datetime, Seen, Decimal | None, str | None]]) -> Sighting | None:
    latest: Sighting | None = None
    for at, one, quantity, unit in moments:
        holder = _holder(one.said)
        if holder is not None:
            kept = (quantity, unit) if quantity is not None or latest is None else (latest.quantity, latest.unit)
            latest = Sighting(at, holder, *kept)
    return latest


def _holder(said: Said) -> str | None:
    """Where the event leaves the things: on the way, where they go to."""
    if said.biz_step == "shipping":
        for kind in ("location", "possessing_party", "owning_party"):
            for found, uri in said.destinations:
                if found == kind:
                    return uri[:2000]
    return said.biz_location[:2000] if said.biz_location else None
