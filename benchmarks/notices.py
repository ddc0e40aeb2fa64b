"""Freezing the scope of a recall and putting a notice to each of ten thousand consignees into the outbox.

    TRACEAPP_BENCH_DATABASE=postgresql python3 dev.py bench notices

See `databases` for where they are put.
"""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from time import process_time

from traceapp.recall.model import Recall
from traceapp.world import World

from .databases import databases
from .many_consignees import Team, make_case, submit_and_approve
from .registry import Row, benchmark
from .soak.installation import Installation

CONSIGNEES = 10_000
AIM_SECONDS = 10.0


@benchmark("notices")
def notices() -> Iterator[Row]:
    """On a database with this one recall."""
    for made in databases():
        with made as url, tempfile.TemporaryDirectory() as folder:
            installation = Installation(folder, 1, url)
            installation.run("db", "upgrade")
            world = installation.world()
            yield enqueueing(world, *make_case(world, CONSIGNEES))
            world.database.close()


def enqueueing(world: World, team: Team, recall: Recall) -> Row:
    """Submission and approval with everything that they cause, committed: the scope frozen and hashed, ledger, holds,
    clocks, notices and letters."""
    begun = process_time()
    froze, queued = submit_and_approve(world, team, recall)
    seconds = froze + queued
    name = f"freeze and enqueue {CONSIGNEES:,} notices, {world.database.dialect}"
    return Row(name, seconds, "s", "aim", AIM_SECONDS, AIM_SECONDS / seconds, 1.0,
               f"froze {froze:.1f} s, enqueued {queued:.1f} s, processor {process_time() - begun:.1f} s")
