"""A drill over a large house: from a raw lot to the report, unattended.

A hundred thousand lots, ten thousand consignees, ten thousand lots from one raw lot, each of them told of by events.
`TRACEAPP_BENCH_DRILL="10000 1000 1000"` takes other numbers of lots, lots a cause and consignees;
`TRACEAPP_BENCH_DATABASE_URL` names an empty database to use instead of SQLite in a folder of its own.
"""
from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import SystemClock
from traceapp.core.process import take_habits
from traceapp.db import Database
from traceapp.recall.drill_model import Drill
from traceapp.recall.drill_queries import seconds_of, steps_of
from traceapp.recall.drilling import AskDrill, ask_drill, run_drill
from traceapp.vault.service import Vault

from .drill_data import fill_drill
from .recall_data import Size, fill_recalls, root_of
from .registry import Row, benchmark

SIZE = Size(100_000, 10_000, 10_000)
AIM_SECONDS, AIM_MEGABYTES = 60.0, 256.0
_KEY = "YSBrZXkgb2YgdGhlIGJlbmNobWFyaywgMzIgYnl0ZXM="


def drill_rows(database: Database, size: Size) -> Iterator[Row]:
    """Seconds and memory of one drill, and its slowest steps. Raises RuntimeError when a unit was not placed or the
    scope is not that of the events."""
    clock, before = SystemClock(), _peak()
    with database.write() as session:
        drill_id = ask_drill(session, SYSTEM, clock, AskDrill("forward", 7, root_of(size, 0))).id
    run_drill(database, clock, Vault(_KEY), drill_id)
    grown = _peak() - before
    with database.read() as session:
        drill, steps = session.get_one(Drill, drill_id), steps_of(session, drill_id)
    report = drill.report or {}
    if not report.get("is_placed") or report["gaps"] or report["truth"].get("recall") != "1":
        raise RuntimeError(f"the drill ended otherwise than it should: {drill.failure} {str(report)[:300]}")
    seconds, by_step = seconds_of(steps), dict[str, float]()
    for one in steps:
        by_step[one.step] = by_step.get(one.step, 0.0) + one.seconds
    slowest = sorted(by_step, key=lambda name: by_step[name], reverse=True)[:4]
    name = f"drill, {report['lots']:,} of {size.lots:,} lots, {report['consignees']:,} consignees, {database.dialect}"
    yield Row(name, seconds, "s", "a minute", AIM_SECONDS, AIM_SECONDS / seconds, 1.0,
              ", ".join(f"{step} {by_step[step]:.1f} s" for step in slowest))
    yield Row(f"{name}, memory", grown, "MB", "stated", AIM_MEGABYTES, AIM_MEGABYTES / max(grown, 1.0), 1.0,
              "the growth of the process's peak")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@benchmark("drill")
def drill() -> Iterable[Row]:
    """Seconds of a drill from a raw lot to its report."""
    given = os.environ.get("TRACEAPP_BENCH_DRILL", "").split()
    size = Size(*(int(one) for one in given)) if given else SIZE
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as folder:
        url = os.environ.get("TRACEAPP_BENCH_DATABASE_URL") or f"sqlite:///{Path(folder, 'bench.sqlite')}"
        database = Database(url, is_durable=False)
        try:
            print(f"bench: filling {size.lots:,} lots on {database.dialect}", file=sys.stderr, flush=True)
            fill_recalls(database, size)
            fill_drill(database, size)
            take_habits()  # as every process of ours does
            return list(drill_rows(database, size))
        finally:
            database.close()
