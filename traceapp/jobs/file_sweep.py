"""Making the files of jobs of one kind, one after the other, whatever comes in between."""
from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock, monotonic_seconds
from traceapp.core.errors import Problem, Unavailable
from traceapp.making.files import MadeFiles
from traceapp.making.work import Claim, Jobs, LostClaim
from traceapp.world import World

log = structlog.get_logger()
EVERY_SECONDS = 1.0
C = TypeVar("C", bound=Claim)


class Stopping(Exception):
    """The service is told to stop."""


@dataclass(slots=True)
class Progress(Generic[C]):
    """Hears how many parts are done; notes it every `seconds`, and ends the work when it must not go on."""

    world: World
    claim: C
    note: Callable[[Session, Clock, C, int], None]
    store: MadeFiles
    stopping: threading.Event
    seconds: float
    _next: float = field(default_factory=monotonic_seconds)

    def __call__(self, done: int) -> None:
        now = monotonic_seconds()
        if now < self._next:
            return
        self._next = now + self.seconds
        if self.stopping.is_set():
            raise Stopping
        self.store.refuse_full_disk()
        with self.world.database.write() as session:
            self.note(session, self.world.clock, self.claim, done)


@dataclass(frozen=True, slots=True)
class FileKind(Generic[C]):
    """What is made: `name` in the log; `claim` takes the next job, `note` says how far it is, `make` makes the file and
    ends the job, `fail` says that it cannot be made."""

    name: str
    jobs: Jobs[Any]
    claim: Callable[[Session, Clock], C | None]
    note: Callable[[Session, Clock, C, int], None]
    fail: Callable[[Session, Clock, C, Problem], object]
    make: Callable[[World, C, Progress[C]], None]
    store: Callable[[World], MadeFiles]


def make_files(world: World, kind: FileKind[C], stopping: threading.Event | None, seconds: float) -> int:
    """Work off the jobs that wait; answers how many were worked on. Progress is noted every `seconds`."""
    stopping = stopping or threading.Event()
    worked = 0
    while not stopping.is_set():
        with world.database.read() as session:
            if not kind.jobs.is_waiting(session, world.clock):
                break
        with world.database.write() as session:
            claim = kind.claim(session, world.clock)
        if claim is None:
            break
        _work(world, kind, Progress(world, claim, kind.note, kind.store(world), stopping, seconds))
        worked += 1
    return worked


def _work(world: World, kind: FileKind[C], progress: Progress[C]) -> None:
    claim = progress.claim
    try:
        kind.make(world, claim, progress)
    except LostClaim:
        log.info(f"{kind.name}_given_up", job=claim.job_id)
    except Stopping:
        with suppress(LostClaim), world.database.write() as session:
            kind.jobs.put_back(session, claim)
    except Unavailable:
        raise  # the lease runs out, then it begins anew
    except Problem as problem:
        log.warning(f"{kind.name}_failed", job=claim.job_id, code=problem.code)
        _fail(world, kind, claim, problem)
    except Exception as error:
        log.exception(f"{kind.name}_failed", job=claim.job_id)
        _fail(world, kind, claim, Problem("The file could not be made: %(why)s", code=f"{kind.name}-failed",
                                          why=getattr(error, "strerror", None) or type(error).__name__))


def _fail(world: World, kind: FileKind[C], claim: C, problem: Problem) -> None:
    with suppress(LostClaim), world.database.write() as session:
        kind.fail(session, world.clock, claim, problem)
