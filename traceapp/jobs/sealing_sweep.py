"""What came before the vault did it by itself: sealing files that name persons, noting second contacts."""
from __future__ import annotations

import structlog

from traceapp.core.actor import SYSTEM
from traceapp.submission.sealed_files import forget_open_files, has_open_files, seal_open_files
from traceapp.vault.service import has_persons_to_hash, hash_mails
from traceapp.world import World

log = structlog.get_logger()
_BATCHES = 20  # in one run, so that other sweeps have their turn


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


def hash_second_contacts(world: World, limit: int = 100) -> int:
    """Note the hash of the e-mail of persons who were kept before it was; answers how many were looked at. One that
    cannot be opened holds up no other."""
    with world.database.read() as session:
        if not has_persons_to_hash(session, world.vault):
            return 0
    after: str | None = ""
    seen = 0
    while after is not None and seen < limit * _BATCHES:
        with world.database.write() as session:
            step = hash_mails(session, SYSTEM, world.clock, limit, vault=world.vault, after=after)
        after, seen = step.last, seen + step.moved
    return seen
