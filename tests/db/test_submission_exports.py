"""Exports are recorded, found by their hash, and cannot be unrecorded."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.submission.model import ExportRecord
from traceapp.submission.service import ExportFilter, RecordExport, export_page, exports_of_hash, record_export

REGULATOR = Actor(id="u-regulator", role="regulator")


def recorded(database: Database, clock: FixedClock, actor: Actor, digest: str) -> ExportRecord:
    with database.write() as session:
        return record_export(session, actor, clock, RecordExport(
            "adverse_events", "csv", 12, digest, {"since": clock.now(), "lot": "A2231"}))


def test_an_export_says_who_took_what_and_is_found_by_its_hash(database: Database, clock: FixedClock) -> None:
    recorded(database, clock, REGULATOR, "a" * 64)
    clock.move_to(clock.now() + timedelta(hours=1))
    recorded(database, clock, Actor(id="u-other", role="quality"), "b" * 64)
    with database.read() as session:
        page = export_page(session, ExportFilter())
        assert [row.sha256[0] for row in page.rows] == ["b", "a"]
        (mine,) = export_page(session, ExportFilter(actor_id=REGULATOR.id)).rows
        assert (mine.actor_role, mine.rows, mine.filters["lot"]) == ("regulator", 12, "A2231")
        assert [row.id for row in exports_of_hash(session, "A" * 64)] == [mine.id]
        assert exports_of_hash(session, "c" * 64) == []
        assert export_page(session, ExportFilter(since=clock.now())).total == 1
        assert export_page(session, ExportFilter(kind="recalls")).total == 0


@pytest.mark.parametrize("statement", [update(ExportRecord).values(rows=0), delete(ExportRecord)])
def test_a_record_of_an_export_cannot_be_changed_or_removed(
        database: Database, clock: FixedClock, statement: object) -> None:
    recorded(database, clock, REGULATOR, "a" * 64)
    with pytest.raises(DBAPIError), database.write() as session:
        session.execute(statement)
