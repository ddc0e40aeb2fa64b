"""Random genealogies with times and containers, and a small oracle that says point by point in time what is where."""
from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.trace.model import Lot, LotEdge

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = range(10)


@dataclass(frozen=True, slots=True)
class Line:
    """`parent` went into `child` at hour `at`; `until` is the hour at which it was taken out again, None: it stays."""

    parent: int
    child: int
    kind: str
    at: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Genealogy:
    """`things`: the numbers that are single things or containers; `started`: the hour at which each began to be."""

    seed: int
    lots: int
    things: frozenset[int]
    started: tuple[int, ...]
    lines: tuple[Line, ...]

    def key(self, number: int) -> str:
        return name_key(f"urn:test:{self.seed}:{number}")

    def number(self, key: str) -> int:
        return next(number for number in range(self.lots) if self.key(number) == key)


def moment(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def genealogy(seed: int, *, largest: int = 12) -> Genealogy:
    """Splits, merges, several lines between two lots, circles by rework, packing and unpacking, clocks that are wrong."""
    chance = random.Random(seed)
    lots = chance.randint(2, largest)
    things = frozenset(number for number in range(lots) if chance.random() < 0.35)
    started = tuple(chance.choice((0, 0, 0, chance.choice(HOURS))) for _ in range(lots))
    lines = []
    for _ in range(chance.randint(1, 3 * lots)):
        parent, child = sorted(chance.sample(range(lots), 2))
        if chance.random() < 0.2:
            parent, child = child, parent
        kind = chance.choice(("made", "made", "packed", "attached")) if child in things else "made"
        at = chance.choice(HOURS)
        until = chance.choice(range(at, 12)) if kind != "made" and chance.random() < 0.6 else None
        lines.append(Line(parent, child, kind, at, until))
    return Genealogy(seed, lots, things, started, tuple(lines))


class Oracle:
    """What the definitions say: `found` maps each lot to the fewest steps to it and to the hours that count."""

    def __init__(self, of: Genealogy, root: int, *, up: bool, by_time: bool, since: int = 0) -> None:
        self.of, self.hours = of, range(12)
        self.by_time = by_time
        hours: dict[int, set[int]] = defaultdict(set)
        hours[root] = {hour for hour in self.hours if up or hour >= since}
        self.steps = {root: 0}
        step, changed = 0, True
        while changed:
            step += 1
            before = {number: frozenset(those) for number, those in hours.items()}
            for line in of.lines:
                source, target = (line.child, line.parent) if up else (line.parent, line.child)
                there = self._hours(line, before.get(source, frozenset()), up=up)
                if there:
                    hours[target] |= there
                    self.steps.setdefault(target, step)
            changed = {number: frozenset(those) for number, those in hours.items() if those} != {
                number: those for number, those in before.items() if those}
        self.first = {number: min(those) for number, those in hours.items() if those}
        self.found = set(self.first)

    def _hours(self, line: Line, here: frozenset[int], *, up: bool) -> set[int]:
        if not here:
            return set()
        if not self.by_time:
            return set(self.hours)
        within = {hour for hour in self.hours if line.at <= hour and (line.until is None or hour <= line.until)}
        goes_along = line.kind != "made" and line.parent in self.of.things
        # Nothing leaves a lot before there is one: such a time is a mistake, and the line counts at any time.
        last = max(within) if goes_along and line.until is not None else None if goes_along else line.at
        is_mistaken = last is not None and last < self.of.started[line.parent]
        if up:
            if not here & within:
                return set()
            return set(self.hours) if is_mistaken else set(here & within) if goes_along else {line.at}
        if is_mistaken:
            return within
        if goes_along:
            return set(here & within)
        return within if line.at in here else set()


def store(database: Database, every: Iterable[Genealogy]) -> None:
    """Put the genealogies into the tables as events would have put them there."""
    lots: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for one in every:
        lots += _lots(one)
        lines += _lines(one)
    with database.write() as session:
        session.connection().execute(insert(Lot), lots)
        session.connection().execute(insert(LotEdge), lines)


def _lots(one: Genealogy) -> Iterator[dict[str, Any]]:
    for number in range(one.lots):
        yield {"lot_key": one.key(number), "uri": f"urn:test:{one.seed}:{number}", "number": str(number), "name": "",
               "item_kind": "container" if number in one.things else "lot", "supplier_lot_number": "", "origin": "",
               "started_at": moment(one.started[number]), "unit": "KGM", "made": Decimal(100), "consumed": 0,
               "shipped": 0, "returned": 0, "sampled": 0, "lost": 0, "is_own": 0, "release_state": "released",
               "release_note": "", "is_on_hold": False, "is_recalled": False, "flags": [], "created_at": START,
               "revision": 1}


def _lines(one: Genealogy) -> Iterator[dict[str, Any]]:
    for position, line in enumerate(one.lines):
        for here, direction, there in ((line.parent, "down", line.child), (line.child, "up", line.parent)):
            yield {"lot_key": one.key(here), "direction": direction, "other_key": one.key(there), "kind": line.kind,
                   "event_id": f"e{position}", "quantity": Decimal(1), "unit": "KGM", "at": moment(line.at),
                   "until": None if line.until is None else moment(line.until)}
