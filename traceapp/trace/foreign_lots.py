"""Others' lots, each worked out anew from all of their events that stand: in whatever order events come, the same
set of events gives the same lot."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import bindparam, delete, inspect, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from traceapp.catalog.model import PackagingLevel, Product
from traceapp.core.ids import name_key
from traceapp.db.among import among
from traceapp.db.insert import insert_rows
from traceapp.epcis.identifiers import normal_form

from .containment import refresh_containers
from .flow import in_unit
from .identity import Item
from .lot_events import LotEvents, Seen, told_alike
from .model import Hold, Lot, ReleaseState
from .naming import names_of

ZERO = Decimal(0)
_CHUNK = 1000
Values = dict[str, Any]
_WRITTEN = (
    "uri", "item_kind", "product_id", "class_uri", "number", "unit", "supplier_lot_number", "name", "release_note",
    "origin", "started_at", "made_on", "expires_on", "made", "consumed", "shipped", "returned", "sampled", "lost",
    "release_state", "is_on_hold", "is_recalled", "flags", "created_at")
_NEW = ("lot_key", "is_own", "revision", *_WRITTEN)
_LOTS = select(*(Lot.__table__.c[name] for name in _NEW)).where(among(Lot.lot_key, "keys"))
_HELD = select(Hold.lot_key, Hold.kind).where(among(Hold.lot_key, "keys"), Hold.lifted_at.is_(None))
_PRODUCTS = (select(PackagingLevel.gtin, Product.id).join(Product, Product.id == PackagingLevel.product_id)
             .where(among(PackagingLevel.gtin, "keys")))
_CHANGE = update(Lot.__table__).where(Lot.lot_key == bindparam("key"), Lot.revision == bindparam("before")).values(  # type: ignore[arg-type]
    revision=bindparam("before") + 1, **{name: bindparam(f"new_{name}") for name in _WRITTEN})
_values_written = itemgetter(*_WRITTEN)
_row_written = attrgetter(*_WRITTEN)


def refresh(session: Session, keys: Iterable[str], events: LotEvents | None = None) -> None:
    """Write the rows of those of these lots that are not ours, and until when what is in them is; one that no event
    names any more goes. `events`: what is known of their events already."""
    session.flush()
    touched = set(keys)
    events = events or LotEvents(session)
    # What is in a container is where the container was seen last.
    wanted = sorted(touched | refresh_containers(events, touched))
    for start in range(0, len(wanted), _CHUNK):
        _refresh(events, wanted[start:start + _CHUNK])


def lots_named_by(session: Session, uris: Iterable[str]) -> set[str]:
    """Others' lots that these master data name, by themselves or by their class."""
    found: set[str] = set()
    unique = sorted({normal_form(uri) for uri in uris})
    for start in range(0, len(unique), 500):
        part = unique[start:start + 500]
        keys = [name_key(uri) for uri in part]
        found |= set(session.scalars(select(Lot.lot_key).where(
            or_(Lot.lot_key.in_(keys), Lot.class_uri.in_(part)), Lot.is_own == 0)))
    return found


def _refresh(events: LotEvents, keys: list[str]) -> None:
    session = events.session
    connection = session.connection()
    lots = {row.lot_key: row for row in connection.execute(_LOTS, {"keys": keys})}
    foreign = [key for key in keys if key not in lots or not lots[key].is_own]
    seen = events.of(foreign)
    items = {key: seen[key][0].known.items[key] for key in seen}
    uris = {uri for item in items.values() for uri in (item.uri, item.class_uri) if uri}
    names = names_of(session, uris)
    products = _products(session, [item.gtin for item in items.values()])
    held = _held(session, foreign)
    wanted: dict[str, Values] = {}
    alike: dict[Any, Values] = {}
    for key, item in items.items():
        told = told_alike(seen[key])
        if told not in alike:
            alike[told] = _told_values(seen[key])
        values = _lot_values(item, alike[told], names, held.get(key, set()))
        product = products.get(item.gtin or "")
        if product is not None and item.kind == "lot":
            # Somebody tells of a lot of our product that we never made: nobody released it.
            values |= {"product_id": product, "release_state": ReleaseState.pending}
        wanted[key] = values
    _write(session, {key: lots[key] for key in foreign if key in lots}, wanted)


def _write(session: Session, present: Mapping[str, Any], wanted: Mapping[str, Values]) -> None:
    """Make the lots that are there what they should be. Raises StaleDataError when another writer changed one."""
    insert_rows(session, Lot, _NEW, [(key, 0, 1, *_values_written(values))
                                     for key, values in wanted.items() if key not in present])
    changed = [{"key": key, "before": row.revision, **{f"new_{name}": wanted[key][name] for name in _WRITTEN}}
               for key, row in present.items()
               if key in wanted and _row_written(row) != _values_written(wanted[key])]
    gone = sorted(present.keys() - wanted.keys())
    if changed and session.connection().execute(_CHANGE, changed).rowcount != len(changed):
        raise StaleDataError("a lot was changed by another transaction")
    if gone:
        session.execute(delete(Lot).where(Lot.lot_key.in_(gone)), execution_options={"synchronize_session": False})
    _forget(session, {one["key"] for one in changed}, set(gone))


def _forget(session: Session, changed: set[str], gone: set[str]) -> None:
    """Have the entities of the session read again what was written beside them."""
    for entity in list(session):
        if isinstance(entity, Lot):
            key = (inspect(entity).identity or ("",))[0]
            if key in gone:
                session.expunge(entity)
            elif key in changed:
                session.expire(entity)


def _products(session: Session, gtins: list[str | None]) -> dict[str, str]:
    known = sorted({gtin for gtin in gtins if gtin})
    return {gtin: product_id for gtin, product_id in session.execute(_PRODUCTS, {"keys": known})}


def _held(session: Session, keys: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, kind in session.execute(_HELD, {"keys": keys}):
        found[key].add(kind)
    return found


def _lot_values(item: Item, told: Values, names: dict[str, str], held: set[str]) -> Values:
    """The columns of a lot that is not ours, with what is told of it."""
    return told | {
        "uri": item.uri, "item_kind": item.kind, "product_id": None, "class_uri": item.class_uri,
        "number": told["number"] or item.number[:200], "supplier_lot_number": "", "release_note": "",
        "name": names.get(item.uri) or names.get(item.class_uri or "") or "", "shipped": ZERO, "returned": ZERO,
        "sampled": ZERO, "lost": ZERO, "release_state": ReleaseState.released, "is_on_hold": "manual" in held,
        "is_recalled": "recall" in held or told["is_recalled"], "flags": list(item.flags)}


def _told_values(seen: list[Seen]) -> Values:
    """The columns that follow from the events alone. Events of making and of adding brought the lot, or some of it,
    into being."""
    began = [one for one in seen if one.role == "output" or (one.role == "object" and one.action == "ADD")]
    used = [one for one in seen if one.role == "input"]
    unit = next((one.unit for one in (*began, *seen) if one.unit), None)
    first = (began or seen)[0]
    told = _told(began) if began else {}
    return {
        "number": told.get("lotNumber", "")[:200], "unit": unit,
        "origin": told.get("countryOfOrigin", "")[:120], "started_at": first.at,
        "made_on": _day(told.get("productionDate")) or _local_day(began),
        "expires_on": _day(told.get("itemExpirationDate") or told.get("bestBeforeDate")),
        "made": _sum(began, unit), "consumed": _sum(used, unit), "is_recalled": _is_recalled(seen),
        "created_at": min(one.recorded_at for one in seen)}


def _sum(seen: list[Seen], unit: str | None) -> Decimal:
    """What is stated, added up; an event that states nothing, or in a unit that does not convert, adds nothing."""
    return sum([in_unit(one.quantity, one.unit, unit) or ZERO for one in seen], ZERO)


def _is_recalled(seen: list[Seen]) -> bool:
    recalled = False
    for one in seen:
        if "recalled" in one.said.persistent_set or one.said.disposition == "recalled":
            recalled = True
        elif "recalled" in one.said.persistent_unset:
            recalled = False
    return recalled


def _told(seen: list[Seen]) -> dict[str, str]:
    """The texts of the master data of the lot (ilmd), whatever their prefix; the latest counts, of one event the
    first."""
    return {key.replace("#", ":").rsplit(":", 1)[-1]: value.strip() for one in seen
            for key, value in reversed(one.said.ilmd.items()) if isinstance(value, str) and value.strip()}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _local_day(began: list[Seen]) -> date | None:
    if not began:
        return None
    # The document writes the moment with its own offset; the date in it is the date at the place.
    return _day(str(began[0].said.document.get("eventTime", ""))) or began[0].at.date()
