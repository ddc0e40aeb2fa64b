"""What is counted of serial numbers and of doubts, how long it is kept, and what quality is told of it."""
from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories_trace import make_batch, make_hand
from tests.made_once import made_once
from traceapp.code.checking import KnownSerial, known_serial
from traceapp.code.counting import KEPT_DAYS, MOST_SERIALS_TOLD, StoredScan, count_scans, forget_old_scans
from traceapp.code.doubts import ABOUT_ALL, MANY, scan_tasks
from traceapp.code.model import ScanDoubt, SerialCount, SerialRange
from traceapp.code.policy import MOST_SIGHTINGS, MOST_TASKS_A_DAY, Doubt
from traceapp.code.scans import ScanLog, SeenScan
from traceapp.config import Settings
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.jobs.sweeps import sweeps, tell_of_doubts
from traceapp.trace.model import Lot
from traceapp.worklist.model import Task
from traceapp.worklist.tasks import complete_task, raise_task
from traceapp.world import build_world

LOT = "a" * 32


def scan(clock: FixedClock, serial: str = "K01", network: str = "203.0.113.0/24", *, lot: str = LOT, region: str = "",
         doubt: Doubt | None = None, is_known: bool = True) -> StoredScan:
    return StoredScan(lot, clock.now(), serial, network, region, doubt, is_known)


def counted(database: Database, *scans: StoredScan) -> None:
    with database.write() as session:
        count_scans(session, scans)


def given(database: Database, clock: FixedClock) -> None:
    """The serial numbers K00 to K99 of LOT."""
    with database.write() as session:
        session.add(SerialRange(lot_key=LOT, id="1", prefix="K", width=2, first=0, count=100, purpose="",
                                created_at=clock.now(), created_by="u"))


def known(database: Database, text: str = "K01") -> KnownSerial:
    with database.reading() as connection:
        return known_serial(connection, LOT, text)


def test_a_serial_number_counts_up_over_batches_and_remembers_where_it_was_seen_last(
        database: Database, clock: FixedClock) -> None:
    given(database, clock)
    counted(database, scan(clock, region="CN-JS"), scan(clock, "K02"), scan(clock, region="CN-JS"))
    clock.move_to(clock.now() + timedelta(hours=1))
    counted(database, scan(clock, network="198.51.100.0/24", region="DE"), scan(clock, region="CN-SH"))
    found = known(database)
    assert found.scans == 4
    assert {(one.network, one.region, one.at) for one in found.sightings} == {
        ("198.51.100.0/24", "DE", clock.now()), ("203.0.113.0/24", "CN-SH", clock.now())}
    assert known(database, "K02").scans == 1
    assert known(database, "K03") == KnownSerial(True)


def test_what_is_remembered_of_a_serial_number_is_bounded(database: Database, clock: FixedClock) -> None:
    given(database, clock)
    for number in range(3):
        counted(database, *(scan(clock, network=f"10.{number}.{part}.0/24") for part in range(50)))
    assert known(database).scans == 150
    assert len(known(database).sightings) == MOST_SIGHTINGS


def test_a_serial_number_that_was_never_given_out_leaves_no_count(database: Database, clock: FixedClock) -> None:
    counted(database, scan(clock, is_known=False, doubt=Doubt.unknown_serial))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SerialCount)) == 0


def test_where_a_serial_number_was_seen_is_forgotten_with_the_scans_and_its_count_stays(
        database: Database, clock: FixedClock) -> None:
    given(database, clock)
    counted(database, scan(clock), scan(clock, "K02"))
    clock.move_to(clock.now() + timedelta(days=KEPT_DAYS - 1))
    counted(database, scan(clock, network="198.51.100.0/24"))
    clock.move_to(clock.now() + timedelta(days=1, seconds=1))
    with database.write() as session:
        forget_old_scans(session, clock)
    assert (known(database).scans, [one.network for one in known(database).sightings]) == (2, ["198.51.100.0/24"])
    assert known(database, "K02") == KnownSerial(True, None, 1, ())


def test_the_log_counts_what_the_page_found(database: Database, clock: FixedClock) -> None:
    given(database, clock)
    log = ScanLog(database)
    log.add(SeenScan(LOT, clock.now(), "203.0.113.7", "zh", "K01", "CN-JS", None, True))
    log.add(SeenScan(LOT, clock.now(), "203.0.113.7", "zh", "X9", "", Doubt.unknown_serial))
    log.close()
    assert known(database).scans == 1
    with database.read() as session:
        (row,) = session.scalars(select(ScanDoubt))
    assert (row.reason, row.serial, row.scans) == ("unknown_serial", "X9", 1)


def doubts(database: Database) -> dict[tuple[str, str], int]:
    with database.read() as session:
        return {(row.reason, row.serial): row.scans for row in session.scalars(select(ScanDoubt))}


def test_doubts_count_up_by_reason_and_serial_number(database: Database, clock: FixedClock) -> None:
    for _ in range(2):
        counted(database, scan(clock, doubt=Doubt.far_apart), scan(clock, doubt=Doubt.too_often),
                scan(clock, "K02", doubt=Doubt.far_apart), scan(clock, "K02", doubt=Doubt.lot_too_often), scan(clock))
        clock.move_to(clock.now() - timedelta(hours=1))  # a batch that came late
    assert doubts(database) == {("far_apart", "K01"): 2, ("too_often", "K01"): 2, ("far_apart", "K02"): 2,
                                ("lot_too_often", ""): 2}
    with database.read() as session:
        row = session.get_one(ScanDoubt, (LOT, "far_apart", "K01"))
    assert row.last_at == clock.now() + timedelta(hours=2)


def test_made_up_serial_numbers_do_not_fill_the_table(database: Database, clock: FixedClock) -> None:
    for batch in range(3):
        counted(database, *(scan(clock, f"X{batch}{number:03}", doubt=Doubt.unknown_serial, is_known=False)
                            for number in range(80)))
    counted(database, scan(clock, "X0000", doubt=Doubt.unknown_serial, is_known=False))
    found = doubts(database)
    assert len(found) == MOST_SERIALS_TOLD + 1
    assert found["unknown_serial", "X0000"] == 2
    assert sum(found.values()) == 241


Raise = Callable[[], list[Task]]


@pytest.fixture
def told(database: Database, clock: FixedClock) -> Raise:
    """The sweep: raises what is due, answers what is new."""

    def sweep() -> list[Task]:
        with database.read() as session:
            wanted = scan_tasks(session, clock)
        with database.write() as session:
            return [raise_task(session, SYSTEM, clock, command) for command in wanted]

    return sweep


@pytest.fixture
def lot(database: Database, actor: Actor, clock: FixedClock) -> Lot:
    return made_once(database, clock, lambda session: make_batch(make_hand(session, actor, clock)))


def test_every_reason_raises_one_task_for_the_lot_however_many_scans(database: Database, clock: FixedClock, lot: Lot,
                                                                     told: Raise) -> None:
    counted(database, *(scan(clock, f"K{number}", lot=lot.lot_key, doubt=doubt) for doubt in Doubt
                        for number in range(20)))
    tasks = told()
    assert sorted(task.kind for task in tasks) == sorted(f"scan.{doubt}" for doubt in Doubt)
    assert {(task.about, task.role, task.lot_key, task.params["number"]) for task in tasks} == {
        (f"lot:{lot.lot_key}", "quality", lot.lot_key, "B1")}
    counted(database, scan(clock, lot=lot.lot_key, doubt=Doubt.too_often))
    assert told() == []


def test_a_task_comes_back_only_a_day_later_and_only_for_new_scans(database: Database, clock: FixedClock, lot: Lot,
                                                                   actor: Actor, told: Raise) -> None:
    def doubted() -> None:
        counted(database, scan(clock, lot=lot.lot_key, doubt=Doubt.far_apart))

    doubted()
    (task,) = told()
    clock.move_to(clock.now() + timedelta(hours=20))
    doubted()
    clock.move_to(clock.now() + timedelta(hours=1))
    with database.write() as session:
        complete_task(session, actor, clock, task.id, "looked into")
    clock.move_to(clock.now() + timedelta(hours=1))
    doubted()
    assert told() == []  # not within a day of the last
    clock.move_to(clock.now() + timedelta(hours=3))
    assert [one.kind for one in told()] == ["scan.far_apart"]


def test_scans_from_before_a_task_was_ended_do_not_raise_it_again(database: Database, clock: FixedClock, lot: Lot,
                                                                  actor: Actor, told: Raise) -> None:
    counted(database, scan(clock, lot=lot.lot_key, doubt=Doubt.far_apart))
    (task,) = told()
    clock.move_to(clock.now() + timedelta(hours=23))
    counted(database, scan(clock, lot=lot.lot_key, doubt=Doubt.far_apart))
    clock.move_to(clock.now() + timedelta(hours=2))
    with database.write() as session:
        complete_task(session, actor, clock, task.id, "looked into")
    assert told() == []


def test_whoever_scans_codes_of_many_lots_cannot_fill_the_work_list(database: Database, clock: FixedClock,
                                                                    told: Raise) -> None:
    lots = [f"{number:032d}" for number in range(2 * MOST_TASKS_A_DAY)]
    with database.write() as session:
        session.add_all(Lot(lot_key=key, uri=f"urn:x:{key}", number=key[-3:], started_at=clock.now(),
                            created_at=clock.now()) for key in lots)
    for _ in range(3):
        counted(database, *(scan(clock, lot=key, doubt=Doubt.unknown_serial, is_known=False) for key in lots))
        told()
        clock.move_to(clock.now() + timedelta(minutes=1))
    with database.read() as session:
        tasks = list(session.scalars(select(Task)))
    assert len(tasks) == MOST_TASKS_A_DAY + 1
    (rest,) = [task for task in tasks if task.kind == MANY]
    assert (rest.about, rest.params["count"]) == (ABOUT_ALL, MOST_TASKS_A_DAY)
    clock.move_to(clock.now() + timedelta(hours=23))
    counted(database, *(scan(clock, lot=key, doubt=Doubt.unknown_serial, is_known=False) for key in lots))
    clock.move_to(clock.now() + timedelta(hours=2))
    assert len(told()) == MOST_TASKS_A_DAY  # the rest, a day later


def test_the_sweep_raises_tasks_beside_the_scans(settings: Settings, database: Database, clock: FixedClock,
                                                 lot: Lot) -> None:
    world = build_world(settings, database=database, clock=clock)
    assert tell_of_doubts(world) == 0
    counted(database, scan(clock, lot=lot.lot_key, doubt=Doubt.bad_signature, is_known=False))
    assert (tell_of_doubts(world), tell_of_doubts(world)) == (1, 0)
    assert tell_of_doubts in {sweep.run for sweep in sweeps(threading.Event())}


def test_two_processes_that_count_the_same_codes_never_wait_for_each_other_in_a_circle(database: Database,
                                                                                       clock: FixedClock) -> None:
    troubles: list[BaseException] = []
    codes = [scan(clock, f"K{number:02}", lot=lot, doubt=doubt) for lot in ("b" * 32, LOT)
             for number in range(20) for doubt in (None, Doubt.far_apart)]

    def count(order: int) -> None:
        try:
            for _ in range(5):
                counted(database, *codes[::order])
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=count, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    with database.read() as session:
        assert session.scalar(select(func.sum(SerialCount.scans))) == 2 * 5 * len(codes)
        assert set(session.scalars(select(ScanDoubt.scans))) == {10}
