"""Scans: cut to the network, counted up, forgotten after thirty days; never in the way of the answer."""
from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from traceapp.code.counting import KEPT_DAYS, forget_old_scans
from traceapp.code.model import Scan, ScanDay
from traceapp.code.policy import is_unusual
from traceapp.code.regions import read_regions
from traceapp.code.scans import FLUSH_ROWS, ScanLog, SeenScan, scan_total
from traceapp.core.clock import FixedClock
from traceapp.core.networks import network_of
from traceapp.db import Database


def rows(database: Database) -> list[Scan]:
    with database.read() as session:
        return list(session.scalars(select(Scan).order_by(Scan.scanned_at, Scan.id)))


REGIONS = read_regions("203.0.113.0/24,CN-JS")


def flushed(database: Database, *scans: SeenScan) -> None:
    log = ScanLog(database, REGIONS)
    for scan in scans:
        log.add(scan)
    log.close()


@pytest.mark.parametrize(("address", "network"), [
    ("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
    ("::ffff:203.0.113.77", "203.0.113.0/24"), ("fe80::1%eth0", "fe80::/48"), ("unknown", ""), ("", "")])
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.text(max_size=60))
def test_no_text_instead_of_an_address_breaks_the_log(address: str) -> None:
    assert len(network_of(address)) <= 50


def test_a_scan_is_stored_without_the_last_part_of_its_address(database: Database, clock: FixedClock) -> None:
    flushed(database, SeenScan("lot-1", clock.now(), "203.0.113.77", "zh", "S1"))
    (row,) = rows(database)
    assert (row.lot_key, row.network, row.language, row.serial) == ("lot-1", "203.0.113.0/24", "zh", "S1")
    assert row.scanned_at == clock.now()


def test_a_scan_keeps_the_region_that_was_named_else_that_of_its_network(database: Database, clock: FixedClock) -> None:
    flushed(database, SeenScan("lot-1", clock.now(), "203.0.113.77"),
            SeenScan("lot-2", clock.now(), "203.0.113.77", region="DE"), SeenScan("lot-3", clock.now(), "198.51.100.1"))
    assert {row.lot_key: row.region for row in rows(database)} == {"lot-1": "CN-JS", "lot-2": "DE", "lot-3": ""}


def test_scans_count_up_by_the_day_of_people_not_of_utc(database: Database, clock: FixedClock) -> None:
    evening = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)
    flushed(database, SeenScan("lot-1", evening), SeenScan("lot-1", evening + timedelta(minutes=1)))
    flushed(database, SeenScan("lot-1", evening), SeenScan("lot-2", evening))
    with database.read() as session:
        found = {(row.lot_key, row.day): row.scans for row in session.scalars(select(ScanDay))}
    assert found == {("lot-1", date(2026, 11, 22)): 2, ("lot-1", date(2026, 11, 23)): 1, ("lot-2", date(2026, 11, 22)): 1}


def test_scans_of_many_batches_count_up_and_keep_the_first_time(database: Database, clock: FixedClock) -> None:
    first = clock.now()
    flushed(database, SeenScan("lot-1", first), SeenScan("lot-2", first), SeenScan("lot-1", first))
    flushed(database, SeenScan("lot-1", first + timedelta(hours=1)))
    with database.reading() as connection:
        total = scan_total(connection, "lot-1")
        assert total is not None
        assert (total.scans, total.first_at) == (3, first)
        assert scan_total(connection, "never") is None


def test_scans_older_than_thirty_days_go_and_the_count_stays(database: Database, clock: FixedClock) -> None:
    flushed(database, SeenScan("lot-1", clock.now() - timedelta(days=KEPT_DAYS, seconds=1)),
            SeenScan("lot-1", clock.now() - timedelta(days=KEPT_DAYS)))
    with database.write() as session:
        assert forget_old_scans(session, clock) == 1
    assert len(rows(database)) == 1
    assert KEPT_DAYS <= 31
    with database.reading() as connection:
        total = scan_total(connection, "lot-1")
    assert total is not None
    assert total.scans == 2


def test_more_rows_than_one_transaction_takes_are_all_stored(sqlite: Database, clock: FixedClock) -> None:
    flushed(sqlite, *(SeenScan("lot-1", clock.now()) for _ in range(2 * FLUSH_ROWS + 7)))
    assert len(rows(sqlite)) == 2 * FLUSH_ROWS + 7


def test_a_full_buffer_drops_and_counts(sqlite: Database, clock: FixedClock) -> None:
    log = ScanLog(sqlite, limit=2)
    with sqlite.exclusive():
        for _ in range(5):
            log.add(SeenScan("lot-1", clock.now()))
        assert log.dropped >= 1
    log.close()
    assert len(rows(sqlite)) + log.dropped == 5


def test_adding_does_not_wait_for_a_writer(sqlite: Database, clock: FixedClock) -> None:
    log = ScanLog(sqlite)
    free = threading.Event()

    def write_for_long() -> None:
        with sqlite.write():
            free.wait(5)

    writer = threading.Thread(target=write_for_long)
    writer.start()
    began = time.monotonic()
    for _ in range(1000):
        log.add(SeenScan("lot-1", clock.now()))
    took = time.monotonic() - began
    free.set()
    writer.join()
    log.close()
    assert took < 1
    assert len(rows(sqlite)) == 1000


def test_scans_are_stored_within_about_a_second_by_themselves(sqlite: Database, clock: FixedClock) -> None:
    log = ScanLog(sqlite)
    log.add(SeenScan("lot-1", clock.now()))
    end = time.monotonic() + 5
    while not rows(sqlite) and time.monotonic() < end:
        time.sleep(0.05)
    log.close()
    assert len(rows(sqlite)) == 1


def test_what_could_not_be_stored_waits_in_its_order(sqlite: Database, clock: FixedClock,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    log = ScanLog(sqlite)
    monkeypatch.setattr("traceapp.code.scans.store_scans", _broken)
    log.add(SeenScan("lot-1", clock.now()))
    log.add(SeenScan("lot-2", clock.now() + timedelta(seconds=1)))
    with pytest.raises(RuntimeError):
        log.flush()
    assert len(log) == 2
    monkeypatch.undo()
    log.close()
    assert [row.lot_key for row in rows(sqlite)] == ["lot-1", "lot-2"]


def _broken(*_: object) -> None:
    raise RuntimeError("the disk is full")


@pytest.mark.parametrize(("scans", "made", "expected"), [
    (199, "1", False), (200, "1", True), (20_000, "1000", False), (20_001, "1000", True), (5_000, "0", True)])
def test_scans_are_unusual_only_far_beyond_the_packs(scans: int, made: str, expected: bool) -> None:
    assert is_unusual(scans, Decimal(made)) is expected
