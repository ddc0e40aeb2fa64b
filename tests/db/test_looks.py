"""Connections for looking: they cannot write, and see what was committed the moment before."""
from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from traceapp.catalog.model import Party
from traceapp.catalog.parties import NewParty, create_party
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.db import database as module


def test_a_connection_for_looking_cannot_write(sqlite: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"), sqlite.reading() as connection:
        connection.execute(text("DELETE FROM party"))


def test_a_look_sees_what_was_committed_before_it(sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    for number in range(1, 4):
        with sqlite.write() as session:
            create_party(session, actor, clock, NewParty(f"P{number}", "厂", "Works"))
        with sqlite.reading() as connection:
            assert connection.scalar(text("SELECT COUNT(*) FROM party")) == number
    with sqlite.read() as session:
        assert session.query(Party).count() == 3


@pytest.mark.parametrize(("version", "is_mapped"), [((3, 53, 4), True), ((3, 40, 1), False)])
def test_the_file_is_mapped_only_by_a_sqlite_without_the_fault(sqlite: Database, monkeypatch: pytest.MonkeyPatch,
                                                              version: tuple[int, ...], is_mapped: bool) -> None:
    monkeypatch.setattr(module, "sqlite_wal_is_safe", lambda _: version >= (3, 51, 3))
    with sqlite.reading() as connection:
        assert (connection.exec_driver_sql("PRAGMA mmap_size").scalar_one() > 0) == is_mapped
    with sqlite.read() as session:
        assert session.connection().exec_driver_sql("PRAGMA mmap_size").scalar_one() == 0
