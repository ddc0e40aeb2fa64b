"""The events of lots, read as little as possible: what a document has just brought is not read again."""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db.among import among
from traceapp.epcis import Event as Said
from traceapp.epcis import event_from, load_json

from .derive_foreign import Resolver, Told, items_by_key
from .identity import Item
from .model import Event, EventItem

_CHUNK = 2000
_STORED = (
    select(EventItem.lot_key, EventItem.role, EventItem.quantity, EventItem.unit, Event.id, Event.event_time,
           Event.type, Event.action, Event.recorded_at, Event.capture_id)
    .join(Event, (Event.subject_key == EventItem.subject_key) & (Event.id == EventItem.event_id))
    .where(among(EventItem.lot_key, "keys"), EventItem.stands))
_SAID = select(Event.id, Event.document, Event.context).where(among(Event.id, "ids"))
_ORDER = attrgetter("at", "event_id")


@dataclass(frozen=True, slots=True)
class Known:
    """What an event says, and the item of each key that it names."""

    said: Said
    items: Mapping[str, Item]


@dataclass(frozen=True, slots=True)
class Seen:
    """One event about a lot: the role of the lot in it, and what it says. `is_told`: by others; else it is an act of
    ours."""

    role: str
    quantity: Decimal | None
    unit: str | None
    event_id: str
    at: datetime
    type: str
    action: str | None
    recorded_at: datetime
    is_told: bool
    known: Known

    @property
    def said(self) -> Said:
        return self.known.said


def told_alike(seen: Iterable[Seen]) -> tuple[Any, ...]:
    """What is the same for things of which the same events tell the same: serial numbers come by the hundred."""
    return tuple([(one.event_id, one.role, one.quantity, one.unit) for one in seen])


@dataclass(slots=True)
class LotEvents:
    """Finds the events of lots. `fresh` is what is known of events without reading them, by their id; `gathered` are
    the events of lots that were found already; nothing was ever told of those that are `new`."""

    session: Session
    fresh: Mapping[str, Known] = field(default_factory=dict)
    gathered: dict[str, list[Seen]] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)

    def of(self, keys: Iterable[str]) -> dict[str, list[Seen]]:
        """The events of each of these lots in the order of their time; without those that have none."""
        found: dict[str, list[Seen]] = {}
        missing: list[str] = []
        for key in keys:
            own = self.gathered.get(key)
            if own is None:
                missing.append(key)
            elif own:
                found[key] = own
        for start in range(0, len(missing), _CHUNK):
            found |= self._stored(missing[start:start + _CHUNK])
        return found

    def gather(self, keys: Iterable[str]) -> None:
        """Find the events of these lots before others are added to them."""
        wanted = sorted(keys)
        stored = self.of(wanted)
        self.new = {key for key in wanted if key not in stored}
        self.gathered = {key: [] for key in self.new} | stored

    def add(self, told: Iterable[Told]) -> None:
        """These events are stored now, too; all of their lots were gathered before."""
        for one in told:
            row, known = one.row, self.fresh[one.row.id]
            for item in one.touched:
                self.gathered[item.key].append(Seen(item.role, item.quantity, item.unit, row.id, row.event_time,
                                                    row.type, row.action, row.recorded_at, True, known))
        for events in self.gathered.values():
            events.sort(key=_ORDER)

    def may_hold(self, key: str) -> bool:
        """Whether the lot can be a container: as far as its events are known, one of them says so."""
        own = self.gathered.get(key)
        return own is None or any(one.role == "parent" for one in own)

    def _stored(self, keys: list[str]) -> dict[str, list[Seen]]:
        rows = self.session.connection().execute(_STORED, {"keys": keys}).all()
        older = self._read({row[4] for row in rows if row[4] not in self.fresh})
        found: dict[str, list[Seen]] = defaultdict(list)
        for key, role, quantity, unit, event_id, at, type_, action, recorded_at, capture_id in rows:
            known = self.fresh.get(event_id) or older[event_id]
            found[key].append(Seen(role, quantity, unit, event_id, at, type_, action, recorded_at,
                                   capture_id is not None, known))
        for events in found.values():
            events.sort(key=_ORDER)
        return found

    def _read(self, ids: set[str]) -> dict[str, Known]:
        """What stored events say."""
        said = self.said(ids)
        resolver = Resolver.of(self.session, said.values()) if said else Resolver()
        return {event_id: Known(event, items_by_key([event], resolver)) for event_id, event in said.items()}

    def said(self, ids: Iterable[str]) -> dict[str, Said]:
        """What these events say, by their id."""
        wanted = sorted(ids)
        found = {event_id: self.fresh[event_id].said for event_id in wanted if event_id in self.fresh}
        missing = [event_id for event_id in wanted if event_id not in found]
        for start in range(0, len(missing), _CHUNK):
            for event_id, document, context in self.session.connection().execute(
                    _SAID, {"ids": missing[start:start + _CHUNK]}):
                found[event_id] = event_from(load_json(document), json.loads(context))
        return found
