"""Effects that happen once a slot, whoever fires and however often."""
from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.db import Database, Taken
from traceapp.worklist.model import RunSlot


def slot_of(at: datetime, every: timedelta) -> datetime:
    """The start of the slot that `at` lies in; slots are counted from 1970 in UTC."""
    seconds = every.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, UTC)


def run_once(database: Database, clock: Clock, job: str, every: timedelta, effect: Callable[[Session], object]) -> bool:
    """Run `effect` in one transaction with the row that says it ran; answers False when it had run already."""
    now = clock.now()
    slot = slot_of(now, every)
    with database.read() as session:
        if session.get(RunSlot, (job, slot)) is not None:
            return False
    try:
        with database.write() as session:
            session.add(RunSlot(job=job, slot=slot, ran_at=now))
            session.flush()
            effect(session)
    except Taken as error:
        if "run_slot" in str(error.__cause__):
            return False
        raise
    return True


def forget_old_slots(session: Session, clock: Clock) -> None:
    """Remove slots older than ninety days."""
    session.execute(delete(RunSlot).where(RunSlot.slot < clock.now() - timedelta(days=90)))
