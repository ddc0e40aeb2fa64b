"""Traces through the service, beside the bare recursive query for the same columns on the same database and beside a
breadth-first walk in memory on a graph that is loaded already.

Traces of 100,000 lots need a larger database: `TRACEAPP_BENCH_LOTS=1000000` adds one of a million lots and five million
lines, which takes minutes to fill. `TRACEAPP_BENCH_DATABASE_URL` names an empty PostgreSQL database to use instead of
SQLite for the largest one.
"""
from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from traceapp.db import Database
from traceapp.trace.quick_reads import rows as rows_of
from traceapp.trace.reach import DOWN, UP, Walk, Wanted
from traceapp.trace.reach_pages import reached_page
from traceapp.trace.reach_reads import LOT_COLUMNS

from .many_lines import Filled, fill_lines
from .registry import Row, benchmark, median_of_ratios

SIZES = (10_000, 100_000)
TRACES = (200, 10_000, 100_000)
ROUNDS = 5
AIM_OF_THE_BARE = 0.5  # at most twice the time of the bare query
FIRST_PAGE_SECONDS = 1.0
_BARE = ("WITH RECURSIVE reached(lot_key) AS (SELECT {root} UNION SELECT e.other_key FROM reached r "
         "JOIN lot_edge e ON e.lot_key = r.lot_key AND e.direction = '{direction}') "
         "SELECT {columns} FROM reached {join} lot l ON l.lot_key = reached.lot_key")
# Left to itself, SQLite goes through all lots of the database here: the written order is several times as fast.
_JOIN = {"sqlite": "CROSS JOIN", "postgresql": "JOIN"}


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds of each round, one after the other, and how many lots were found by the service and the bare query."""

    service: list[float]
    bare: list[float]
    memory: list[float]
    lots: tuple[int, int]


def _bare(database: Database, root: str, direction: str) -> int:
    root_as = "?" if database.is_sqlite else "%s::varchar"
    statement = _BARE.format(root=root_as, direction=direction, columns=LOT_COLUMNS, join=_JOIN[database.dialect])
    with database.reading() as connection:
        return len(rows_of(connection, statement, (root,)))


def _service(database: Database, root: str, direction: str) -> int:
    with database.reading() as connection:
        return sum(len(level) for level in Walk(connection, Wanted(root, direction)).levels())


def _first_page(database: Database, root: str, direction: str) -> float:
    begun = time.perf_counter()
    with database.reading() as connection:
        reached_page(connection, Wanted(root, direction))
    return time.perf_counter() - begun


def _seconds(act: Callable[[], int]) -> tuple[float, int]:
    begun = time.perf_counter()
    found = act()
    return time.perf_counter() - begun, found


def _measured(database: Database, filled: Filled, size: int, direction: str) -> _Times:
    from scipy.sparse.csgraph import breadth_first_order

    root, number = filled.root(size, direction)
    graph = filled.graph if direction == DOWN else filled.graph.T.tocsr()
    times = _Times([], [], [], (_service(database, root, direction), _bare(database, root, direction)))
    for _ in range(ROUNDS if size < TRACES[-1] else 3):
        times.service.append(_seconds(lambda: _service(database, root, direction))[0])
        times.bare.append(_seconds(lambda: _bare(database, root, direction))[0])
        times.memory.append(_seconds(lambda: len(breadth_first_order(
            graph, number, return_predecessors=False)))[0])
    if times.lots[0] != times.lots[1]:
        raise RuntimeError(f"the service found {times.lots[0]} lots, the bare query {times.lots[1]}")
    return times


def _rows(database: Database, filled: Filled) -> Iterator[Row]:
    for size in (size for size in TRACES if size in filled.sizes):
        for direction, word in ((DOWN, "downstream"), (UP, "upstream")):
            times = _measured(database, filled, size, direction)
            name = f"trace {word}, {times.lots[0]:,} of {filled.lots:,} lots"
            middle = statistics.median(times.service)
            yield Row(name, middle * 1000, "ms", "bare recursive query", statistics.median(times.bare) * 1000,
                      median_of_ratios(times.bare, times.service), AIM_OF_THE_BARE if size == 10_000 else None,
                      f"{database.dialect}; {middle / times.lots[0] * 1e6:.1f} µs a lot; in memory "
                      f"{statistics.median(times.memory) * 1000:.2f} ms")
            if size >= 10_000:
                page = statistics.median(_first_page(database, filled.root(size, direction)[0], direction)
                                         for _ in range(3))
                yield Row(f"{name}, first page", page * 1000, "ms", "one second", FIRST_PAGE_SECONDS * 1000,
                          FIRST_PAGE_SECONDS / page, 1.0 if size == TRACES[-1] else None, database.dialect)


@benchmark("genealogy")
def genealogy() -> Iterable[Row]:
    """Downstream and upstream in databases of growing size."""
    found: list[Row] = []
    sizes = (*SIZES, *(int(one) for one in os.environ.get("TRACEAPP_BENCH_LOTS", "").split()))
    given = os.environ.get("TRACEAPP_BENCH_DATABASE_URL")
    for lots in sizes:
        with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as folder:
            url = given if given and lots == sizes[-1] else f"sqlite:///{folder}/genealogy.db"
            database = Database(url, is_durable=False)
            print(f"bench: filling {lots:,} lots on {database.dialect}", file=sys.stderr, flush=True)
            try:
                filled: Any = fill_lines(database, lots, TRACES)
                gc.collect()
                gc.freeze()  # as the server does once it is up
                found += _rows(database, filled)
            finally:
                database.close()
    return found
