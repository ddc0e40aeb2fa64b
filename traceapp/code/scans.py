"""Scans: noted beside the answer, never before it; written in batches, cut to the network, kept thirty days."""
from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.orm import Session

from traceapp.core.ids import new_id
from traceapp.core.networks import network_of
from traceapp.db import Database

from .counting import StoredScan, count_scans
from .model import Scan, ScanCount
from .policy import Doubt
from .regions import RegionTable
from .serials import LONGEST_SERIAL

MOST_WAITING = 20_000
FLUSH_ROWS = 500
FLUSH_SECONDS = 1.0

log = logging.getLogger("traceapp.scans")


@dataclass(frozen=True, slots=True)
class SeenScan:
    """One scan as the web saw it; `address` is cut to its network before it is stored. `region` where a proxy named it,
    `doubt` what the code gave reason to; `is_known`: its serial number is one that we gave out."""

    lot_key: str
    at: datetime
    address: str = ""
    language: str = ""
    serial: str | None = None
    region: str = ""
    doubt: Doubt | None = None
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class ScanTotal:
    """How often the codes of a lot were scanned, and when first."""

    scans: int
    first_at: datetime


def store_scans(session: Session, scans: Sequence[SeenScan], regions: RegionTable) -> None:
    """Add the scans and count them up."""
    if not scans:
        return
    stored = [StoredScan(scan.lot_key, scan.at, (scan.serial or "")[:LONGEST_SERIAL], network_of(scan.address),
                         scan.region or regions.region_of(scan.address), scan.doubt, scan.is_known) for scan in scans]
    session.execute(insert(cast(Table, Scan.__table__)), [
        {"lot_key": one.lot_key, "id": new_id(one.at), "serial": one.serial or None, "scanned_at": one.at,
         "network": one.network, "region": one.region, "language": scan.language[:8], "doubt": one.doubt or ""}
        for one, scan in zip(stored, scans, strict=True)])
    count_scans(session, stored)


def scan_total(connection: Connection, lot_key: str) -> ScanTotal | None:
    """The scans of a lot so far; None before the first. One read by primary key."""
    row = connection.execute(select(ScanCount.scans, ScanCount.first_at).where(ScanCount.lot_key == lot_key)).first()
    return None if row is None else ScanTotal(row.scans, row.first_at)


class ScanLog:
    """A bounded buffer in this process; its own thread stores what waits, at the latest after a second.

    `add` never waits for the database. When the database is slow or gone and the buffer is full, scans are dropped
    and counted. The thread starts with the first scan, so a process may fork before that.
    """

    def __init__(self, database: Database, regions: RegionTable | None = None, *, limit: int = MOST_WAITING) -> None:
        self._database = database
        self._regions = regions or RegionTable()
        self._limit = limit
        self._waiting: deque[SeenScan] = deque()
        self._start = threading.Lock()
        self._flushing = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, scan: SeenScan) -> None:
        """Note a scan; dropped and counted when too many wait."""
        if self._closed or len(self._waiting) >= self._limit:
            self.dropped += 1
            return
        self._waiting.append(scan)
        if self._thread is None:
            self._begin()
        if len(self._waiting) == FLUSH_ROWS:
            self._wake.set()

    def flush(self) -> int:
        """Store what waits now, in transactions of 500 rows, and answer how many rows were stored.

        What could not be stored is put back in front.
        """
        stored = 0
        with self._flushing:
            for _ in range(len(self._waiting) // FLUSH_ROWS + 1):
                batch = [self._waiting.popleft() for _ in range(min(FLUSH_ROWS, len(self._waiting)))]
                if not batch:
                    break
                try:
                    with self._database.write() as session:
                        store_scans(session, batch, self._regions)
                except BaseException:
                    self._waiting.extendleft(reversed(batch))
                    raise
                stored += len(batch)
        return stored

    def close(self) -> None:
        """Store what waits and end the thread; scans after this are dropped."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None:
            atexit.unregister(self.close)
            if thread is not threading.current_thread():
                thread.join(timeout=5)
        self._try_flush()

    def _begin(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="scan-log", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _work(self) -> None:
        while not self._closed:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            self._try_flush()

    def _try_flush(self) -> None:
        try:
            self.flush()
        except Exception as error:  # the answer was given long ago; nothing but the count depends on it
            log.warning("scans could not be stored, %d wait: %s", len(self._waiting), type(error).__name__)
