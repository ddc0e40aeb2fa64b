"""What is counted of scans: by lot, day and serial number, and what gave reason to doubt. All in the batch that stores
them; every table is written in the order of its keys, so that two writers never wait for each other."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, case, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.db import Base

from .checking import sightings_of
from .model import Scan, ScanCount, ScanDay, ScanDoubt, SerialCount
from .policy import Doubt, Sighting, kept_sightings

# A task about scans is due within days, the longest public holiday takes a week and a half, and then somebody has to
# look into it; after that nobody needs to know any more where a single scan came from. The counts stay.
KEPT_DAYS = 30
DAY_ZONE = ZoneInfo("Asia/Shanghai")
# So many serial numbers of one lot and reason are told apart; who makes up numbers does not fill the table.
MOST_SERIALS_TOLD = 100
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class StoredScan:
    """A scan as it is counted. `is_known`: its serial number was given out."""

    lot_key: str
    at: datetime
    serial: str
    network: str
    region: str
    doubt: Doubt | None
    is_known: bool


def count_scans(session: Session, scans: Sequence[StoredScan]) -> None:
    """Add the scans to every count that they belong to."""
    _count_lots(session, scans)
    _count_days(session, scans)
    _count_serials(session, [scan for scan in scans if scan.is_known])
    _count_doubts(session, [scan for scan in scans if scan.doubt is not None])


def _upsert(session: Session, model: type[Base]) -> Any:
    """An insert into the table: rows, not objects, since there are many."""
    return (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(
        cast(Table, model.__table__))


def _count_lots(session: Session, scans: Sequence[StoredScan]) -> None:
    counted = _upsert(session, ScanCount)
    added = counted.on_conflict_do_update(index_elements=["lot_key"], set_={
        "scans": ScanCount.scans + counted.excluded.scans})
    first = {scan.lot_key: scan.at for scan in reversed(scans)}
    session.execute(added, [{"lot_key": key, "scans": number, "first_at": first[key]}
                            for key, number in sorted(Counter(scan.lot_key for scan in scans).items())])


def _count_days(session: Session, scans: Sequence[StoredScan]) -> None:
    counted = _upsert(session, ScanDay)
    added = counted.on_conflict_do_update(index_elements=["lot_key", "day"], set_={
        "scans": ScanDay.scans + counted.excluded.scans})
    days = Counter((scan.lot_key, scan.at.astimezone(DAY_ZONE).date()) for scan in scans)
    session.execute(added, [{"lot_key": key, "day": day, "scans": number}
                            for (key, day), number in sorted(days.items())])


def _count_serials(session: Session, scans: Sequence[StoredScan]) -> None:
    """Count serial numbers up and keep where they were seen last."""
    grouped: defaultdict[tuple[str, str], list[StoredScan]] = defaultdict(list)
    for scan in scans:
        grouped[scan.lot_key, scan.serial].append(scan)
    if not grouped:
        return
    keys = sorted(grouped)
    session.execute(_upsert(session, SerialCount).on_conflict_do_nothing(), [
        {"lot_key": key[0], "serial": key[1], "scans": 0, "first_at": min(scan.at for scan in grouped[key]),
         "last_at": max(scan.at for scan in grouped[key]), "seen": []} for key in keys])
    rows = session.scalars(
        select(SerialCount).where(tuple_(SerialCount.lot_key, SerialCount.serial).in_(keys))
        .order_by(SerialCount.lot_key, SerialCount.serial).with_for_update().execution_options(populate_existing=True))
    for row in rows:
        found = grouped[row.lot_key, row.serial]
        row.scans += len(found)
        row.last_at = max(row.last_at, *(scan.at for scan in found))
        _keep(row, [*sightings_of(row.seen), *(Sighting(scan.at, scan.network, scan.region) for scan in found)],
              row.last_at - timedelta(days=KEPT_DAYS))
    session.flush()


def _keep(row: SerialCount, seen: Iterable[Sighting], since: datetime) -> None:
    kept = kept_sightings(seen, since)
    row.seen = [[one.at.isoformat(), one.network, one.region] for one in kept]
    row.seen_since = min((one.at for one in kept), default=None)


def _count_doubts(session: Session, scans: Sequence[StoredScan]) -> None:
    """Count what gave reason to doubt; beyond the bound serial numbers are counted together."""
    if not scans:
        return
    grouped: defaultdict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    told = _told(session, scans)
    for scan in scans:
        serials = told[scan.lot_key, str(scan.doubt)]
        serial = "" if scan.doubt == Doubt.lot_too_often else scan.serial
        if serial not in serials and len(serials) >= MOST_SERIALS_TOLD:
            serial = ""
        serials.add(serial)
        grouped[scan.lot_key, str(scan.doubt), serial].append(scan.at)
    counted = _upsert(session, ScanDoubt)
    later = counted.excluded.last_at
    session.execute(counted.on_conflict_do_update(index_elements=["lot_key", "reason", "serial"], set_={
        "scans": ScanDoubt.scans + counted.excluded.scans,
        "last_at": case((ScanDoubt.last_at > later, ScanDoubt.last_at), else_=later)}), [
            {"lot_key": key[0], "reason": key[1], "serial": key[2], "scans": len(times), "first_at": min(times),
             "last_at": max(times)} for key, times in sorted(grouped.items())])


def _told(session: Session, scans: Sequence[StoredScan]) -> defaultdict[tuple[str, str], set[str]]:
    """The serial numbers that stand in the table for each lot and reason of these scans."""
    keys = sorted({(scan.lot_key, str(scan.doubt)) for scan in scans})
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    rows = session.execute(select(ScanDoubt.lot_key, ScanDoubt.reason, ScanDoubt.serial)
                           .where(tuple_(ScanDoubt.lot_key, ScanDoubt.reason).in_(keys)))
    for lot_key, reason, serial in rows:
        found[lot_key, reason].add(serial)
    return found


def forget_old_scans(session: Session, clock: Clock) -> int:
    """Remove scans older than thirty days, and where serial numbers were seen before that, and answer how many scans
    went; the counts stay."""
    since = clock.now() - timedelta(days=KEPT_DAYS)
    result: Any = session.execute(delete(Scan).where(Scan.scanned_at < since))
    while rows := session.scalars(select(SerialCount).where(SerialCount.seen_since < since)
                                  .order_by(SerialCount.lot_key, SerialCount.serial).limit(_CHUNK)
                                  .with_for_update()).all():
        for row in rows:
            _keep(row, sightings_of(row.seen), since)
        session.flush()
    return int(result.rowcount)
