"""The nightly screen, a product at a time: computed while others write, kept in one short transaction."""
from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from traceapp.surveillance.screening import keep_screening, products_to_screen, screen_product
from traceapp.worklist.work import add_works, claim_work, fail_work, finish_work, has_work
from traceapp.world import World

from .once import run_once

log = structlog.get_logger()
SCREEN = "surveillance.screen"
_DAY = timedelta(days=1)
# A product with a million reports takes some ten seconds; nobody else shall begin it meanwhile.
_LEASE_SECONDS = 900


def screen_products(world: World, limit: int = 20) -> int:
    """Once a day, also after days without a run: screen each product; answers how many were screened now."""
    def ask(session: Session) -> None:
        add_works(session, world.clock, SCREEN, products_to_screen(session))

    run_once(world.database, world.clock, SCREEN, _DAY, ask)
    done = 0
    while done < limit and _screen_next(world):
        done += 1
    return done


def _screen_next(world: World) -> bool:
    """Screen the product that waits longest; one at a time, so that a lease never covers more than one."""
    with world.database.read() as session:
        is_any = has_work(session, world.clock, SCREEN)
    if not is_any:
        return False
    with world.database.write() as session:
        rows = claim_work(session, world.clock, SCREEN, 1, _LEASE_SECONDS)
    for row in rows:
        try:
            with world.database.read() as session:
                found = screen_product(session, row.subject_key, world.clock.now().date())
            with world.database.write() as session:
                keep_screening(session, world.clock, found)
                finish_work(session, world.clock, row)
        except Exception as error:
            log.exception("screen_failed", product=row.subject_key)
            with world.database.write() as session:
                fail_work(session, world.clock, row, type(error).__name__)
    return bool(rows)
