"""Until when things are in their containers, worked out from all events of a container in whatever order they came.

A line of packing ends with the first later event that takes the thing out, or everything. Of a quantity the whole must
have been taken out; where that cannot be known it counts as still in it.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from traceapp.db.among import among
from traceapp.epcis import Event as Said

from .derive_foreign import Resolver, Touched, touched_by
from .identity import item_of
from .lot_events import LotEvents
from .model import Event, EventItem, LotEdge

_CHUNK = 2000
_KINDS = {"AggregationEvent": "packed", "AssociationEvent": "attached"}
_UNTIL = update(LotEdge).where(
    LotEdge.lot_key == bindparam("here"), LotEdge.direction == bindparam("side"),
    LotEdge.other_key == bindparam("there"), LotEdge.event_id == bindparam("event")).values(until=bindparam("ends"))
_LINES = select(
    LotEdge.lot_key, LotEdge.other_key, LotEdge.event_id, LotEdge.kind, LotEdge.quantity, LotEdge.unit, LotEdge.at,
    LotEdge.until).where(
        among(LotEdge.lot_key, "keys"), LotEdge.direction == "up",
        LotEdge.kind.in_(_KINDS.values()), or_(LotEdge.until.is_not(None), among(LotEdge.lot_key, "opened")))
_PACKED = select(LotEdge.other_key).where(
    among(LotEdge.lot_key, "keys"), LotEdge.direction == "up", LotEdge.kind == "packed").distinct()
_PACKINGS = (
    select(EventItem.lot_key, Event.id, Event.type, Event.action, Event.event_time)
    .join(Event, (Event.subject_key == EventItem.subject_key) & (Event.id == EventItem.event_id))
    .where(among(EventItem.lot_key, "keys"), EventItem.role == "parent", EventItem.stands,
           Event.action != "OBSERVE"))


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one event took out: single things whole, `out` with its quantities; nothing named is everything."""

    at: datetime
    kind: str
    singles: frozenset[str]
    out: tuple[Touched, ...]


@dataclass(slots=True)
class _Contents:
    """What the events say of one container: lines in, and what was taken out when."""

    lines: list[Any] = field(default_factory=list)
    added: set[str] = field(default_factory=set)
    taken: list[_Taken] = field(default_factory=list)


def refresh_containers(events: LotEvents, containers: Iterable[str]) -> set[str]:
    """Write until when everything is in those of these that are containers; answers what was ever packed into them."""
    keys = sorted(filter(events.may_hold, set(containers)))
    packed: set[str] = set()
    for start in range(0, len(keys), _CHUNK):
        part = keys[start:start + _CHUNK]
        found = _contents(events, part)
        changed = [change for container, contents in found.items() for change in _changes(container, contents)]
        connection = events.session.connection()
        if changed:
            connection.execute(_UNTIL, changed)
        packed.update(connection.scalars(_PACKED, {"keys": part}))
    return packed


def _contents(events: LotEvents, keys: list[str]) -> dict[str, _Contents]:
    """Of those from which something was taken out, or seemed to be."""
    found: dict[str, _Contents] = defaultdict(_Contents)
    connection = events.session.connection()
    rows = connection.execute(_PACKINGS, {"keys": keys}).all()
    opened = {row.lot_key for row in rows if row.action == "DELETE"}
    for line in connection.execute(_LINES, {"keys": keys, "opened": sorted(opened)}):
        found[line.lot_key].lines.append(line)
    said = events.said({row.id for row in rows if row.action == "DELETE"})
    resolver = Resolver.of(events.session, said.values()) if said else Resolver()
    for row in rows:
        if row.lot_key not in found:
            continue
        if row.action == "ADD":
            found[row.lot_key].added.add(row.id)
        elif row.type in _KINDS:
            found[row.lot_key].taken.append(_taken(row, said[row.id], resolver))
    return found


def _changes(container: str, contents: _Contents) -> list[dict[str, Any]]:
    """The lines whose end is not yet what it should be, each under both of its lots."""
    changed = []
    for line in contents.lines:
        ends = _end(line, contents)
        if ends != line.until:
            changed += [{"here": here, "side": side, "there": there, "event": line.event_id, "ends": ends}
                        for here, side, there in ((container, "up", line.other_key),
                                                  (line.other_key, "down", container))]
    return changed


def _taken(row: Any, said: Said, resolver: Resolver) -> _Taken:
    return _Taken(row.event_time, _KINDS[row.type],
                  frozenset(resolver.key(item_of(epc, is_class=False)) for epc in said.child_epcs),
                  tuple(one for one in touched_by(said, resolver) if one.role == "child"))


def _end(line: Any, contents: _Contents) -> datetime | None:
    """When the last of what the line put in had been taken out."""
    for taken in sorted(contents.taken, key=lambda one: one.at):
        if taken.kind == line.kind and taken.at > line.at and (
                not taken.out or line.other_key in taken.singles or _is_all_out(line, contents, taken.at)):
            return taken.at
    return None


def _is_all_out(line: Any, contents: _Contents, at: datetime) -> bool:
    """Whether by then as much was taken out as had ever been put in, all in one unit."""
    put = [(one.quantity, one.unit) for one in contents.lines
           if one.other_key == line.other_key and one.kind == line.kind and one.event_id in contents.added
           and one.at <= at]
    out = [(one.quantity, one.unit) for taken in contents.taken if taken.at <= at and taken.kind == line.kind
           for one in taken.out if one.key == line.other_key]
    if not put or not out or len({unit for _quantity, unit in (*put, *out)}) != 1:
        return False
    came, went = _sum(put), _sum(out)
    return came is not None and went is not None and went >= came


def _sum(stated: list[tuple[Decimal | None, str | None]]) -> Decimal | None:
    """All added up; None when one of them is not known."""
    known = [quantity for quantity, _unit in stated if quantity is not None]
    return sum(known, Decimal(0)) if len(known) == len(stated) else None
