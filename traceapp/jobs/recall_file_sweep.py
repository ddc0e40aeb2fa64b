"""The sweep that makes files and archives of recalls, one after the other."""
from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from traceapp.making.work import Claim
from traceapp.recall.cases import recall_by_id
from traceapp.submission.recall_file_jobs import (
    JOBS,
    PACKAGE,
    claim_file,
    fail_file,
    finish_file,
    finish_package,
    note_progress,
)
from traceapp.submission.recall_file_model import RecallFileJob
from traceapp.submission.recall_files import prepare_file
from traceapp.submission.recall_package import write_package
from traceapp.world import World

from .file_sweep import EVERY_SECONDS, FileKind, Progress, make_files

log = structlog.get_logger()


def make_recall_files(world: World, stopping: threading.Event | None = None, seconds: float = EVERY_SECONDS) -> int:
    """Work off the files that wait; answers how many were worked on. Progress is noted every `seconds`."""
    return make_files(world, _FILES, stopping, seconds)


def _make(world: World, claim: Claim, progress: Progress[Claim]) -> None:
    part, done = world.records.begin(claim.job_id, claim.holder), 0

    def seen(number: int) -> None:
        nonlocal done
        done += number
        progress(done)

    with world.database.read() as session:
        kind = session.get_one(RecallFileJob, claim.job_id).kind
    try:
        if kind == PACKAGE:
            _make_archive(world, claim, part, seen)
        else:
            _make_file(world, claim, seen)
    finally:
        part.unlink(missing_ok=True)
    log.info("recall_file_made", job=claim.job_id, kind=kind)


def _make_file(world: World, claim: Claim, seen: Callable[[int], None]) -> None:
    """What earlier holders of the job staged is removed first, at the end what is left of this one alone: another may
    hold the job by then."""
    store, owner = world.files, f"{claim.job_id}.{claim.holder}"
    store.forget_staged(claim.job_id)
    try:
        with world.database.snapshot() as session:
            job = session.get_one(RecallFileJob, claim.job_id)
            made = prepare_file(session, world.clock, job.recall_id, job.kind,
                                (partial(store.stage, owner), seen))
        with world.database.write() as session:
            finish_file(session, world.clock, claim, made, store=store)
    finally:
        store.forget_staged(owner)


def _make_archive(world: World, claim: Claim, part: Path, seen: Callable[[int], None]) -> None:
    with part.open("w+b") as file, world.database.snapshot() as session:
        recall = recall_by_id(session, session.get_one(RecallFileJob, claim.job_id).recall_id)
        written = write_package(session, world.clock, recall, file, store=world.files, seen=seen)
        file.flush()
        os.fsync(file.fileno())
    with world.database.write() as session:
        finish_package(session, world.clock, claim, written)
        world.records.keep(part, claim.job_id)


_FILES = FileKind("recall_file", JOBS, claim_file, note_progress, fail_file, _make, lambda world: world.records)
