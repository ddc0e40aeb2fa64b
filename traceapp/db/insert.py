"""Adding a row unless it is already there, without an error that would end the transaction; and adding many."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .base import Base

_PART = 2000
# So few rows go to PostgreSQL in one statement, which is one way there and back; a COPY is two, and quicker by the row.
_FEW = 16
_GATHERED = "gathered_rows"
Values = tuple[Any, ...]
Converters = list[tuple[int, Callable[[Any], Any]]]
_known: dict[tuple[type[Base], tuple[str, ...], str], tuple[str, Converters]] = {}


def insert_if_new(session: Session, model: type[Base], values: Mapping[str, Any]) -> bool:
    """Whether the row was added; False when one with the same key stands there already.

    On PostgreSQL this waits for another writer of the same key to end, so the answer holds.
    """
    session.flush()
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = make(model).values(**values).on_conflict_do_nothing().returning(literal(1))
    return session.execute(added).first() is not None


def insert_missing(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add those of many rows whose key does not stand there already; all name the same columns."""
    session.flush()
    if rows:
        make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.connection().execute(make(model).on_conflict_do_nothing(), [dict(row) for row in rows])


def insert_rows(session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[Values],
                ready: str = "") -> None:
    """Add many rows, each with a value for each of `columns`, by the driver's own way for many rows. The values of the
    column `ready` are in the driver's form already, by `form_of`.

    Raises IntegrityError as any insert does. What waits in the session is not flushed before.
    """
    if not rows:
        return
    connection = session.connection()
    into, converters = _prepared(model, tuple(columns), connection.dialect)
    if ready:
        converters = [(position, convert) for position, convert in converters if columns[position] != ready]
    for start in range(0, len(rows), _PART):
        part = _converted(rows[start:start + _PART], converters)
        if len(rows) <= _FEW and _GATHERED in session.info:
            session.info[_GATHERED].append((into, part))
        elif connection.dialect.name == "postgresql":
            _hand_over(connection, into, part)
        else:
            connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({', '.join('?' * len(columns))})", part)  # noqa: S608


def insert_many(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add many rows by the names of their columns, which all have; what is not named is as the model says. What waits
    in the session is flushed before."""
    if not rows:
        return
    session.flush()
    names = tuple(rows[0])
    usual = {column.name: column.default for column in model.__table__.columns
             if column.name not in names and column.default is not None}
    more = [default.arg if default.is_scalar else default.arg(None)
            for default in usual.values()]
    insert_rows(session, model, (*names, *usual), [(*[row[name] for name in names], *more) for row in rows])


@contextmanager
def together(session: Session) -> Iterator[None]:
    """What the block adds by `insert_rows` goes to PostgreSQL in one statement at its end, where it is few rows: each
    statement is waited for. The block reads none of it. SQLite waits for nothing, and gets each at once."""
    if session.get_bind().dialect.name != "postgresql" or _GATHERED in session.info:
        yield
        return
    gathered: list[tuple[str, list[Values]]] = []
    session.info[_GATHERED] = gathered
    try:
        yield
    finally:
        del session.info[_GATHERED]
    _send_together(session.connection(), gathered)


def _send_together(connection: Connection, gathered: Sequence[tuple[str, list[Values]]]) -> None:
    if not gathered:
        return
    *first, last = [f"INSERT INTO {into} VALUES {_marks(rows)}" for into, rows in gathered]  # noqa: S608 - our names
    begin = ", ".join(f"part{place} AS ({statement})" for place, statement in enumerate(first))
    connection.exec_driver_sql(f"WITH {begin} {last}" if first else last,
                               tuple(value for _into, rows in gathered for row in rows for value in row))


def _marks(rows: Sequence[Values]) -> str:
    return ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))


def form_of(session: Session, model: type[Base], column: str) -> Callable[[Any], Any]:
    """What brings a value of the column into the driver's form, for values that stand in many rows."""
    _into, converters = _prepared(model, (column,), session.connection().dialect)
    return converters[0][1] if converters else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _prepared(model: type[Base], columns: tuple[str, ...], dialect: Dialect) -> tuple[str, Converters]:
    """Table and columns as they are written, and (position, converter) of each column that the driver wants in another
    form."""
    found = _known.get((model, columns, dialect.name))
    if found is None:
        table, quoted = model.__table__, dialect.identifier_preparer.quote
        into = f"{quoted(table.fullname)} ({', '.join(map(quoted, columns))})"  # type: ignore[attr-defined]
        processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]
        found = into, [(at, convert) for at, convert in enumerate(processors) if convert is not None]
        _known[model, columns, dialect.name] = found
    return found


def _converted(rows: Sequence[Values], converters: Converters) -> list[Values]:
    """The rows as the driver takes them. A value that stands many times in a column is converted once."""
    if not converters:
        return list(rows)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for position, convert in converters:
        column = columns[position]
        try:
            forms = {value: convert(value) for value in dict.fromkeys(column)}
            columns[position] = [forms[value] for value in column]
        except TypeError:  # a list or an object has no hash
            columns[position] = [convert(value) for value in column]
    return list(zip(*columns, strict=True))


def _hand_over(connection: Connection, into: str, rows: Sequence[Values]) -> None:
    if len(rows) > _FEW:
        _copy(connection, f"COPY {into} FROM STDIN", rows)
        return
    _send_together(connection, [(into, list(rows))])


def _copy(connection: Connection, statement: str, rows: Sequence[Values]) -> None:
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.IntegrityError as error:
        raise IntegrityError(statement, None, error, hide_parameters=True) from error
