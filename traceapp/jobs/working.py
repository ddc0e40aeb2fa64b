"""Doing the open work of a kind, piece by piece."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.db import Database
from traceapp.worklist.work import LeaseLost, Piece, fail_work, has_work, take_work

log = structlog.get_logger()


def work_off(database: Database, clock: Clock, kind: str, limit: int, act: Callable[[Session, str], object]) -> int:
    """How many open rows of a kind were taken: for each, `act` in one transaction with the mark that it is done."""
    for done in range(limit):
        if not _may_find(database, clock, kind) or not _work_one(database, clock, kind, act):
            return done
    return limit


def _may_find(database: Database, clock: Clock, kind: str) -> bool:
    """Whether taking is worth it: on SQLite whoever takes is the only writer, so a look goes before, for which nobody
    waits. On PostgreSQL taking nothing writes nothing, and costs as much as a look."""
    if not database.is_sqlite:
        return True
    with database.reading() as connection:
        return has_work(connection, clock, kind)


def _work_one(database: Database, clock: Clock, kind: str, act: Callable[[Session, str], object]) -> bool:
    piece: Piece | None = None
    try:
        with database.write() as session:
            piece = take_work(session, clock, kind)
            if piece is None:
                return False
            act(session, piece.subject_key)
    except Exception as error:
        if piece is None:
            raise
        log.exception("work_failed", kind=kind, work=piece.id)
        # Another worker may have taken it up meanwhile; then it is for that one to tell how it went.
        with suppress(LeaseLost), database.write() as session:
            fail_work(session, clock, piece, type(error).__name__)
    return True
