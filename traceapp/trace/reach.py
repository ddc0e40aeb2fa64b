"""Which lots a lot reaches, and when: level by level, by the times at which things went on.

The hot path of every trace: two statements for a few thousand lots (reach_reads.py), plain rows, no objects of the
mapper. What it costs follows from the answer, not from the database. The rule of times is written down in
docs/decisions/0010-genealogy.md.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from traceapp.core.quantity import SCALE

from .period import FUTURE, PAST, Span
from .quick_reads import day, moment
from .reach_reads import KEY, Reads

UP, DOWN = "up", "down"


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


_ENDS = (*PAST.values(), *FUTURE.values())
_STARTED, _KIND = 10, 4  # in the row of a lot


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


class Walk:
    """One walk from a root. `levels()` gives the lots, the nearest first, each once; `followed` the lines so far."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self.wanted = wanted
        self._is_down = wanted.direction == DOWN
        self._reads = Reads(connection, wanted.direction, with_amounts=wanted.with_amounts)
        self._rule = self._reads.bounds
        self._rows: dict[str, Any] = {}
        self._spans: dict[str, list[Span]] = {}
        self._fresh: dict[str, list[Span]] = {}
        self.followed: dict[tuple[str, str, str], Line] = {}

    def levels(self) -> Iterator[list[Reached]]:
        """The lots by their distance; the first level is the root alone, and none comes for an unknown root."""
        return (self.reached(depth, keys) for depth, keys in self.levels_of_keys())

    def levels_of_keys(self) -> Iterator[tuple[int, list[str]]]:
        """The same without reading the lots themselves: for who wants some of them."""
        named = [key for key in (self.wanted.root, *self.wanted.more_roots) if KEY.fullmatch(key)]
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
        here, end = self._rows, 0 if self._is_down else 1
        most = min if end == 0 else max
        return [Reached(depth, spans[0][end] if len(spans) == 1 else most(span[end] for span in spans), *here[key])
                for key in keys if key in here and (spans := self._spans[key])]

    def step(self) -> list[str]:
        """Follow the lines out of what is fresh; answers the lots that were not reached before."""
        fresh, self._fresh = self._fresh, {}
        new: list[str] = []
        if self.wanted.with_amounts:
            self._follow(self._reads.lines(list(fresh)), fresh, new)
        elif not self.wanted.by_time:
            whole = self._rule.whole(self.wanted.since, self.wanted.until)
            for other in self._reads.others(list(fresh)):
                self._arrive(other, whole, new)
        else:
            plain = {key: spans[0] for key, spans in fresh.items() if len(spans) == 1 and self._is_open(spans[0])}
            (self._plainly_down if self._is_down else self._plainly_up)(plain, new)
            rest = [key for key in fresh if key not in plain]
            self._follow(self._reads.lines(rest), fresh, new)
        return new

    def step_within(self, keys: Collection[str]) -> None:
        """Follow the lines between these lots only: the last ones of a walk that was cut."""
        fresh = {key: spans for key, spans in self._fresh.items() if key in keys}
        self._fresh = {}
        self._follow([line for line in self._reads.lines(list(fresh)) if line[1] in keys], fresh, [])

    def _is_open(self, span: Span) -> bool:
        """From a moment on, or up to one: the spans of all that was not taken out of a container."""
        return bool(span[1] == self._rule.future) if self._is_down else bool(span[0] == self._rule.past)

    def _plainly_down(self, plain: dict[str, Span], new: list[str]) -> None:
        """Follow what lots were made into, which is nearly every line, with the database choosing the earliest of the
        lines to a lot. The same rule as `Bounds.downstream`."""
        self._learn(plain)
        future, past, rows = self._rule.future, self._rule.past, self._rows
        found = self._reads.earliest([(span[0], rows[key][_STARTED] if key in rows else past, key)
                                      for key, span in plain.items()])
        packed = False
        for other, made, at in found:
            if made:
                self._arrive(other, (at, future), new)
            packed = packed or not made
        if packed:
            self._follow(self._reads.lines(list(plain), only_packed=True), {key: [plain[key]] for key in plain}, new)

    def _plainly_up(self, plain: dict[str, Span], new: list[str]) -> None:
        """The same for what lots were made out of: the latest line to a lot counts, and whether one of them is from
        before that lot began."""
        found = self._reads.latest([(span[1], key) for key, span in plain.items()])
        self._learn([row[0] for row in found])
        past, future, rows, things, packed = self._rule.past, self._rule.future, self._rows, set(), False
        for other, made, at, first in found:
            row = rows.get(other)
            if not made:
                packed = True
            elif row is not None and row[_KIND] != "lot":
                things.add(other)
            else:
                began_later = row is not None and first < row[_STARTED]
                self._arrive(other, (past, future if began_later else at), new)
        if packed or things:
            lines = self._reads.lines(list(plain), only_packed=not things)
            self._follow([line for line in lines if line[4] != "made" or line[1] in things],
                         {key: [plain[key]] for key in plain}, new)

    def _follow(self, lines: list[Any], fresh: dict[str, list[Span]], new: list[str]) -> None:
        """Follow each line by itself, by the rule."""
        noted = self.followed if self.wanted.with_amounts else None
        if self.wanted.by_time:
            self._learn(fresh if self._is_down else [line[1] for line in lines])
        for line in lines:
            further = self._further(line, fresh[line[0]])
            if further and noted is not None:
                noted.setdefault((line[0], line[1], line[5]), Line(*line))
            for span in further:
                self._arrive(line[1], span, new)

    def _further(self, line: Any, spans: list[Span]) -> list[Span]:
        """When the root matters at the far end of the line."""
        if not self.wanted.by_time:
            return spans
        row = self._rows.get(line[0 if self._is_down else 1])
        kind, started = ("lot", self._rule.past) if row is None else (row[_KIND], row[_STARTED])
        rule = self._rule.downstream if self._is_down else self._rule.upstream
        if len(spans) == 1:
            further = rule(line, kind, started, spans[0])
            return [] if further is None else [further]
        return [further for span in spans if (further := rule(line, kind, started, span)) is not None]

    def _learn(self, keys: Iterable[str]) -> None:
        known = self._rows
        for row in self._reads.lots([key for key in dict.fromkeys(keys) if key not in known]):
            known[row[0]] = row

    def _arrive(self, other: str, span: Span, new: list[str]) -> None:
        known = self._spans.get(other)
        if known is None:
            self._spans[other] = self._fresh[other] = [span]
            new.append(other)
        elif known[0] != span and not any(low <= span[0] and span[1] <= high for low, high in known):
            self._spans[other] = [*(one for one in known if not (span[0] <= one[0] and one[1] <= span[1])), span]
            self._fresh.setdefault(other, []).append(span)


def lots_around(connection: Connection, lot_key: str) -> tuple[str, ...]:
    """The keys of everything upstream and downstream of a lot, whenever it was; itself included."""
    return tuple(dict.fromkeys(key for direction in (UP, DOWN)
                               for _depth, keys in Walk(connection, Wanted(lot_key, direction, by_time=False)
                                                        ).levels_of_keys() for key in keys))
