"""Many rows by the driver's own way stand there as rows of objects would."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.statements import sent
from traceapp.complaint.clock_model import ServiceClock
from traceapp.db import Database, Taken
from traceapp.db.insert import insert_many, insert_rows, together
from traceapp.outbox.model import OutboxMessage
from traceapp.worklist.model import Task, TaskState

COLUMNS = ("id", "kind", "about", "lot_key", "params", "role", "created_at", "due_at", "state")
AT = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("number", [1, 16, 17, 40])
def test_few_rows_and_many_are_read_as_they_were_given(database: Database, number: int) -> None:
    rows = [(f"{at:032x}", "x.do", f"a:{at}", None if at % 2 else f"{at}", {"名": at, "list": [1]}, "quality", AT,
             AT + timedelta(seconds=at), TaskState.open) for at in range(number)]
    with database.write() as session:
        insert_rows(session, Task, COLUMNS, rows)
    with database.read() as session:
        found = session.execute(select(*(getattr(Task, name) for name in COLUMNS)).order_by(Task.id)).all()
    assert [tuple(row) for row in found] == rows


@pytest.mark.parametrize("number", [1, 40])
def test_a_row_that_is_there_already_is_refused_with_all_that_came_with_it(database: Database, number: int) -> None:
    rows = [(f"{at:032x}", "x.do", f"a:{at}", None, {}, "quality", AT, AT, "open") for at in range(number)]
    with database.write() as session:
        insert_rows(session, Task, COLUMNS, rows[-1:])
    with pytest.raises(Taken), database.write() as session:
        insert_rows(session, Task, COLUMNS, rows)
    with database.read() as session:
        assert len(session.scalars(select(Task.id)).all()) == 1


CLOCKS = ("complaint_id", "kind", "round", "started_at", "due_at")


def a_task(at: int) -> tuple[Any, ...]:
    return (f"{at:032x}", "x.do", f"a:{at}", None, {"名": at}, "quality", AT, AT, TaskState.open)


@pytest.mark.parametrize("number", [1, 40])
def test_rows_of_several_tables_go_together_and_are_read_as_they_were_given(database: Database, number: int) -> None:
    clocks = [(f"c{at}", "triage", 1, AT, AT) for at in range(number)]
    with sent(database) as seen, database.write() as session:
        with together(session):
            insert_rows(session, ServiceClock, CLOCKS, clocks)
            with together(session):
                insert_rows(session, Task, COLUMNS, [a_task(1), a_task(2)])
            insert_rows(session, Task, COLUMNS, [a_task(3)])
        insert_rows(session, Task, COLUMNS, [a_task(4)])
    with database.read() as session:
        found = session.execute(select(*(getattr(Task, name) for name in COLUMNS)).order_by(Task.id)).all()
        assert [tuple(row) for row in found] == [a_task(at) for at in (1, 2, 3, 4)]
        assert len(session.scalars(select(ServiceClock.complaint_id)).all()) == number
    if not database.is_sqlite:  # many rows go by COPY, past the engine
        assert len([statement for statement in seen if "INSERT" in statement]) == 2


def test_of_rows_that_go_together_none_stands_where_one_is_refused_or_the_block_fails(database: Database) -> None:
    with pytest.raises(Taken), database.write() as session, together(session):
        insert_rows(session, Task, COLUMNS, [a_task(1)])
        insert_rows(session, Task, COLUMNS, [a_task(2), a_task(2)])
    with pytest.raises(ZeroDivisionError), database.write() as session, together(session):
        insert_rows(session, Task, COLUMNS, [a_task(1)])
        raise ZeroDivisionError
    with database.read() as session:
        assert session.scalars(select(Task.id)).all() == []


@pytest.mark.parametrize("number", [0, 3, 40])
def test_what_is_not_named_of_many_rows_is_as_the_model_says(database: Database, number: int) -> None:
    named = [{"id": f"{at:032x}", "kind": "recall.notice", "recipient": "contact:1", "subject_key": f"notice:{at}",
              "message_id": f"<{at}@here>", "payload": {"名": at}, "created_at": AT, "due_at": AT} for at in range(number)]
    with database.write() as session:
        insert_many(session, OutboxMessage, named)
    with database.read() as session:
        found = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
        assert [{name: getattr(row, name) for name in named[0]} for row in found] == named if number else found == []
        assert {(row.state, row.attempts, row.done_at) for row in found} == ({("pending", 0, None)} if number else set())
