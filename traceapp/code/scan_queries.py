"""What staff read of the scans of a lot: by day, and the serial numbers that stand out."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.worklist.model import Task, TaskState

from .checking import sightings_of
from .doubts import KINDS
from .model import ScanCount, ScanDay, ScanDoubt, SerialCount


@dataclass(frozen=True, slots=True)
class StandingOut:
    """A doubt with where its serial number was seen lately; nothing of that for numbers that were not given out."""

    doubt: ScanDoubt
    networks: int
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LotScans:
    """`days` from the first to the last asked for, those without scans too; `told` are the open tasks."""

    total: ScanCount | None
    days: tuple[tuple[date, int], ...]
    standing_out: tuple[StandingOut, ...]
    more: int
    told: tuple[Task, ...]


def lot_scans(session: Session, lot_key: str, days: tuple[date, ...], limit: int = 100) -> LotScans:
    """The scans of a lot; of what stands out the latest `limit` and how many more there are."""
    counts = dict(session.execute(select(ScanDay.day, ScanDay.scans).where(
        ScanDay.lot_key == lot_key, ScanDay.day.between(min(days), max(days)))).all())
    found = tuple(standing_out(session, lot_key, limit))
    all_of_them = session.scalar(select(func.count()).select_from(ScanDoubt).where(ScanDoubt.lot_key == lot_key)) or 0
    told = session.scalars(select(Task).where(Task.about == stream_of("lot", lot_key), Task.kind.in_(KINDS),
                                              Task.state == TaskState.open).order_by(Task.due_at, Task.id))
    return LotScans(session.get(ScanCount, lot_key), tuple((day, counts.get(day, 0)) for day in days), found,
                    all_of_them - len(found), tuple(told))


def standing_out(session: Session, lot_key: str, limit: int | None = None) -> Iterator[StandingOut]:
    """The doubts about a lot and its serial numbers, the latest first; at most a hundred for each reason, and one."""
    rows = session.execute(
        select(ScanDoubt, SerialCount)
        .outerjoin(SerialCount, and_(SerialCount.lot_key == ScanDoubt.lot_key, SerialCount.serial == ScanDoubt.serial))
        .where(ScanDoubt.lot_key == lot_key)
        .order_by(ScanDoubt.last_at.desc(), ScanDoubt.reason, ScanDoubt.serial).limit(limit))
    for doubt, count in rows:
        seen = sightings_of(count.seen) if count is not None else ()
        yield StandingOut(doubt, len({one.network for one in seen} - {""}),
                          tuple(sorted({one.region for one in seen} - {""})))
