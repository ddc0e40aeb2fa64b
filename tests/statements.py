"""What reaches a database: an SQLite one also past SQLAlchemy."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from traceapp.db import Database


@contextmanager
def traced(database: Database) -> Iterator[list[str]]:
    """Every statement that any connection of the database runs from here on."""
    seen: list[str] = []
    drivers: list[Any] = []

    def trace(driver: Any, *_: object) -> None:
        drivers.append(driver)
        driver.set_trace_callback(seen.append)

    engines = (database.engine, database.look_engine)
    for engine in engines:
        event.listen(engine, "checkout", trace)
    for connection in database._waiting:
        trace(connection.connection.driver_connection)
    yield seen
    for engine in engines:
        event.remove(engine, "checkout", trace)
    for driver in drivers:
        driver.set_trace_callback(None)


@contextmanager
def sent(database: Database) -> Iterator[list[str]]:
    """Every statement that is sent through SQLAlchemy's engine from here on, on either database."""
    seen: list[str] = []

    def note(_c: Any, _x: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
