"""Leaving word of new events for whoever tells subscribers."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.worklist.work import add_work

from .query_model import Subscription

WORK = "epcis.match"


def announce(session: Session, clock: Clock, subject: str) -> None:
    """Leave a work row while anybody subscribes. `subject`: `capture:` or `event:` and an id."""
    if session.scalar(select(Subscription.id).limit(1)) is not None:
        add_work(session, clock, WORK, subject)
