"""The sweep that once a night counts every lot anew and says what is to be expected of every node.

Whoever runs it holds a lease on one row of work, renewed with every step; one that was killed leaves the row, and the
next one begins anew. Nothing is done twice by that: each step makes the tables what the records say.
"""
from __future__ import annotations

import threading
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from traceapp.surveillance.nightly import NightlyRun
from traceapp.worklist.model import WorkRow
from traceapp.worklist.work import LeaseLost, add_work, claim_work, finish_work
from traceapp.world import World

from .once import run_once

log = structlog.get_logger()
WATCH_ALL = "surveillance.watch_all"
_DAY = timedelta(days=1)
_LEASE = timedelta(seconds=120)


def watch_all(world: World, stopping: threading.Event | None = None) -> NightlyRun | None:
    """The run of the day, where none was done; also after days without one."""
    run_once(world.database, world.clock, WATCH_ALL, _DAY,
             lambda session: add_work(session, world.clock, WATCH_ALL, "all"))
    with world.database.read() as session:
        if not _is_waiting(session):
            return None
    with world.database.write() as session:
        rows = claim_work(session, world.clock, WATCH_ALL, 10, int(_LEASE.total_seconds()))
    if not rows:
        return None
    return _run(world, rows, stopping or threading.Event())


def _is_waiting(session: Session) -> bool:
    return session.query(WorkRow.id).filter(WorkRow.kind == WATCH_ALL, WorkRow.done_at.is_(None)).first() is not None


def _run(world: World, rows: list[WorkRow], stopping: threading.Event) -> NightlyRun | None:
    run = NightlyRun(world.clock)
    try:
        for step in run.steps():
            with world.database.write() as session:
                _renew(session, world, rows, ends=stopping.is_set())
                if not stopping.is_set():
                    step(session)
            if stopping.is_set():
                return None
        with world.database.write() as session:
            for row in rows:
                finish_work(session, world.clock, row)
    except LeaseLost:
        log.info("watch_given_up")
        return None
    log.info("watched", lots=run.lots, nodes=run.nodes, recounted=run.recounted, drifted=run.drifted,
             alarms=run.alarms)
    return run


def _renew(session: Session, world: World, rows: list[WorkRow], *, ends: bool) -> None:
    """Hold the rows for as long again, or give them back at once. Raises LeaseLost."""
    now = world.clock.now()
    for row in rows:
        stored = session.get(WorkRow, row.id, with_for_update=True, populate_existing=True)
        if stored is None or stored.done_at is not None or stored.attempts != row.attempts:
            raise LeaseLost("Another worker has taken over this work.")
        stored.lease_until = now if ends else now + _LEASE
