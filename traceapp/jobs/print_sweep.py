"""The sweep that prints: makes the files of print jobs, one after the other."""
from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from traceapp.code.print_content import write_labels
from traceapp.code.print_work import (
    Claim,
    LostClaim,
    claim_print,
    fail_print,
    finish_print,
    is_waiting,
    note_progress,
    put_back,
)
from traceapp.code.printing import printable
from traceapp.core.clock import monotonic_seconds
from traceapp.core.errors import Problem, Unavailable
from traceapp.world import World

log = structlog.get_logger()
_EVERY_SECONDS = 1.0


class _Stopping(Exception):
    """The service is told to stop."""


@dataclass(slots=True)
class _Progress:
    """Hears of every label; notes how far it is every `seconds`, and ends the work when it must not go on."""

    world: World
    claim: Claim
    stopping: threading.Event
    seconds: float
    _next: float = field(default_factory=monotonic_seconds)

    def __call__(self, done: int) -> None:
        now = monotonic_seconds()
        if now < self._next:
            return
        self._next = now + self.seconds
        if self.stopping.is_set():
            raise _Stopping
        self.world.prints.refuse_full_disk()
        with self.world.database.write() as session:
            note_progress(session, self.world.clock, self.claim, done)


def print_labels(world: World, stopping: threading.Event | None = None, seconds: float = _EVERY_SECONDS) -> int:
    """Work off the jobs that wait; answers how many were worked on. Progress is noted every `seconds`."""
    stopping = stopping or threading.Event()
    worked = 0
    while not stopping.is_set():
        with world.database.read() as session:
            if not is_waiting(session, world.clock):
                break
        with world.database.write() as session:
            claim = claim_print(session, world.clock)
        if claim is None:
            break
        _work(world, claim, _Progress(world, claim, stopping, seconds))
        worked += 1
    return worked


def _work(world: World, claim: Claim, progress: _Progress) -> None:
    """Make the file of one job, whatever comes in between."""
    try:
        _make(world, claim, progress)
    except LostClaim:
        log.info("print_given_up", job=claim.job_id)
    except _Stopping:
        with suppress(LostClaim), world.database.write() as session:
            put_back(session, claim)
    except Unavailable:
        raise  # the lease runs out, then it begins anew
    except Problem as problem:
        log.warning("print_failed", job=claim.job_id, code=problem.code)
        _fail(world, claim, problem)
    except Exception as error:
        log.exception("print_failed", job=claim.job_id)
        _fail(world, claim, Problem("The file could not be made: %(why)s", code="print-failed",
                                    why=getattr(error, "strerror", None) or type(error).__name__))


def _fail(world: World, claim: Claim, problem: Problem) -> None:
    with suppress(LostClaim), world.database.write() as session:
        fail_print(session, world.clock, claim, problem)


def _make(world: World, claim: Claim, progress: _Progress) -> None:
    with world.database.read() as session:
        wanted = printable(session, claim.lot_key, claim.choice, world.settings.base_url, world.code_keys)
    part = world.prints.begin(claim.job_id, claim.holder)
    made = write_labels(wanted, part, progress)
    try:
        with world.database.write() as session:
            finish_print(session, world.clock, claim, made)
            world.prints.keep(part, claim.job_id)
    finally:
        part.unlink(missing_ok=True)
    log.info("printed", job=claim.job_id, labels=made.labels, size_bytes=made.size_bytes)
