"""Every row of every table as lines of JSON, the same on both databases; and back into an empty database."""
from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Text, bindparam, func, insert, select, type_coerce
from sqlalchemy.orm import Session

from traceapp.core.errors import Conflict, InvalidInput

from .base import Base
from .types import Amount, JsonText, UtcTime

_BATCH = 1000


def table_names() -> list[str]:
    """The tables in an order in which rows can be added."""
    return [table.name for table in Base.metadata.sorted_tables]


def dump_table(session: Session, name: str) -> Iterator[str]:
    """One JSON list a row, values as the database keeps them: times as ISO text, amounts as whole millionths.

    Needs `Database.snapshot()`, so that all tables show the same moment.
    """
    table = Base.metadata.tables[name]
    statement = select(*(_stored(column) for column in table.columns)).order_by(*table.primary_key.columns)
    for row in session.execute(statement.execution_options(yield_per=_BATCH)):
        yield json.dumps([value.isoformat() if isinstance(value, date | datetime) else value for value in row],
                         ensure_ascii=False, separators=(",", ":"))


def _stored(column: Column[Any]) -> Any:
    if isinstance(column.type, JsonText):
        return type_coerce(column, Text)
    if isinstance(column.type, Amount):
        return type_coerce(column, BigInteger)
    return column


def load_table(session: Session, name: str, lines: IO[str]) -> int:
    """Add the rows of `dump_table`; answers how many. Raises InvalidInput for a line that does not fit the table."""
    table = Base.metadata.tables[name]
    columns = list(table.columns)
    count = 0
    batch: list[dict[str, Any]] = []
    statement = insert(table).values({column.name: _raw_bind(column) for column in columns})
    for line in lines:
        values = json.loads(line)
        if len(values) != len(columns):
            raise InvalidInput("A row of %(table)s has %(found)s values, not %(wanted)s.", place=f"{name}:{count + 1}",
                               table=name, found=len(values), wanted=len(columns))
        batch.append({f"v_{column.name}": _value(column, value) for column, value in zip(columns, values, strict=True)})
        count += 1
        if len(batch) == _BATCH:
            session.execute(statement, batch)
            batch = []
    if batch:
        session.execute(statement, batch)
    return count


def _raw_bind(column: Column[Any]) -> Any:
    kind: Any = column.type
    if isinstance(kind, JsonText):
        kind = Text()
    elif isinstance(kind, Amount):
        kind = BigInteger()
    return bindparam(f"v_{column.name}", type_=kind)


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    if isinstance(column.type, Boolean):
        return bool(value)
    return value


def require_empty(session: Session) -> None:
    """Raises Conflict naming the first table that holds rows: a restore never mixes with what is there."""
    for table in Base.metadata.sorted_tables:
        if session.scalar(select(func.count()).select_from(table)):
            raise Conflict("The database is not empty (%(table)s has rows). Restore into a new, empty database.",
                           code="not-empty", table=table.name)
