"""Where lots were seen last, by what their events and those of their containers say."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from traceapp.db.among import among
from traceapp.epcis import Event as Said

from .lot_events import LotEvents, Seen
from .model import LotEdge

_PACKED = select(LotEdge.lot_key, LotEdge.other_key, LotEdge.at).where(
    among(LotEdge.lot_key, "keys"), LotEdge.direction == "down", LotEdge.kind == "packed")


@dataclass(frozen=True, slots=True)
class Sighting:
    """The last event that says where a lot is."""

    at: datetime
    holder: str
    quantity: Decimal | None
    unit: str | None


def sightings(events: LotEvents, keys: list[str], seen: dict[str, list[Seen]]) -> dict[str, Sighting | None]:
    """Where each lot was seen last, in a container too while it is in there."""
    rides: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for key, container, at in events.session.connection().execute(_PACKED, {"keys": keys}):
        rides[key].append((container, at))
    containers = {container for own in rides.values() for container, _ in own}
    carried = {key: seen[key] for key in containers if key in seen}
    carried |= events.of(sorted(containers - carried.keys()))
    found: dict[str, Sighting | None] = {}
    for key in keys:
        moments = [(one.at, one.event_id, one.said, one.quantity, one.unit) for one in seen.get(key, ())]
        for container, at in rides.get(key, ()):
            moments += [(one.at, one.event_id, one.said, None, None) for one in _ride(carried.get(container, []), at)]
        moments.sort(key=lambda moment: moment[:2])
        found[key] = _last(moments)
    return found


def _ride(events: list[Seen], since: datetime) -> list[Seen]:
    """What happened to a container from `since` until it was emptied, that included."""
    ride: list[Seen] = []
    for one in events:
        if one.at >= since:
            ride.append(one)
            if one.type == "AggregationEvent" and one.action == "DELETE" and one.role == "parent":
                break
    return ride


def _last(moments: list[tuple[datetime, str, Said, Decimal | None, str | None]]) -> Sighting | None:
    latest: Sighting | None = None
    for at, _event_id, said, quantity, unit in moments:
        holder = _holder(said)
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
