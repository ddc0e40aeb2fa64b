"""Learning anew what is usual of products, once a day."""
from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.surveillance.refit import WORK, products_to_fit, refit_product
from traceapp.worklist.work import add_works, claim_work, fail_work, finish_work, has_work
from traceapp.world import World

from .once import run_once

log = structlog.get_logger()
_DAY = timedelta(days=1)
_LEASE_SECONDS = 300


def refit(world: World, limit: int = 5) -> int:
    """Once a day, also after days without a run: learn anew what is usual of each product that was despatched; answers
    how many were looked at. A fit takes a while, so nobody who writes waits for it."""
    def ask(session: Session) -> None:
        add_works(session, world.clock, WORK, products_to_fit(session))

    run_once(world.database, world.clock, WORK, _DAY, ask)
    if not _has_work(world):
        return 0
    with world.database.write() as session:
        rows = claim_work(session, world.clock, WORK, limit, _LEASE_SECONDS)
    for row in rows:
        try:
            refit_product(world.database, SYSTEM, world.clock, row.subject_key)
            with world.database.write() as session:
                finish_work(session, world.clock, row)
        except Exception as error:
            log.exception("work_failed", kind=WORK, work=row.id)
            with world.database.write() as session:
                fail_work(session, world.clock, row, type(error).__name__)
    return len(rows)


def _has_work(world: World) -> bool:
    with world.database.read() as session:
        return has_work(session, world.clock, WORK)
