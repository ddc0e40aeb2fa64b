"""The sweep that plays plans of detection, one after the other."""
from __future__ import annotations

import threading
from contextlib import suppress

import structlog

from traceapp.core.clock import monotonic_seconds
from traceapp.core.errors import Problem
from traceapp.making.work import Claim, LostClaim
from traceapp.surveillance.plan_runs import JOBS, fail_plan, finish_plan, plan_in, plan_run
from traceapp.surveillance.planning import play
from traceapp.world import World

from .file_sweep import EVERY_SECONDS, Stopping

log = structlog.get_logger()


def play_plans(world: World, stopping: threading.Event | None = None, seconds: float = EVERY_SECONDS) -> int:
    """Work off the plans that wait; answers how many were worked on. Progress is noted every `seconds`."""
    stopping, worked = stopping or threading.Event(), 0
    while not stopping.is_set():
        with world.database.read() as session:
            if not JOBS.is_waiting(session, world.clock):
                break
        with world.database.write() as session:
            found = JOBS.claim(session, world.clock)
        if found is None:
            break
        _work(world, found[1], stopping, seconds)
        worked += 1
    return worked


def _work(world: World, claim: Claim, stopping: threading.Event, seconds: float) -> None:
    due = monotonic_seconds() + seconds

    def told(done: int) -> None:
        nonlocal due
        if stopping.is_set():
            raise Stopping
        if monotonic_seconds() >= due:
            due = monotonic_seconds() + seconds
            with world.database.write() as session:
                JOBS.renew(session, world.clock, claim, done)

    try:
        with world.database.read() as session:
            plan = plan_in(plan_run(session, claim.job_id))
        answer = play(plan, told).plain()
        with world.database.write() as session:
            finish_plan(session, world.clock, claim, answer)
        log.info("plan_played", job=claim.job_id)
    except LostClaim:
        log.info("plan_given_up", job=claim.job_id)
    except Stopping:
        with suppress(LostClaim), world.database.write() as session:
            JOBS.put_back(session, claim)
    except Exception as error:
        log.exception("plan_failed", job=claim.job_id)
        with suppress(LostClaim), world.database.write() as session:
            fail_plan(session, world.clock, claim, error if isinstance(error, Problem) else Problem(
                "The plan could not be played: %(why)s", code="plan-failed", why=type(error).__name__))
