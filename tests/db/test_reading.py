"""Bare connections for looks: used again on SQLite, never with what an earlier look saw, never after an error."""
from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.worklist.model import WorkRow
from traceapp.worklist.work import add_work


def rows_seen(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {WorkRow.__tablename__}").scalar_one())


def test_each_look_sees_what_was_committed_before_it(database: Database, clock: FixedClock) -> None:
    for number in range(3):
        assert rows_seen(database) == number
        with database.write() as session:
            add_work(session, clock, "test", f"about:{number}")


def test_a_connection_is_used_again_and_no_more_are_kept_than_were_needed_at_once(sqlite: Database) -> None:
    with sqlite.reading() as first:
        pass
    with sqlite.reading() as again, sqlite.reading() as other:
        assert again is first
        assert other is not first
        assert not other.closed
    assert len(sqlite._waiting) == 2


def test_after_an_error_a_connection_is_not_used_again(database: Database) -> None:
    with pytest.raises((OperationalError, ProgrammingError)), database.reading() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert connection.closed
    assert rows_seen(database) == 0


def test_many_threads_look_at_once_and_the_rest_of_the_connections_goes_back(sqlite: Database) -> None:
    together = threading.Barrier(12)
    seen: list[int] = []

    def look() -> None:
        with sqlite.reading() as connection:
            together.wait(10)
            seen.append(connection.exec_driver_sql("SELECT 1").scalar_one())

    threads = [threading.Thread(target=look) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert seen == [1] * 12
    assert len(sqlite._waiting) == 8
    sqlite.close()
    assert sqlite._waiting == []
