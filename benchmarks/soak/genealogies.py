"""Random genealogies by the thousand: what each lot reaches, both ways, beside the oracle of the tests."""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests import postgres
from tests.genealogies import Genealogy, Oracle, genealogy, store
from traceapp import models
from traceapp.db import Database
from traceapp.trace.reach import DOWN, UP, Walk, Wanted

from .options import Options

ROUNDS = 5_000
_LARGEST = 20


def genealogies(options: Options) -> dict[str, Any]:
    """How many walks there were and which differed; on PostgreSQL where the machine has it."""
    rounds = options.rounds or ROUNDS
    every = [genealogy(options.seed + number, largest=_LARGEST) for number in range(rounds)]
    walks: dict[str, int] = {}
    differing: list[str] = []
    for open_database in (sqlite, postgresql):
        try:
            with open_database() as database:
                models.metadata.create_all(database.engine)
                for start in range(0, rounds, 500):
                    store(database, every[start:start + 500])
                walks[database.dialect], wrong = _compare(database, every)
                differing += wrong
        except LookupError:
            walks["postgresql"] = 0
    return {"ok": not differing, "walks": walks, "differing": differing[:20]}


@contextmanager
def sqlite() -> Iterator[Database]:
    """An empty database in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="traceapp-soak-") as folder:
        database = Database(f"sqlite:///{folder}/soak.db", is_durable=False)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def postgresql() -> Iterator[Database]:
    """One on a server of its own. Raises LookupError where the machine has none."""
    with postgres.server() as url:
        database = Database(url)
        try:
            yield database
        finally:
            database.close()


def _compare(database: Database, every: list[Genealogy]) -> tuple[int, list[str]]:
    walks, wrong = 0, []
    with database.reading() as connection:
        for of in every:
            numbers = {of.key(number): number for number in range(of.lots)}
            root = of.seed % of.lots
            for direction in (UP, DOWN):
                for by_time, kept in ((True, False), (True, True), (False, False)):
                    walk = Walk(connection, Wanted(of.key(root), direction, by_time, with_amounts=kept))
                    found = {numbers[one.lot_key]: one.depth for level in walk.levels() for one in level}
                    oracle = Oracle(of, root, up=direction == UP, by_time=by_time)
                    walks += 1
                    if found != oracle.steps:
                        wrong.append(f"{database.dialect} seed {of.seed} {direction} by_time={by_time} kept={kept}")
    return walks, wrong
