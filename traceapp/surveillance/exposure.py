"""Units of each lot in use by day: what was despatched, less what came back, stopped while the lot is on hold.

A unit counts from the day of its despatch: when it arrives is rarely told, and the wait that is fitted from history
counts from the same day, so that the time on the road is part of it. A hold of any kind stops use, by a recall too;
how it tells use from the rest of the wait where the law is fitted: `basis.Basis.use_mean_days`.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

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


def entries_of(deliveries: Iterable[Delivery], holds: Spans, basis: Basis,
               group: SeverityGroup) -> list[tuple[date, float]]:
    """What enters use and leaves it, by day; a unit counts by how often its region reports, 1 being usual."""
    from traceapp.signals.exposure import in_use

    weighed = [(one.day, one.units * basis.region_ratio(group, one.consignee_id)) for one in deliveries]
    return in_use(weighed, holds, basis.use_mean_days)


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys without repetition, so many at a time as one query takes."""
    listed = list(dict.fromkeys(keys))
    return (listed[start:start + _CHUNK] for start in range(0, len(listed), _CHUNK))
