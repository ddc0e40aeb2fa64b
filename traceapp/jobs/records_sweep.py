"""The sweep that makes files of records, one after the other."""
from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from traceapp.core.clock import monotonic_seconds
from traceapp.core.errors import Problem, Unavailable
from traceapp.submission.model import RecordsJob
from traceapp.submission.records import AskedRecords, RecordsFile, write_records
from traceapp.submission.records_files import RecordsStore
from traceapp.submission.records_jobs import (
    Claim,
    LostClaim,
    claim_records,
    fail_records,
    finish_records,
    is_waiting,
    note_progress,
    put_back,
)
from traceapp.world import World

log = structlog.get_logger()
_EVERY_SECONDS = 1.0


class _Stopping(Exception):
    """The service is told to stop."""


@dataclass(slots=True)
class _Progress:
    """Hears of every few hundred events; notes how far it is every `seconds`, and ends the work when it must not go
    on."""

    world: World
    claim: Claim
    stopping: threading.Event
    seconds: float
    _done: int = 0
    _next: float = field(default_factory=monotonic_seconds)

    def __call__(self, number: int) -> None:
        self._done += number
        now = monotonic_seconds()
        if now < self._next:
            return
        self._next = now + self.seconds
        if self.stopping.is_set():
            raise _Stopping
        with self.world.database.write() as session:
            note_progress(session, self.world.clock, self.claim, self._done)


def make_records(world: World, stopping: threading.Event | None = None, seconds: float = _EVERY_SECONDS) -> int:
    """Work off the jobs that wait; answers how many were worked on. Progress is noted every `seconds`."""
    stopping = stopping or threading.Event()
    worked = 0
    while not stopping.is_set():
        with world.database.read() as session:
            if not is_waiting(session, world.clock):
                break
        with world.database.write() as session:
            claim = claim_records(session, world.clock)
        if claim is None:
            break
        _work(world, claim, _Progress(world, claim, stopping, seconds))
        worked += 1
    return worked


def _work(world: World, claim: Claim, progress: _Progress) -> None:
    """Make one file, whatever comes in between."""
    try:
        _make(world, claim, progress)
    except LostClaim:
        log.info("records_given_up", job=claim.job_id)
    except _Stopping:
        with suppress(LostClaim), world.database.write() as session:
            put_back(session, claim)
    except Unavailable:
        raise  # the lease runs out, then it begins anew
    except Problem as problem:
        log.warning("records_failed", job=claim.job_id, code=problem.code)
        _fail(world, claim, problem)
    except Exception as error:
        log.exception("records_failed", job=claim.job_id)
        _fail(world, claim, Problem("The file could not be made: %(why)s", code="records-failed",
                                    why=getattr(error, "strerror", None) or type(error).__name__))


def _fail(world: World, claim: Claim, problem: Problem) -> None:
    with suppress(LostClaim), world.database.write() as session:
        fail_records(session, world.clock, claim, problem)


def _make(world: World, claim: Claim, progress: _Progress) -> None:
    store = RecordsStore(world.settings.records_dir)
    part = store.begin(claim.job_id, claim.holder)
    try:
        with part.open("w+b") as file, world.database.snapshot() as session:
            job = session.get_one(RecordsJob, claim.job_id)
            texts = dict(job.texts)
            written = write_records(session, file, RecordsFile(
                AskedRecords.of(job.asked).choice(session), job.form, world.clock.now(), job.language,
                lambda text: texts.get(text, text), progress))
        with world.database.write() as session:
            finish_records(session, world.clock, claim, written)
            store.keep(part, claim.job_id)
    finally:
        part.unlink(missing_ok=True)
    log.info("records_made", job=claim.job_id, rows=written.rows, size_bytes=written.size_bytes)
