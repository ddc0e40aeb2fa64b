"""Many texts as one parameter of a statement, on both databases."""
from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Select, insert, select

from traceapp.db import Database
from traceapp.db.among import among, among_few
from traceapp.trace.model import SeenEvent

FOUND, FOUND_FEW = (select(SeenEvent.id).where(one_of(SeenEvent.name, "names")) for one_of in (among, among_few))
NAMES = ["urn:x:1", 'urn:x:"2"', "urn:x:三", "{a,b}", "\\N"]


@pytest.mark.parametrize("statement", [FOUND, FOUND_FEW])
def test_the_rows_of_the_texts_are_found_and_no_others(database: Database, statement: Select[Any]) -> None:
    with database.write() as session:
        session.connection().execute(insert(SeenEvent), [
            {"name": name, "subject_key": "s", "id": str(number)} for number, name in enumerate([*NAMES, "other"])])
    with database.read() as session:
        found = session.connection().scalars(statement, {"names": [*NAMES, "urn:x:absent"]}).all()
        assert sorted(found) == [str(number) for number in range(len(NAMES))]
        assert session.connection().scalars(statement, {"names": []}).all() == []


@pytest.mark.parametrize("wanted", [FOUND, FOUND_FEW])
def test_sqlite_looks_the_texts_up_in_the_key(sqlite: Database, wanted: Select[Any]) -> None:
    statement = str(wanted.compile(dialect=sqlite.engine.dialect))
    with sqlite.reading() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ('["a"]',))]
    assert plan[0] == "SEARCH seen_event USING PRIMARY KEY (name=?)"


@pytest.mark.postgres
def test_postgresql_plans_once_for_a_handful_of_texts(postgresql: Database) -> None:
    with postgresql.write() as session:
        session.connection().execute(insert(SeenEvent), [
            {"name": f"urn:x:{number}", "subject_key": "s", "id": str(number)} for number in range(2000)])
    with postgresql.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE seen_event")
        for time in range(30):
            assert connection.scalars(FOUND_FEW, {"names": [f"urn:x:{time}"]}).all() == [str(time)]
        made = connection.exec_driver_sql("SELECT custom_plans, generic_plans FROM pg_prepared_statements "
                                          "WHERE starts_with(statement, 'SELECT seen_event.id')").one()
    assert made.custom_plans == 5 and made.generic_plans > 10
