"""Sealing files that name persons and were kept before there was a seal for them."""
from __future__ import annotations

import structlog

from traceapp.core.actor import SYSTEM
from traceapp.submission.sealed_files import forget_open_files, has_open_files, seal_open_files
from traceapp.world import World

log = structlog.get_logger()


def seal_report_files(world: World, limit: int = 50) -> int:
    """Seal some files, then take out of the store what lies there open as well; answers how many were sealed. Two units
    of work: whenever it is cut off, each file is there, open or sealed."""
    with world.database.read() as session:
        if not has_open_files(session):
            return 0
    with world.database.write() as session:
        sealed = seal_open_files(session, SYSTEM, world.clock, limit, desk=world.reports)
    with world.database.write() as session:
        forgotten = forget_open_files(session, SYSTEM, world.clock, limit, desk=world.reports)
    if sealed or forgotten:
        log.info("files_sealed", sealed=sealed, forgotten=forgotten)
    return sealed
