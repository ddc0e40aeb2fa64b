"""The sweep that makes files of records, one after the other."""
from __future__ import annotations

import threading

import structlog

from traceapp.making.work import Claim
from traceapp.submission.model import RecordsJob
from traceapp.submission.records import AskedRecords, RecordsFile, write_records
from traceapp.submission.records_jobs import JOBS, claim_records, fail_records, finish_records, note_progress
from traceapp.world import World

from .file_sweep import EVERY_SECONDS, FileKind, Progress, make_files

log = structlog.get_logger()


def make_records(world: World, stopping: threading.Event | None = None, seconds: float = EVERY_SECONDS) -> int:
    """Work off the files that wait; answers how many were worked on. Progress is noted every `seconds`."""
    return make_files(world, _RECORDS, stopping, seconds)


def _make(world: World, claim: Claim, progress: Progress[Claim]) -> None:
    part, done = world.records.begin(claim.job_id, claim.holder), 0

    def seen(number: int) -> None:
        nonlocal done
        done += number
        progress(done)

    try:
        with part.open("w+b") as file, world.database.snapshot() as session:
            job = session.get_one(RecordsJob, claim.job_id)
            texts = dict(job.texts)
            written = write_records(session, file, RecordsFile(
                AskedRecords.of(job.asked).choice(session), job.form, world.clock.now(), job.language,
                lambda text: texts.get(text, text), seen))
        with world.database.write() as session:
            finish_records(session, world.clock, claim, written)
            world.records.keep(part, claim.job_id)
    finally:
        part.unlink(missing_ok=True)
    log.info("records_made", job=claim.job_id, rows=written.rows, size_bytes=written.size_bytes)


_RECORDS = FileKind("records", JOBS, claim_records, note_progress, fail_records, _make, lambda world: world.records)
