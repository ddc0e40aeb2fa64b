"""Connections to PostgreSQL that died in the pool are replaced, and those that live are not asked each time."""
from __future__ import annotations

import pytest
from sqlalchemy import text

from traceapp.core.clock import monotonic_seconds
from traceapp.db import Database, liveness

PID = text("SELECT pg_backend_pid()")


def test_a_connection_that_the_server_ended_is_replaced_and_nobody_notices(postgresql: Database) -> None:
    with postgresql.engine.connect() as standing:
        with postgresql.read() as session:
            ended = session.scalar(PID)
        assert standing.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": ended}) is True
        with postgresql.write() as session:
            assert session.scalar(PID) != ended
        with postgresql.read() as session:
            assert session.scalar(PID) not in (ended, standing.scalar(PID))


def test_only_a_connection_that_waited_for_long_is_asked_whether_it_lives(
        postgresql: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, dialect = [], postgresql.engine.dialect
    monkeypatch.setattr(dialect, "do_ping", lambda driver: asked.append(type(dialect).do_ping(dialect, driver)))
    for seconds, times in ((0, 0), (4, 0), (6, 1)):
        with postgresql.read() as session:
            session.scalar(PID)
        used_at = monotonic_seconds()
        monkeypatch.setattr(liveness, "monotonic_seconds", lambda at=used_at + seconds: at)
        with postgresql.read() as session:
            session.scalar(PID)
        monkeypatch.setattr(liveness, "monotonic_seconds", monotonic_seconds)
        assert len(asked) == times
