"""The journey of an item: its events and those of its containers while it was in them, folded when there are many."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from traceapp.epcis.identifiers import normal_form

from .flow import in_unit
from .model import Event, EventItem, Lot
from .presence import sources_of
from .query_model import EventTerm
from .terms import typed

MOST_STOPS = 60
_MOST_EVENTS = 2000
_MOST_CONTAINERS = 50
_CHUNK = 500
_PARTIES = {typed(side, kind): (side, kind) for side in ("source", "destination")
            for kind in ("location", "possessing_party", "owning_party")}
_ORDER = ("owning_party", "possessing_party", "location")


@dataclass(frozen=True, slots=True)
class Stop:
    """One event, or `count` of the same kind at the same place from `at` to `until`. `role` of the item in it;
    `via`: the URI of the container whose event it is. Places and parties are URIs, empty where nobody said."""

    at: datetime
    until: datetime
    role: str
    step: str
    action: str
    disposition: str
    place: str
    source: str
    destination: str
    quantity: Decimal | None
    unit: str | None
    count: int
    via: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Journey:
    """`events`: how many were looked at; `is_cut`: there are older ones. `folded`: '', 'day' or 'month'."""

    stops: tuple[Stop, ...]
    events: int
    folded: str
    is_cut: bool


def journey_of(session: Session, lot_key: str, zone: Callable[[datetime], datetime]) -> Journey:
    """The journey, oldest first. `zone` gives a moment in the zone of the reader, in which days are days."""
    rows = _rows(session, lot_key)
    is_cut, rows = len(rows) > _MOST_EVENTS, rows[:_MOST_EVENTS]
    parties = _parties(session, [row.id for row in rows])
    names = {key: uri for key, uri in session.execute(select(Lot.lot_key, Lot.uri).where(
        Lot.lot_key.in_({row.lot_key for row in rows} - {lot_key})))}
    stops = [_stop(row, parties[row.id], names.get(row.lot_key, "")) for row in reversed(rows)]
    if len(stops) <= MOST_STOPS:
        return Journey(tuple(stops), len(rows), "", is_cut)
    by_day = _folded(stops, zone, "%Y-%m-%d")
    if len(by_day) <= MOST_STOPS:
        return Journey(tuple(by_day), len(rows), "day", is_cut)
    return Journey(tuple(_folded(stops, zone, "%Y-%m")), len(rows), "month", is_cut)


def _rows(session: Session, lot_key: str) -> list[Any]:
    """The newest events of the item, and of its containers while it was in them."""
    spans = sources_of(session, lot_key)
    around = sorted(spans.keys() - {lot_key})
    containers = session.scalars(select(Lot.lot_key).where(Lot.lot_key.in_(around)).limit(_MOST_CONTAINERS)).all()
    whose = [EventItem.lot_key == lot_key]
    for key in containers:
        whose.append(and_(EventItem.lot_key == key, EventItem.role != "child", or_(*(
            Event.event_time >= since if until is None else and_(Event.event_time >= since, Event.event_time < until)
            for since, until in spans[key]))))
    found = session.execute(
        select(EventItem.lot_key, EventItem.role, EventItem.quantity, EventItem.unit, Event.id, Event.event_time,
               Event.action, Event.biz_step, Event.disposition, Event.biz_location, Event.read_point)
        .join(Event, (Event.subject_key == EventItem.subject_key) & (Event.id == EventItem.event_id))
        .where(or_(*whose), EventItem.role != "process", EventItem.stands)
        .order_by(Event.event_time.desc(), Event.id.desc(), EventItem.role).limit(_MOST_EVENTS + 1)).all()
    own = {row.id for row in found if row.lot_key == lot_key}
    return [row for row in found if row.lot_key == lot_key or row.id not in own]


def _parties(session: Session, event_ids: list[str]) -> dict[str, dict[str, dict[str, str]]]:
    """event -> side -> kind -> URI."""
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: {"source": {}, "destination": {}})
    for start in range(0, len(event_ids), _CHUNK):
        for event_id, name, value in session.execute(select(EventTerm.event_id, EventTerm.name, EventTerm.value).where(
                EventTerm.event_id.in_(event_ids[start:start + _CHUNK]), EventTerm.name.in_(list(_PARTIES)))):
            side, kind = _PARTIES[name]
            found[event_id][side].setdefault(kind, normal_form(value))
    return found


def _stop(row: Any, parties: dict[str, dict[str, str]], via: str) -> Stop:
    def one(side: str) -> str:
        return next((parties[side][kind] for kind in _ORDER if kind in parties[side]), "")

    return Stop(row.event_time, row.event_time, row.role, row.biz_step or "", row.action or "", row.disposition or "",
                normal_form(row.biz_location or row.read_point or ""), one("source"), one("destination"),
                None if via else row.quantity, row.unit, 1, via, row.id)


def _folded(stops: Iterable[Stop], zone: Callable[[datetime], datetime], pattern: str) -> list[Stop]:
    """What happened in the same way at the same place within a day or month, as one."""
    found: dict[tuple[str, ...], Stop] = {}
    for stop in stops:
        key = (zone(stop.at).strftime(pattern), stop.role, stop.step, stop.action, stop.disposition, stop.place,
               stop.via)
        before = found.get(key)
        found[key] = stop if before is None else _both(before, stop)
    return list(found.values())


def _both(one: Stop, other: Stop) -> Stop:
    more = in_unit(other.quantity, other.unit, one.unit)
    total = one.quantity + more if one.quantity is not None and more is not None else None
    return replace(one, until=max(one.until, other.until), quantity=total, count=one.count + other.count,
                   source=one.source if one.source == other.source else "",
                   destination=one.destination if one.destination == other.destination else "")
