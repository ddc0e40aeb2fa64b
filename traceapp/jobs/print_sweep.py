"""The sweep that prints: makes the files of print jobs, one after the other."""
from __future__ import annotations

import threading

import structlog

from traceapp.code.print_content import write_labels
from traceapp.code.print_work import PrintClaim, claim_print, fail_print, finish_print, note_progress
from traceapp.code.printing import JOBS, printable
from traceapp.world import World

from .file_sweep import EVERY_SECONDS, FileKind, Progress, make_files

log = structlog.get_logger()


def print_labels(world: World, stopping: threading.Event | None = None, seconds: float = EVERY_SECONDS) -> int:
    """Work off the print jobs that wait; answers how many were worked on. Progress is noted every `seconds`."""
    return make_files(world, _PRINTS, stopping, seconds)


def _make(world: World, claim: PrintClaim, progress: Progress[PrintClaim]) -> None:
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


_PRINTS = FileKind("print", JOBS, claim_print, note_progress, fail_print, _make, lambda world: world.prints)
