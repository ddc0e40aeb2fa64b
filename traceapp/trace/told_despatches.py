"""Despatches of lots of ours that others' events tell of: they change no stock of ours and stand in no shipment."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.epcis import Event as Said
from traceapp.epcis.identifiers import normal_form

from .contents import containers_above, contents_of, opened, packed_below
from .derive_foreign import Resolver, touched_by
from .event_row import EventRow
from .facts import voided
from .lot_events import LotEvents
from .many_keys import in_parts, listed
from .model import Event, EventItem, Lot

# The steps with which goods leave.
LEAVING = ("shipping", "departing")
_TARGETS = ("owning_party", "possessing_party", "location")
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Sent:
    """Units of a lot of ours that left by an event. `units` in the lot's unit, None: not stated; `to` and `by`: the
    URIs of whom it names as taker and giver, the party first."""

    lot_key: str
    event_id: str
    step: str
    at: datetime
    units: Decimal | None
    to: tuple[str, ...]
    by: tuple[str, ...]


def told_since(session: Session, since: datetime) -> set[str]:
    """The keys of all that captured events named since a moment, and of what was ever packed into it."""
    named = set(session.scalars(
        select(EventItem.lot_key).join(Event, (Event.subject_key == EventItem.subject_key)
                                       & (Event.id == EventItem.event_id))
        .where(Event.recorded_at > since, Event.capture_id.is_not(None)).distinct()))
    return named | packed_below(session, named)


def sent_of(session: Session, lot_keys: Iterable[str]) -> list[Sent]:
    """Every despatch of these lots, by themselves or in containers, that captured events tell of, in the order of
    time."""
    wanted = set(lot_keys)
    units = _own_units(session, wanted)
    above = containers_above(session, units)
    found = [one for row, said in _leaving(session, {*units, *above}) for one in _sent(
        session, (row, said), units, above)]
    return sorted(found, key=lambda one: (one.at, one.event_id, one.lot_key))


def despatches_of(session: Session, container_key: str) -> list[Sent]:
    """Every despatch of a container, by itself or in another one, that captured events tell of, the last first; without
    lots and units."""
    found = []
    for row, said in _leaving(session, {container_key, *containers_above(session, [container_key])}):
        named = {one.key for one in touched_by(said, Resolver.of(session, [said])) if one.role == "object"}
        if container_key in named or any(container_key in opened(session, key, row.event_time).boxes for key in named):
            found.append(Sent("", row.id, said.biz_step or "", row.event_time, None, _parties(said.destinations),
                              _parties(said.sources, said.read_point, said.biz_location)))
    return sorted(found, key=lambda one: (one.at, one.event_id), reverse=True)


def _own_units(session: Session, keys: Iterable[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for part in in_parts(keys, 5000):
        found.update((key, unit) for key, unit in session.execute(select(Lot.lot_key, Lot.unit).where(
            Lot.lot_key.in_(listed(session, part)), Lot.is_own == 1)))
    return found


def _leaving(session: Session, keys: Iterable[str]) -> Iterator[tuple[EventRow, Said]]:
    """The captured events by which one of these left and that stand, each once."""
    rows: dict[str, Event] = {}
    for part in in_parts(keys, 5000):
        for row in session.scalars(
                select(Event).join(EventItem, (Event.subject_key == EventItem.subject_key)
                                   & (Event.id == EventItem.event_id))
                .where(EventItem.lot_key.in_(listed(session, part)), EventItem.role == "object", EventItem.stands,
                       Event.capture_id.is_not(None), Event.biz_step.in_(LEAVING), Event.action != "DELETE")):
            rows[row.id] = row
    gone = voided(session, [row.event_id for row in rows.values()])
    said = LotEvents(session).said(row.id for row in rows.values() if row.event_id not in gone)
    return ((rows[key], one) for key, one in said.items())


def _sent(session: Session, event: tuple[EventRow, Said], units: dict[str, str | None],
          containers: set[str]) -> Iterator[Sent]:
    """What left by one event, added up by lot."""
    row, said = event
    sums: dict[str, Decimal | None] = {}

    def add(key: str, quantity: Decimal | None, unit: str | None) -> None:
        if key in units:
            before, known = sums.get(key, Decimal(0)), quantity if unit == units[key] else None
            sums[key] = before + known if before is not None and known is not None else None

    resolver = Resolver.of(session, [said])
    for touched in touched_by(said, resolver):
        if touched.role != "object":
            continue
        if touched.key in units:
            add(touched.key, touched.quantity, touched.unit)
        for content in contents_of(session, touched.key, row.event_time) if touched.key in containers else ():
            add(content.key, content.quantity, content.unit)
    to, by = _parties(said.destinations), _parties(said.sources, said.read_point, said.biz_location)
    for key, total in sums.items():
        yield Sent(key, row.id, said.biz_step or "", row.event_time, total or None, to, by)


def _parties(stated: Iterable[tuple[str, str]], *places: str | None) -> tuple[str, ...]:
    pairs = list(stated)
    ordered = [uri for kind in _TARGETS for found, uri in pairs if found == kind]
    ordered += [uri for kind, uri in pairs if kind not in _TARGETS] + [place for place in places if place]
    return tuple(dict.fromkeys(normal_form(uri)[:_LONGEST] for uri in ordered))
