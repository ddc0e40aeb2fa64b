"""Units of each lot in use by day: what was despatched, less what came back, stopped while the lot is on hold.

A unit counts from the day of its despatch: when it arrives is rarely told, and the wait that is fitted from history
counts from the same day, so that the time on the road is part of it. A hold of any kind stops use, by a recall too;
how it tells use from the rest of the wait where the law is fitted: `basis.Basis.use_mean_days`.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party
from traceapp.complaint.region import party_region
from traceapp.trace.model import Hold, ShipmentLine

from .alarm import SeverityGroup

if TYPE_CHECKING:
    from .basis import Basis

_CHUNK = 500
Spans = list[tuple[date, date | None]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Units that left for a consignee on a day; below zero: they came back."""

    day: date
    units: int
    consignee_id: str


def deliveries_of(session: Session, lot_keys: Iterable[str]) -> dict[str, list[Delivery]]:
    """Despatches and returns of each lot, the oldest first."""
    found: dict[str, list[Delivery]] = defaultdict(list)
    for keys in chunks(lot_keys):
        rows = session.execute(
            select(ShipmentLine.lot_key, ShipmentLine.shipped_at, ShipmentLine.units, ShipmentLine.consignee_id)
            .where(ShipmentLine.lot_key.in_(keys)).order_by(ShipmentLine.shipped_at))
        for lot_key, shipped_at, units, consignee_id in rows:
            found[lot_key].append(Delivery(shipped_at.date(), int(units), consignee_id))
    return found


def holds_of(session: Session, lot_keys: Iterable[str]) -> dict[str, Spans]:
    """When each lot was on hold, by whatever hold: from a day, until a day or still."""
    found: dict[str, Spans] = defaultdict(list)
    for keys in chunks(lot_keys):
        rows = session.execute(select(Hold.lot_key, Hold.placed_at, Hold.lifted_at).where(Hold.lot_key.in_(keys)))
        for lot_key, placed_at, lifted_at in rows:
            found[lot_key].append((placed_at.date(), lifted_at.date() if lifted_at else None))
    return found


def regions_of(session: Session, consignee_ids: Iterable[str]) -> dict[str, str]:
    """The region of each consignee by name."""
    found = {}
    for keys in chunks(sorted(set(consignee_ids))):
        for party in session.scalars(select(Party).where(Party.id.in_(keys))):
            found[party.id] = region_name(*party_region(party))
    return found


def region_name(country: str, region: str) -> str:
    """A country, in China with the region: `CN/广东`, `DE`; empty where nobody knows."""
    return f"{country}/{region}" if region else country


def entries_of(movements: tuple[Iterable[Delivery], Spans], basis: Basis, group: SeverityGroup,
               regions: Mapping[str, str]) -> list[tuple[date, float]]:
    """What enters use and leaves it, by day, of what was delivered and when it was held; a unit counts by how often
    the region of its consignee reports, 1 being usual."""
    from traceapp.signals.exposure import in_use

    deliveries, holds = movements
    weighed = [(one.day, one.units * basis.region_ratio(group, regions.get(one.consignee_id, "")))
               for one in deliveries]
    return in_use(weighed, holds, basis.use_mean_days)


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys without repetition, so many at a time as one query takes."""
    listed = list(dict.fromkeys(keys))
    return (listed[start:start + _CHUNK] for start in range(0, len(listed), _CHUNK))
