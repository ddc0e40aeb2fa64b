"""Which lots a lot reaches, and when: level by level, by the times at which things went on.

The hot path of every trace: two statements for a few thousand lots, plain rows, no objects of the mapper. What it costs
follows from the answer, not from the database. The rule of times is written down in docs/decisions/0010-genealogy.md.
"""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from traceapp.core.quantity import SCALE

from .period import FUTURE, PAST, Bounds, Span, bounds_of
from .quick_reads import day, moment, rows

UP, DOWN = "up", "down"
_AT_ONCE = 4000
_EDGE = "e.lot_key, e.other_key, e.at, e.until, e.kind"
LOT_COLUMNS = ("l.lot_key, l.uri, l.number, l.name, l.item_kind, l.product_id, l.unit, l.made, "
               "l.made + l.returned - l.consumed - l.shipped - l.sampled - l.lost, l.shipped - l.returned, "
               "l.started_at, l.expires_on, l.origin, l.is_own, l.release_state, l.is_on_hold, l.is_recalled")
_EDGES = "SELECT {columns} FROM lot_edge e WHERE e.lot_key {among} AND e.direction = '{direction}'"
_LOTS = "SELECT {columns} FROM lot l WHERE l.lot_key {among}"
_AMONG = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgresql": "= ANY(%s)"}


class Reached(NamedTuple):
    """A lot, the fewest steps to it, and the row of it as the driver gives it; the properties say what it means.

    `arrived_raw`: downstream the earliest moment at which something of the root can be in it, upstream the latest at
    which something that left it can be in the root; the ends of all time where nothing limits it.
    """

    depth: int
    arrived_raw: Any
    lot_key: str
    uri: str
    number: str
    name: str
    item_kind: str
    product_id: str | None
    unit: str | None
    made_raw: int
    stock_raw: int
    shipped_raw: int
    started_raw: Any
    expires_raw: Any
    origin: str
    own: int
    release_state: str
    held: Any
    recalled: Any

    @property
    def is_own(self) -> bool:
        return bool(self.own)

    @property
    def is_on_hold(self) -> bool:
        return bool(self.held)

    @property
    def is_recalled(self) -> bool:
        return bool(self.recalled)

    @property
    def made(self) -> Decimal:
        return _amount(self.made_raw)

    @property
    def stock(self) -> Decimal | None:
        """What should be on the shelf; None for a lot that is not ours."""
        return _amount(self.stock_raw) if self.own else None

    @property
    def shipped(self) -> Decimal:
        """What came back taken off."""
        return _amount(self.shipped_raw)

    @property
    def started_at(self) -> datetime:
        found = moment(self.started_raw)
        assert found is not None
        return found

    @property
    def expires_on(self) -> date | None:
        return day(self.expires_raw)

    @property
    def arrived_at(self) -> datetime | None:
        """`arrived_raw` as a time; None where nothing limits it."""
        return None if self.arrived_raw in _ENDS else moment(self.arrived_raw)


class Line(NamedTuple):
    """A line that was followed, in the direction of the walk, as the driver gives it."""

    lot_key: str
    other_key: str
    at: Any
    until: Any
    kind: str
    event_id: str
    quantity_raw: int | None
    unit: str | None

    @property
    def quantity(self) -> Decimal | None:
        return None if self.quantity_raw is None else _amount(self.quantity_raw)


_KEY = re.compile(r"[0-9a-f]{1,32}", re.ASCII)
_ENDS = (*PAST.values(), *FUTURE.values())
_STARTED, _KIND = 10, 4  # in a row of _LOTS


def _amount(millionths: int) -> Decimal:
    return Decimal(int(millionths)).scaleb(-SCALE).normalize() + 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """From which lot, which way. `by_time` off: every line is followed, whenever it was. `since` and `until` bound the
    time that matters at the root: downstream the bad input arrived at `since`; upstream what went in after `until`
    does not matter. `with_amounts`: keep the lines that were followed, with their quantities. `more_roots`: begin from
    these too, all at no distance."""

    root: str
    direction: str
    by_time: bool = True
    since: datetime | None = None
    until: datetime | None = None
    with_amounts: bool = False
    more_roots: tuple[str, ...] = ()


class Reads:
    """The two statements for many keys, on either database."""

    def __init__(self, connection: Connection, direction: str, *, with_amounts: bool) -> None:
        self._connection, dialect = connection, connection.dialect.name
        self._is_sqlite = dialect != "postgresql"
        among = _AMONG["sqlite" if self._is_sqlite else "postgresql"]
        self._edges = _EDGES.format(
            columns=_EDGE + (", e.event_id, e.quantity, e.unit" if with_amounts else ""), among=among,
            direction=direction)
        self._lots = _LOTS.format(columns=LOT_COLUMNS, among=among)
        self.bounds: Bounds = bounds_of(is_sqlite=self._is_sqlite)

    def edges(self, keys: list[str]) -> Iterator[Any]:
        """The lines that begin at these lots in the direction."""
        return self._by_keys(self._edges, keys)

    def lots(self, keys: list[str]) -> Iterator[Any]:
        """The rows of these lots."""
        return self._by_keys(self._lots, keys)

    def _by_keys(self, statement: str, keys: list[str]) -> Iterator[Any]:
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start:start + _AT_ONCE]
            # Keys are hexadecimal digits, so that a list of them is written without care for quotes.
            given: Any = '["' + '","'.join(part) + '"]' if self._is_sqlite else part
            yield from rows(self._connection, statement, (given,))


class Walk:
    """One walk from a root. `levels()` gives the lots, the nearest first, each once; `followed` the lines so far."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self.wanted = wanted
        self._reads = Reads(connection, wanted.direction, with_amounts=wanted.with_amounts)
        self._rule = self._reads.bounds
        self._rows: dict[str, Any] = {}
        self._spans: dict[str, list[Span]] = {}
        self._waiting: dict[str, list[Any]] = {}
        self._fresh: dict[str, list[Span]] = {}
        self._opened: set[str] = set()
        self.followed: dict[tuple[str, str, str], Line] = {}

    def levels(self) -> Iterator[list[Reached]]:
        """The lots by their distance; the first level is the root alone, and none comes for an unknown root."""
        return (self.reached(depth, keys) for depth, keys in self.levels_of_keys())

    def levels_of_keys(self) -> Iterator[tuple[int, list[str]]]:
        """The same without reading the lots themselves: for who wants some of them."""
        named = [key for key in (self.wanted.root, *self.wanted.more_roots) if _KEY.fullmatch(key)]
        self._learn(named)
        depth, new = 0, [key for key in dict.fromkeys(named) if key in self._rows]
        whole = self._rule.whole(self.wanted.since, self.wanted.until)
        self._spans = {key: [whole] for key in new}
        self._fresh = {key: [whole] for key in new}
        while new or self._fresh:
            if new:
                yield depth, new
            new = self.step()
            depth += 1

    def reached(self, depth: int, keys: list[str]) -> list[Reached]:
        """These lots of a level. One that is named but of which nothing was told is left out."""
        self._learn(keys)
        here, end = self._rows, 0 if self.wanted.direction == DOWN else 1
        most = min if end == 0 else max
        return [Reached(depth, spans[0][end] if len(spans) == 1 else most(span[end] for span in spans), *here[key])
                for key in keys if key in here and (spans := self._spans[key])]

    def step(self, within: Collection[str] | None = None) -> list[str]:
        """Follow the lines out of what is fresh, only to the lots in `within` where it is given; answers the lots that
        were not reached before."""
        fresh, self._fresh = self._fresh, {}
        lines = self._lines_of(fresh)
        if within is not None:
            lines = [line for line in lines if line[1] in within]
        if self.wanted.by_time:
            self._learn(fresh if self.wanted.direction == DOWN else [line[1] for line in lines])
        new: list[str] = []
        plainly = self._plainly_down if self.wanted.direction == DOWN else self._plainly_up
        for line in plainly(lines, fresh, new) if self.wanted.by_time else lines:
            for span in self._further(line, fresh[line[0]]):
                self._arrive(line, span, new)
        return new

    def _plainly_down(self, lines: list[Any], fresh: dict[str, list[Span]], new: list[str]) -> list[Any]:
        """Follow what a lot was made into, which is nearly every line, without a call for each; answers the other
        lines. The same rule as `Bounds.downstream`."""
        rows, spans, future, kept = self._rows, self._spans, self._rule.future, self.wanted.with_amounts
        others: list[Any] = []
        for line in lines:
            here, row, at = fresh[line[0]], rows.get(line[0]), line[2]
            if line[4] != "made" or row is None or len(here) != 1:
                others.append(line)
            elif not here[0][0] <= at <= here[0][1] and at >= row[_STARTED]:
                self._waiting.setdefault(line[0], []).append(line)
            else:
                known = spans.get(line[1])
                if known is not None and (known[0][0] > at or known[0][1] is not future):
                    others.append(line)
                    continue
                if known is None:
                    spans[line[1]], self._fresh[line[1]] = [(at, future)], [(at, future)]
                    new.append(line[1])
                if kept:
                    self._note(line)
        return others

    def _plainly_up(self, lines: list[Any], fresh: dict[str, list[Span]], new: list[str]) -> list[Any]:
        """The same for what a lot was made out of."""
        rows, spans, past, kept = self._rows, self._spans, self._rule.past, self.wanted.with_amounts
        others: list[Any] = []
        for line in lines:
            here, row, at = fresh[line[0]], rows.get(line[1]), line[2]
            if line[4] != "made" or row is None or row[_KIND] != "lot" or at < row[_STARTED] or len(here) != 1:
                others.append(line)
            elif at > here[0][1]:
                self._waiting.setdefault(line[0], []).append(line)
            else:
                known = spans.get(line[1])
                if known is not None and (known[0][1] < at or known[0][0] is not past):
                    others.append(line)
                    continue
                if known is None:
                    spans[line[1]], self._fresh[line[1]] = [(past, at)], [(past, at)]
                    new.append(line[1])
                if kept:
                    self._note(line)
        return others

    def _further(self, line: Any, spans: list[Span]) -> list[Span]:
        """When the root matters at the far end of the line. A line that was not followed, or that may lead on at
        another time, is looked at again when its lot is reached at another time."""
        if not self.wanted.by_time:
            return spans
        kind, started = self._kind_and_start(line[0] if self.wanted.direction == DOWN else line[1])
        rule = self._rule.downstream if self.wanted.direction == DOWN else self._rule.upstream
        found = [further for span in spans if (further := rule(line, kind, started, span)) is not None]
        if not found or (line[4] != "made" and kind != "lot"):
            self._waiting.setdefault(line[0], []).append(line)
        return found

    def step_within(self, keys: Collection[str]) -> None:
        """Follow the lines between these lots only: the last ones of a walk that was cut."""
        self._fresh = {key: spans for key, spans in self._fresh.items() if key in keys}
        self.step(keys)

    def _lines_of(self, fresh: dict[str, list[Span]]) -> list[Any]:
        """The lines out of these lots: those that wait, and all of a lot that is here for the first time."""
        lines = [line for key in fresh for line in self._waiting.pop(key, ())]
        first = [key for key in fresh if key not in self._opened]
        self._opened.update(first)
        lines.extend(self._reads.edges(first))
        return lines

    def _learn(self, keys: Iterable[str]) -> None:
        missing = [key for key in dict.fromkeys(keys) if key not in self._rows]
        self._rows.update((row[0], row) for row in self._reads.lots(missing))

    def _kind_and_start(self, key: str) -> tuple[str, Any]:
        row = self._rows.get(key)
        return ("lot", self._rule.past) if row is None else (row[_KIND], row[_STARTED])

    def _note(self, line: Any) -> None:
        self.followed.setdefault((line[0], line[1], line[5]), Line(*line))

    def _arrive(self, line: Any, span: Span, new: list[str]) -> None:
        if self.wanted.with_amounts:
            self._note(line)
        other = line[1]
        known = self._spans.get(other)
        if known is None:
            self._spans[other] = [span]
            self._fresh[other] = [span]
            new.append(other)
        elif not any(low <= span[0] and span[1] <= high for low, high in known):
            self._spans[other] = [one for one in known if not (span[0] <= one[0] and one[1] <= span[1])]
            self._spans[other].append(span)
            self._fresh.setdefault(other, []).append(span)


def lots_around(connection: Connection, lot_key: str) -> tuple[str, ...]:
    """The keys of everything upstream and downstream of a lot, whenever it was; itself included."""
    return tuple(dict.fromkeys(key for direction in (UP, DOWN)
                               for _depth, keys in Walk(connection, Wanted(lot_key, direction, by_time=False)
                                                        ).levels_of_keys() for key in keys))
