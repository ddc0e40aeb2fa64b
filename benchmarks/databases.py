"""The databases that a benchmark measures, each made when it is entered and gone afterwards.

`TRACEAPP_BENCH_DATABASE` names one of `sqlite` and `postgresql`; where it names none, both. PostgreSQL is started from
the binaries on the machine, reached by a socket in its own folder; it waits for the disk as a plant's does, and is set
as the README recommends.
`TRACEAPP_BENCH_DATABASE_URL` names a database to use instead, which stays as it is left.
"""
from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from tests import postgres
from traceapp.db import Database

Answer = TypeVar("Answer")
_ALL_IN_MEMORY = ("SELECT sum(pg_prewarm(oid)) FROM pg_class WHERE relkind IN ('r', 'i') AND relpersistence = 'p' "
             "AND relnamespace = 'public'::regnamespace")


def databases() -> list[AbstractContextManager[str]]:
    """The address of each, when it is entered. Raises LookupError where PostgreSQL is wanted and is not there."""
    given, wanted = (os.environ.get(f"TRACEAPP_BENCH_DATABASE{part}", "") for part in ("_URL", ""))
    if given:
        return [nullcontext(given)]
    if wanted not in ("", "sqlite", "postgresql"):
        raise LookupError("TRACEAPP_BENCH_DATABASE is sqlite, postgresql, or not set")
    found = [] if wanted == "postgresql" else [_sqlite()]
    if wanted == "sqlite" or (not wanted and postgres.binaries() is None):
        return found
    return [*found, postgres.server(is_durable=True)]


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as folder:
        yield f"sqlite:///{Path(folder, 'bench.sqlite')}"


def settle(database: Database) -> None:
    """What every database in use has had after a while: statistics, and on PostgreSQL its sweep through the rows; what
    was filled in has gone to the disk, and lies in memory too. Else the disk is measured: after filling, a twentieth of
    the pages is not in memory, and each takes a millisecond."""
    statements, options = (("ANALYZE",), {}) if database.is_sqlite else (
        ("VACUUM (ANALYZE)", "CHECKPOINT", "CREATE EXTENSION IF NOT EXISTS pg_prewarm", _ALL_IN_MEMORY),
        {"isolation_level": "AUTOCOMMIT"})
    with database.engine.connect().execution_options(**options) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def alone(measure: Callable[..., Answer], *given: object) -> Answer:
    """What this measures in a process of its own, which has not just filled a database with a million rows."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *given).result()


def say(text: str) -> None:
    """A word on where a long benchmark is."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
