"""A database of many lots and five times as many lines: families of known size, each from one lot to one lot."""
from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sqlalchemy import insert

from traceapp import models
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.trace.model import Lot, LotEdge

PARENTS = 5
LEVELS = 8
_AT_ONCE = 20_000
_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filled:
    """`families`: size -> numbers of the first and the last lot of one family of that size."""

    lots: int
    families: dict[int, tuple[int, int]]
    graph: Any

    @property
    def sizes(self) -> frozenset[int]:
        return frozenset(self.families)

    def root(self, size: int, direction: str) -> tuple[str, int]:
        """Key and number of the lot from which about `size` lots are reached."""
        number = self.families[size][0 if direction == "down" else 1]
        return key_of(number), number


def key_of(number: int) -> str:
    """The key of the lot: that of its URI, as every lot's."""
    return name_key(uri_of(number))


def uri_of(number: int) -> str:
    """The URI of the lot."""
    return f"urn:bench:{number}"


def family(first: int, size: int, chance: random.Random) -> Iterator[tuple[int, int, int]]:
    """Lines `(parent, child, level)`: one lot, levels that each take five lots of the level before, one lot of all."""
    width = (size - 2) // LEVELS
    before, number = [first], first + 1
    for level in range(1, LEVELS + 1):
        last = first + size - 1 if level == LEVELS else number + width
        here = list(range(number, last))
        for child in here:
            for parent in chance.sample(before, min(PARENTS, len(before))):
                yield parent, child, level
        before, number = here, last
    for parent in before:
        yield parent, number, LEVELS + 1


def fill_lines(database: Database, lots: int, sizes: Iterable[int]) -> Filled:
    """Fill an empty database: one family of each size that fits, the rest families of the smallest size."""
    models.metadata.create_all(database.engine)
    chance, families, starts, number = random.Random(7), {}, [], 0
    for size in sorted(sizes, reverse=True):
        if size * 2 <= lots or size == min(sizes):
            families[size] = (number, number + size - 1)
            starts.append((number, size))
            number += size
    smallest = min(sizes)
    while number + smallest <= lots:
        starts.append((number, smallest))
        number += smallest
    _insert(database, Lot, map(_lot, range(number)))
    lines = [line for first, size in starts for line in family(first, size, chance)]
    chance.shuffle(lines)
    _insert(database, LotEdge, (row for line in lines for row in _edge(line)))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    ends = np.array([line[:2] for line in lines])
    graph = csr_matrix((np.ones(len(lines), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(number, number))
    return Filled(number, families, graph)


def _insert(database: Database, model: type[Any], rows: Iterator[dict[str, Any]]) -> None:
    while chunk := list(islice(rows, _AT_ONCE)):
        with database.write() as session:
            session.connection().execute(insert(model.__table__), chunk)


def _lot(number: int) -> dict[str, Any]:
    return {"lot_key": key_of(number), "uri": uri_of(number), "number": f"L{number:07}", "unit": "KGM",
            "started_at": _AT, "made": Decimal(100), "consumed": Decimal(90), "created_at": _AT, "is_own": 1,
            "release_state": "released", "revision": 1}


def _edge(line: tuple[int, int, int]) -> Iterator[dict[str, Any]]:
    parent, child, level = line
    for here, direction, there in ((parent, "down", child), (child, "up", parent)):
        yield {"lot_key": key_of(here), "direction": direction, "other_key": key_of(there), "kind": "made",
               "event_id": f"{child:032x}", "quantity": Decimal(1), "unit": "KGM", "at": _AT + timedelta(days=level)}
