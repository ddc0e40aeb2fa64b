"""The nightly look at test results, some suppliers a transaction."""
from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from traceapp.surveillance.drifting import look_for_drifts, suppliers_to_look_at
from traceapp.worklist.work import add_work, claim_work, fail_work, finish_work, has_work
from traceapp.world import World

from .once import run_once

log = structlog.get_logger()
DRIFTS = "surveillance.drifts"
_DAY = timedelta(days=1)
_LEASE_SECONDS = 300
_AT_ONCE = 50


def look_at_results(world: World) -> int:
    """Once a day, also after days without a run: bring the list of drifts up to date; answers how many suppliers were
    looked at."""
    def ask(session: Session) -> None:
        keys = suppliers_to_look_at(session, world.clock)
        for start in range(0, len(keys), _AT_ONCE):
            add_work(session, world.clock, DRIFTS, "some", {"suppliers": keys[start:start + _AT_ONCE]})

    run_once(world.database, world.clock, DRIFTS, _DAY, ask)
    looked = 0
    while (some := _look_at_next(world)) is not None:
        looked += some
    return looked


def _look_at_next(world: World) -> int | None:
    """How many suppliers the oldest row was about; None where none waits."""
    with world.database.read() as session:
        is_any = has_work(session, world.clock, DRIFTS)
    if not is_any:
        return None
    with world.database.write() as session:
        rows = claim_work(session, world.clock, DRIFTS, 1, _LEASE_SECONDS)
    for row in rows:
        try:
            with world.database.write() as session:
                told = look_for_drifts(session, world.clock, row.payload["suppliers"])
                finish_work(session, world.clock, row)
            log.info("results_looked_at", suppliers=len(row.payload["suppliers"]), tasks=told)
        except Exception as error:
            log.exception("drifts_failed", work=row.id)
            with world.database.write() as session:
                fail_work(session, world.clock, row, type(error).__name__)
    return len(rows[0].payload["suppliers"]) if rows else None
