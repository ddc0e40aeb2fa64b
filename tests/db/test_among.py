"""Many texts as one parameter of a statement, on both databases."""
from __future__ import annotations

from sqlalchemy import insert, select

from traceapp.db import Database
from traceapp.db.among import among
from traceapp.trace.model import SeenEvent

FOUND = select(SeenEvent.id).where(among(SeenEvent.name, "names"))
NAMES = ["urn:x:1", 'urn:x:"2"', "urn:x:三", "{a,b}", "\\N"]


def test_the_rows_of_the_texts_are_found_and_no_others(database: Database) -> None:
    with database.write() as session:
        session.connection().execute(insert(SeenEvent), [
            {"name": name, "subject_key": "s", "id": str(number)} for number, name in enumerate([*NAMES, "other"])])
    with database.read() as session:
        found = session.connection().scalars(FOUND, {"names": [*NAMES, "urn:x:absent"]}).all()
        assert sorted(found) == [str(number) for number in range(len(NAMES))]
        assert session.connection().scalars(FOUND, {"names": []}).all() == []


def test_sqlite_looks_the_texts_up_in_the_key(sqlite: Database) -> None:
    statement = str(FOUND.compile(dialect=sqlite.engine.dialect))
    with sqlite.reading() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ('["a"]',))]
    assert plan[0] == "SEARCH seen_event USING PRIMARY KEY (name=?)"
