"""Where lots were seen last, by what their events and those of their containers say."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter

from sqlalchemy import select

from traceapp.db.among import among

from .lot_events import LotEvents, Seen
from .model import LotEdge

_PACKED = select(LotEdge.lot_key, LotEdge.other_key, LotEdge.at).where(
    among(LotEdge.lot_key, "keys"), LotEdge.direction == "down", LotEdge.kind == "packed")
_Moment = tuple[datetime, str, str | None, Decimal | None, str | None]  # at, event, place, quantity, unit
_ORDER = itemgetter(0, 1)


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
    ever_packed = [key for key in keys if any(one.role == "child" for one in seen.get(key, ()))]
    for key, container, at in events.session.connection().execute(_PACKED, {"keys": ever_packed}):
        rides[key].append((container, at))
    containers = {container for own in rides.values() for container, _ in own}
    carried = {key: seen[key] for key in containers if key in seen}
    carried |= events.of(sorted(containers - carried.keys()))
    found: dict[str, Sighting | None] = {}
    for key in keys:
        moments: list[_Moment] = [(one.at, one.event_id, one.known.holder, one.quantity, one.unit)
                                  for one in seen.get(key, ())]
        if key in rides:
            for container, at in rides[key]:
                moments += [(one.at, one.event_id, one.known.holder, None, None)
                            for one in _ride(carried.get(container, []), at)]
            moments.sort(key=_ORDER)
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


def _last(moments: list[_Moment]) -> Sighting | None:
    """The last that says where the lot is, with the last quantity that was stated with a place."""
    placed = [moment for moment in moments if moment[2] is not None]
    if not placed:
        return None
    at, _event_id, holder, _quantity, _unit = placed[-1]
    stated = next((moment for moment in reversed(placed) if moment[3] is not None), placed[0])
    return Sighting(at, holder or "", stated[3], stated[4])
