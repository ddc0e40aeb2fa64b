"""Many rows by the driver's own way stand there as rows of objects would."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from traceapp.db import Database, Taken
from traceapp.db.insert import insert_rows
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
