"""From a signal to the proposed scope of its recall, beside one bare recursive query for the lots of the same scope.

    TRACEAPP_BENCH_DATABASE=sqlite python3 dev.py bench recall
    TRACEAPP_BENCH_DATABASE=postgresql python3 dev.py bench recall

A million lots, five million lines, a hundred thousand consignees, ten thousand lots a cause, each with a signal; some
minutes to fill. `TRACEAPP_BENCH_RECALL="100000 10000 10000"` takes other numbers of lots, lots a cause and consignees.
See `databases` for where they are put; a database that is named may be filled by this before with the same numbers.
Freezing, notices and the verdict: `bench notices`, `bench verdict`.
"""
from __future__ import annotations

import os
import time
from collections.abc import Iterator

from sqlalchemy import select

from traceapp.core.process import take_habits
from traceapp.db import Database
from traceapp.recall.growing import grown
from traceapp.recall.proposing import ruled
from traceapp.recall.scope import propose_scope
from traceapp.recall.scope_rule import Rule, RuleKind
from traceapp.surveillance.case_reads import recall_roots
from traceapp.surveillance.queries import signal_by_id
from traceapp.trace.model import Lot
from traceapp.trace.quick_reads import rows as rows_of

from .databases import alone, databases, say
from .recall_data import Size, fill_recalls, root_of, signal_of
from .registry import Row, benchmark, median_of_ratios

SIZE = Size(1_000_000, 10_000, 100_000)
ROUNDS = 99
AIM_SECONDS = 1.0
_BARE = ("WITH RECURSIVE reached(lot_key) AS (SELECT {root} UNION SELECT e.other_key FROM reached r "
         "JOIN lot_edge e ON e.lot_key = r.lot_key AND e.direction = 'down') "
         "SELECT l.lot_key, l.number, l.made, l.shipped FROM reached {join} lot l ON l.lot_key = reached.lot_key")
_FORMS = {"sqlite": {"root": "?", "join": "CROSS JOIN"}, "postgresql": {"root": "%s::varchar", "join": "JOIN"}}


def scope_seconds(database: Database, signal_id: str) -> tuple[float, int, int]:
    """(seconds, lots, consignees) from a signal to the scope that a recall of it would propose."""
    begun = time.perf_counter()
    with database.read() as session:
        case = signal_by_id(session, signal_id)
        assert case is not None
        scope = propose_scope(session, recall_roots(session, case))
    return time.perf_counter() - begun, len(scope.lots), len(scope.consignees)


def _bare_seconds(database: Database, root: str) -> tuple[float, int]:
    begun = time.perf_counter()
    with database.reading() as connection:
        found = rows_of(connection, _BARE.format(**_FORMS[database.dialect]), (root,))
    return time.perf_counter() - begun, len(found)


def scope_rows(database: Database, size: Size) -> Iterator[Row]:
    """The milliseconds of one cause after the other, each signal for the first time in this process."""
    scope_seconds(database, signal_of(0))  # statements compiled
    seconds, bare = [], []
    for turn in range(ROUNDS):
        cause = (turn + 1) % size.causes
        took, lots, consignees = scope_seconds(database, signal_of(cause))
        plain, found = _bare_seconds(database, root_of(size, cause))
        if found != lots:
            raise RuntimeError(f"the service proposed {lots} lots, the bare query found {found}")
        seconds.append(took)
        bare.append(plain)
    ordered, against = sorted(seconds), sorted(bare)
    name = f"signal to scope, {lots:,} of {size.lots:,} lots, {database.dialect}"
    for percent in (50, 95):
        value, plain = (row[min(ROUNDS - 1, ROUNDS * percent // 100)] for row in (ordered, against))
        yield Row(f"{name}, p{percent}", value * 1000, "ms", "one second", AIM_SECONDS * 1000, AIM_SECONDS / value,
                  1.0 if percent == 95 else None, f"{consignees:,} consignees; bare query {plain * 1000:.0f} ms")
    yield Row(f"{name}, beside", ordered[ROUNDS // 2] * 1000, "ms", "bare recursive query", against[ROUNDS // 2] * 1000,
              median_of_ratios(bare, seconds), None, "the bare query names the lots alone: no ways, no units, nobody")


def growth_seconds(database: Database, root: str) -> tuple[float, float, int]:
    """(seconds, seconds as a whole, lots) of following a scope again after something happened to one lot in it and to
    one outside."""
    rules = (Rule(RuleKind.lots, (root,)),)
    with database.read() as session:
        begun = time.perf_counter()
        known = ruled(session, rules).scope.lot_keys
        whole = time.perf_counter() - begun
        outside = session.scalars(select(Lot.lot_key).limit(len(known) + 1)).all()
        touched = {max(known), next(key for key in outside if key not in known)}
        begun = time.perf_counter()
        come = grown(session, rules, touched, known)
        took = time.perf_counter() - begun
    if come is None or come.lots:
        raise RuntimeError("something was found that did not come")
    return took, whole, len(known)


def growth_rows(database: Database, size: Size) -> Iterator[Row]:
    """The milliseconds of following again what is decided, beside looking at the whole."""
    found = [growth_seconds(database, root_of(size, cause % size.causes)) for cause in range(1, 11)]
    again, whole = sorted(one[0] for one in found), sorted(one[1] for one in found)
    yield Row(f"scope of {found[0][2]:,} lots followed again, {database.dialect}, p50", again[5] * 1000, "ms",
              "as a whole", whole[5] * 1000, whole[5] / again[5], None,
              "after an event about a lot in it and one elsewhere: up to the starts, down from what is new")


def measured(url: str, size: Size) -> list[Row]:
    """All of it, as a process sees it that has just begun."""
    take_habits()  # as every process of ours does
    database = Database(url, is_durable=False)
    try:
        return [*scope_rows(database, size), *growth_rows(database, size)]
    finally:
        database.close()


@benchmark("recall")
def recall() -> Iterator[Row]:
    """Seconds from a signal to its scope, and of following the scope again."""
    given = os.environ.get("TRACEAPP_BENCH_RECALL", "").split()
    size = Size(*(int(one) for one in given)) if given else SIZE
    for made in databases():
        with made as url:
            database = Database(url, is_durable=False)
            try:
                say(f"filling {size.lots:,} lots on {database.dialect}")
                fill_recalls(database, size)
            finally:
                database.close()
            yield from alone(measured, url, size)
