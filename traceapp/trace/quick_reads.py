"""Statements straight to the driver, for the hottest reads: describing forty columns anew takes longer than reading
them. Also what drivers hand over, in one form."""
from __future__ import annotations

from datetime import UTC, date, datetime
from json import JSONDecoder
from typing import Any

from sqlalchemy import Connection

_decode = JSONDecoder().raw_decode


def rows(connection: Connection, statement: str, parameters: Any) -> list[Any]:
    """All rows of a statement as the driver writes it."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def listed(value: Any) -> list[Any]:
    """A JSON list: as text, as a list, or nothing."""
    if not value or value == "[]":
        return []
    return _decode(value)[0] if isinstance(value, str) else value


def moment(value: Any) -> datetime | None:
    """A time: as text, which is in UTC (see UtcTime), as a time of any zone, or nothing."""
    if value is None:
        return None
    return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


def day(value: Any) -> date | None:
    """A date: as text, as a date, or nothing."""
    return date.fromisoformat(value) if isinstance(value, str) else value
