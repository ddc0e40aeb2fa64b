"""The statements of a walk: lots, lines, and the lines of many lots drawn together by the database.

Nearly every line says what a lot was made into, and of several such lines between a level and one lot only the earliest
counts (upstream the latest). The database finds it, so that a walk handles lots and not lines.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection

from .many_keys import in_parts
from .period import Bounds, bounds_of
from .quick_reads import rows

_AT_ONCE = 4000
KEY = re.compile(r"[0-9a-f]{1,32}", re.ASCII)
LOT_COLUMNS = ("l.lot_key, l.uri, l.number, l.name, l.item_kind, l.product_id, l.unit, l.made, "
               "l.made + l.returned - l.consumed - l.shipped - l.sampled - l.lost, l.shipped - l.returned, "
               "l.started_at, l.expires_on, l.origin, l.is_own, l.release_state, l.is_on_hold, l.is_recalled")
_LOTS = "SELECT {columns} FROM lot l WHERE l.lot_key {among}"
_EDGE = "e.lot_key, e.other_key, e.at, e.until, e.kind"
_LINES = "SELECT {columns} FROM lot_edge e WHERE e.lot_key {among} AND e.direction = '{direction}'"
_OTHERS = "SELECT DISTINCT e.other_key FROM lot_edge e WHERE e.lot_key {among} AND e.direction = '{direction}'"
_AMONG = {True: "IN (SELECT value FROM json_each(?))", False: "= ANY(%s::varchar[])"}
_PACKED = " AND e.kind <> 'made'"
# SQLite is given one list of texts, times of 32 characters before the key: taking lists apart would cost it more.
_EARLIEST = {
    True: ("SELECT e.other_key, e.kind = 'made', MIN(e.at) "
           "FROM json_each(?) k CROSS JOIN lot_edge e ON e.lot_key = substr(k.value, 65) AND e.direction = 'down' "
           "WHERE e.kind <> 'made' OR e.at >= substr(k.value, 1, 32) OR e.at < substr(k.value, 33, 32) "
           "GROUP BY e.other_key, e.kind = 'made'"),
    False: ("SELECT e.other_key, e.kind = 'made', MIN(e.at) "
            "FROM unnest(%s::timestamptz[], %s::timestamptz[], %s::varchar[]) AS k(low, started, lot_key) "
            "JOIN lot_edge e ON e.lot_key = k.lot_key AND e.direction = 'down' "
            "WHERE e.kind <> 'made' OR e.at >= k.low OR e.at < k.started GROUP BY e.other_key, e.kind = 'made'")}
_LATEST = {
    True: ("SELECT e.other_key, e.kind = 'made', MAX(e.at), MIN(e.at) "
           "FROM json_each(?) k CROSS JOIN lot_edge e ON e.lot_key = substr(k.value, 65) AND e.direction = 'up' "
           "WHERE e.kind <> 'made' OR e.at <= substr(k.value, 1, 32) GROUP BY e.other_key, e.kind = 'made'"),
    False: ("SELECT e.other_key, e.kind = 'made', MAX(e.at), MIN(e.at) "
            "FROM unnest(%s::timestamptz[], %s::varchar[]) AS k(high, lot_key) "
            "JOIN lot_edge e ON e.lot_key = k.lot_key AND e.direction = 'up' "
            "WHERE e.kind <> 'made' OR e.at <= k.high GROUP BY e.other_key, e.kind = 'made'")}


class Reads:
    """The statements of one walk, for many lots at a time, on either database. Rows are as the driver gives them; a
    line is `(lot, other lot, at, until, kind)`, and with amounts also `(…, event, quantity, unit)`."""

    def __init__(self, connection: Connection, direction: str, *, with_amounts: bool) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name != "postgresql"
        among = _AMONG[self._is_sqlite]
        self._lines = _LINES.format(columns=_EDGE + (", e.event_id, e.quantity, e.unit" if with_amounts else ""),
                                    among=among, direction=direction)
        self._others = _OTHERS.format(among=among, direction=direction)
        self._lots = _LOTS.format(columns=LOT_COLUMNS, among=among)
        self.bounds: Bounds = bounds_of(is_sqlite=self._is_sqlite)

    def lots(self, keys: list[str]) -> Iterator[Any]:
        """The rows of these lots."""
        return self._by_keys(self._lots, keys)

    def lines(self, keys: list[str], *, only_packed: bool = False) -> list[Any]:
        """The lines that begin at these lots in the direction, `only_packed`: those of what was packed."""
        return list(self._by_keys(self._lines + _PACKED * only_packed, keys))

    def others(self, keys: list[str]) -> Iterator[str]:
        """The lots at the far ends of all lines, some more than once."""
        return (row[0] for row in self._by_keys(self._others, keys))

    def earliest(self, asked: list[tuple[Any, Any, str]]) -> list[Any]:
        """For lots, each after the moment from which the root is in it and that at which it began: `(other lot, true,
        earliest moment at which something of the root was made into it)`, and `(other lot, false, …)` where
        something was packed into it; both more than once if so many are asked for."""
        return self._drawn_together(_EARLIEST, asked)

    def latest(self, asked: list[tuple[Any, str]]) -> list[Any]:
        """For lots, each after the moment up to which what went into it matters: `(other lot, true, latest and
        earliest moment at which something of it went in)`, and `(other lot, false, …)` where something of it was
        packed; both more than once if so many are asked for."""
        return self._drawn_together(_LATEST, asked)

    def _drawn_together(self, statements: dict[bool, str], asked: list[Any]) -> list[Any]:
        found: list[Any] = []
        for part in in_parts(asked, _AT_ONCE):
            if self._is_sqlite:
                given: Any = _list([f"{times[0]:32}{times[-1]:32}{key}" for *times, key in part]),
            else:
                *times, keys = zip(*part, strict=True)
                given = *(_array([moment.isoformat() for moment in one]) for one in times), _array(keys)
            found += rows(self._connection, statements[self._is_sqlite], given)
        return found

    def _by_keys(self, statement: str, keys: list[str]) -> Iterator[Any]:
        for part in in_parts(keys, _AT_ONCE):
            yield from rows(self._connection, statement, (_list(part) if self._is_sqlite else _array(part),))


# Keys are hexadecimal digits and times are ours, so that both are written without care for quotes. PostgreSQL's driver
# takes a third of a walk's time for the same arrays as lists.
def _list(texts: Iterable[str]) -> str:
    return '["' + '","'.join(texts) + '"]'


def _array(texts: Iterable[str]) -> str:
    return "{" + ",".join(texts) + "}"


__all__ = ["KEY", "LOT_COLUMNS", "Reads"]
