"""The sweeps that import: tables are looked at and taken in, one after the other; no look waits for a long run."""
from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from traceapp.core.clock import monotonic_seconds
from traceapp.core.errors import Problem, Unavailable
from traceapp.importing.states import ImportState
from traceapp.importing.work import (
    Claim,
    LostClaim,
    Progress,
    Stopping,
    Told,
    check_table,
    claim_import,
    fail_import,
    is_waiting,
    note_check,
    put_back,
    run_table,
)
from traceapp.world import World

log = structlog.get_logger()
_EVERY_SECONDS = 1.0


@dataclass(slots=True)
class _Telling:
    """Hears of every part; notes now and then how far a look is, and ends the work when the service stops."""

    world: World
    claim: Claim
    stopping: threading.Event
    watching: Told | None = None
    _next: float = field(default_factory=lambda: monotonic_seconds() + _EVERY_SECONDS)

    def __call__(self, progress: Progress) -> None:
        if self.watching is not None:
            self.watching(progress)
        if self.stopping.is_set():
            raise Stopping
        if self.claim.state == ImportState.checking and monotonic_seconds() >= self._next:
            self._next = monotonic_seconds() + _EVERY_SECONDS
            with self.world.database.write() as session:
                note_check(session, self.world.clock, self.claim, progress)


def check_tables(world: World, stopping: threading.Event | None = None) -> int:
    """Look at the tables that wait for it; answers how many."""
    return _work_off(world, ImportState.checking, stopping)


def run_imports(world: World, stopping: threading.Event | None = None) -> int:
    """Take in the tables that wait for it; answers how many."""
    return _work_off(world, ImportState.running, stopping)


def _work_off(world: World, state: ImportState, stopping: threading.Event | None) -> int:
    stopping = stopping or threading.Event()
    worked = 0
    while not stopping.is_set():
        with world.database.read() as session:
            if not is_waiting(session, world.clock, state):
                break
        with world.database.write() as session:
            claim = claim_import(session, world.clock, state)
        if claim is None:
            break
        work_on(world, claim, stopping)
        log.info("import_worked_on", job=claim.import_id, state=claim.state)
        worked += 1
    return worked


def work_on(world: World, claim: Claim, stopping: threading.Event | None = None,
            watching: Told | None = None) -> None:
    """Work on an import; what came of it, its row says. `watching` hears of every part."""
    work = check_table if claim.state == ImportState.checking else run_table
    try:
        work(world.database, world.clock, world.imports, claim,
             _Telling(world, claim, stopping or threading.Event(), watching))
    except LostClaim:
        log.info("import_given_up", job=claim.import_id)
    except (Stopping, KeyboardInterrupt) as error:
        with world.database.write() as session:
            put_back(session, claim)
        if isinstance(error, KeyboardInterrupt):
            raise
    except Unavailable:
        raise  # the lease runs out, then somebody goes on
    except Problem as problem:
        log.warning("import_failed", job=claim.import_id, code=problem.code)
        _fail(world, claim, problem)
    except Exception as error:
        log.exception("import_failed", job=claim.import_id)
        _fail(world, claim, Problem("The import could not go on: %(why)s. What is stored stays.", code="import-failed",
                                    why=getattr(error, "strerror", None) or type(error).__name__))

def _fail(world: World, claim: Claim, problem: Problem) -> None:
    with suppress(LostClaim), world.database.write() as session:
        fail_import(session, claim, problem)
