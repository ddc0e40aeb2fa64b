"""Work rows: claimed by one worker at a time, done once, never lost."""
from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.jobs.working import work_off
from traceapp.worklist.model import WorkRow
from traceapp.worklist.work import (
    LeaseLost,
    add_work,
    claim_work,
    fail_work,
    finish_work,
    has_work,
    open_work,
    purge_work,
    take_work,
)


def added(database: Database, clock: FixedClock, number: int) -> None:
    with database.write() as session:
        for position in range(number):
            add_work(session, clock, "surveillance.rescore", f"lot-{position}")


def claimed(database: Database, clock: FixedClock, limit: int = 10, lease: int = 30) -> list[WorkRow]:
    with database.write() as session:
        return claim_work(session, clock, "surveillance.rescore", limit, lease)


def test_work_is_claimed_oldest_first_and_only_its_kind(database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        add_work(session, clock, "other", "x", {"a": 1})
    added(database, clock, 3)
    assert len(claimed(database, clock, limit=2)) == 2
    assert len(claimed(database, clock)) == 1
    with database.read() as session:
        assert open_work(session) == {"other": 1, "surveillance.rescore": 3}


@pytest.mark.postgres
def test_open_work_is_found_past_all_that_was_done_also_where_nothing_was_counted_since(
        postgresql: Database, clock: FixedClock) -> None:
    added(postgresql, clock, 3000)
    with postgresql.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE work_row")  # as a database was seen in which much work waited
        connection.commit()
    with postgresql.write() as session:
        session.execute(update(WorkRow).values(done_at=clock.now()))
    clock.move_to(clock.now() + timedelta(hours=1))
    added(postgresql, clock, 1)
    plans: list[str] = []

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        cursor.execute(f"EXPLAIN {statement}", parameters)
        plans.extend(row[0] for row in cursor.fetchall())

    event.listen(postgresql.engine, "before_cursor_execute", explain)
    with postgresql.read() as session:
        assert has_work(session, clock, "surveillance.rescore")
    with postgresql.write() as session:
        assert take_work(session, clock, "surveillance.rescore") is not None
    event.remove(postgresql.engine, "before_cursor_execute", explain)
    reads = [line for line in plans if " on work_row open_work" in line]
    assert len(reads) == 2 and all("ix_work_row_open" in line for line in reads)


def test_a_held_row_is_not_claimed_again_until_its_lease_ends(database: Database, clock: FixedClock) -> None:
    added(database, clock, 1)
    assert len(claimed(database, clock, lease=30)) == 1
    clock.move_to(clock.now() + timedelta(seconds=29))
    assert claimed(database, clock) == []
    clock.move_to(clock.now() + timedelta(seconds=1))
    (row,) = claimed(database, clock)
    assert row.attempts == 2


def test_a_worker_whose_lease_was_taken_over_cannot_finish(database: Database, clock: FixedClock) -> None:
    added(database, clock, 1)
    (slow,) = claimed(database, clock, lease=1)
    clock.move_to(clock.now() + timedelta(seconds=2))
    (quick,) = claimed(database, clock)
    with pytest.raises(LeaseLost), database.write() as session:
        finish_work(session, clock, slow)
    with database.write() as session:
        finish_work(session, clock, quick)
    with pytest.raises(LeaseLost), database.write() as session:
        finish_work(session, clock, quick)
    clock.move_to(clock.now() + timedelta(days=1))
    assert claimed(database, clock) == []


def test_failed_work_comes_back_later_each_time_and_is_never_given_up(database: Database, clock: FixedClock) -> None:
    added(database, clock, 1)
    waits = []
    for _ in range(14):
        (row,) = claimed(database, clock, lease=1)
        with database.write() as session:
            fail_work(session, clock, row, "x" * 9000)
        with database.read() as session:
            stored = session.get_one(WorkRow, row.id)
            assert stored.lease_until is not None
            waits.append((stored.lease_until - clock.now()).total_seconds())
            assert len(stored.error or "") == 500
            clock.move_to(stored.lease_until)
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == 3600


def test_two_workers_at_once_never_hold_the_same_row(database: Database, clock: FixedClock) -> None:
    added(database, clock, 40)
    taken: list[str] = []
    both = threading.Barrier(2)

    def work() -> None:
        both.wait()
        while rows := claimed(database, clock, limit=3):
            taken.extend(row.id for row in rows)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len(set(taken)) == 40


def test_work_of_a_transaction_that_failed_never_existed(database: Database, clock: FixedClock) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        add_work(session, clock, "surveillance.rescore", "lot")
        raise RuntimeError
    assert claimed(database, clock) == []


def test_only_done_rows_are_purged(database: Database, clock: FixedClock) -> None:
    added(database, clock, 2)
    (row,) = claimed(database, clock, limit=1)
    with database.write() as session:
        finish_work(session, clock, row)
    with database.write() as session:
        assert purge_work(session, clock.now()) == 0
        assert purge_work(session, clock.now() + timedelta(seconds=1)) == 1
    with database.read() as session:
        assert open_work(session) == {"surveillance.rescore": 1}


def test_a_piece_that_failed_is_as_it_was_and_its_try_is_counted_when_it_is_put_off(
        database: Database, clock: FixedClock) -> None:
    added(database, clock, 1)
    with pytest.raises(RuntimeError), database.write() as session:
        piece = take_work(session, clock, "surveillance.rescore")
        assert piece is not None and piece.attempts == 0
        raise RuntimeError
    with database.write() as session:
        fail_work(session, clock, piece, "RuntimeError")
    with database.write() as session:
        assert take_work(session, clock, "surveillance.rescore") is None
        clock.move_to(clock.now() + timedelta(seconds=2))
        again = take_work(session, clock, "surveillance.rescore")
        assert again is not None and (again.id, again.attempts) == (piece.id, 1)
    with pytest.raises(LeaseLost), database.write() as session:
        fail_work(session, clock, piece, "RuntimeError")
    assert claimed(database, clock) == []


def test_two_workers_at_once_do_each_piece_once_also_where_the_first_try_of_some_fails(
        database: Database, clock: FixedClock) -> None:
    added(database, clock, 20)
    both, done, failed = threading.Barrier(2), [], set()

    def act(_session: object, subject: str) -> None:
        if subject.endswith("7") and subject not in failed:
            failed.add(subject)
            raise RuntimeError
        done.append(subject)

    def work() -> None:
        both.wait()
        work_off(database, clock, "surveillance.rescore", 50, act)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with database.read() as session:
        open_rows = {row.subject_key: row.attempts for row in session.scalars(
            select(WorkRow).where(WorkRow.done_at.is_(None)))}
    # A failed one may have been taken by the other worker before it was put off; then it was done there.
    assert set(open_rows) <= failed and all(tries == 1 for tries in open_rows.values())
    assert sorted(done) == sorted(f"lot-{number}" for number in range(20) if f"lot-{number}" not in open_rows)
