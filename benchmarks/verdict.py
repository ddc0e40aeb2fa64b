"""How late a recall shows: two workers, each with a cache of its own, asked again and again around the commit.

    TRACEAPP_BENCH_DATABASE=postgresql python3 dev.py bench verdict

See `databases` for where the lots are put.
"""
from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from traceapp.core.actor import Actor
from traceapp.core.clock import SystemClock
from traceapp.db import Database
from traceapp.trace.holds import LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.identity import lot_key
from traceapp.trace.model import HoldKind

from .databases import databases
from .many_lots import GTIN, fill, make_tables, number_of, path_of
from .registry import Row, benchmark
from .scan import environment_of
from .serving import own_server, served

LOTS = 200
WORKERS, CLIENTS = 2, 8
# A kept answer may be as old as this, by what its own header allows a proxy.
LONGEST_SECONDS = 1.0
_AFTER_SECONDS, _PAUSE_SECONDS = 1.6, 0.004
_ROUNDS = 10
_READY = "/readyz"


@dataclass(slots=True)
class Asking:
    """Clients that ask for the verdict of one lot, each on a connection of its own, until told to stop. `seen`:
    (monotonic seconds before the question, after the answer, verdict)."""

    port: int
    path: str
    stop: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[float, float, str]] = field(default_factory=list)

    def begin(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _ask(self) -> None:
        while not self.stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            for _question in range(5):  # then another connection, which may meet the other worker
                before = time.monotonic()
                connection.request("GET", self.path, headers={"Accept": "application/json"})
                verdict = json.loads(connection.getresponse().read())["verdict"]
                self.seen.append((before, time.monotonic(), verdict))
                time.sleep(_PAUSE_SECONDS)
            connection.close()


def _round(database: Database, port: int, index: int, actor: Actor) -> tuple[float, int]:
    """The age of the latest answer from before the commit of a hold by a recall, and how many answers came too early.
    The age counts from the commit to the question."""
    clock, asking = SystemClock(), Asking(port, path_of(index))
    key = lot_key(f"https://id.gs1.org/01/{GTIN}", number_of(index))
    threads = asking.begin()
    time.sleep(0.5)
    with database.write() as session:
        place_hold(session, actor, clock, PlaceHold((key,), HoldKind.recall, f"recall:{index:032d}", "bench"))
        session.flush()
        began = time.monotonic()
    committed = time.monotonic()
    time.sleep(_AFTER_SECONDS)
    asking.stop.set()
    for thread in threads:
        thread.join(10)
    stale = [before - committed for before, _after, verdict in asking.seen if verdict != "recalled"]
    early = sum(after < began and verdict == "recalled" for _before, after, verdict in asking.seen)
    with database.write() as session:
        lift_hold(session, actor, clock, LiftHold("bench", source=f"recall:{index:032d}"))
    return max(stale), early


@benchmark("verdict")
def verdict() -> Iterator[Row]:
    """The verdict of lots that are recalled while clients ask for it."""
    for made in databases():
        with made as url, tempfile.TemporaryDirectory() as folder:
            yield _verdict(environment_of(folder) | {"TRACEAPP_DATABASE_URL": url})


def _verdict(surroundings: dict[str, str]) -> Row:
    database = Database(surroundings["TRACEAPP_DATABASE_URL"])
    make_tables(database)
    fill(database, LOTS)
    actor = Actor("bench", "quality_manager", "bench")
    with served(own_server("benchmarks.scan:application", WORKERS, 4), _READY, surroundings) as server:
        rounds = [_round(database, server.port, index, actor) for index in range(1, _ROUNDS + 1)]
    database.close()
    worst = max(age for age, _early in rounds)
    return Row(f"verdict of a recalled lot, latest old answer, {database.dialect}", worst * 1000, "ms", "limit",
               LONGEST_SECONDS * 1000, LONGEST_SECONDS / worst, 1.0,
               f"{_ROUNDS} recalls, {WORKERS} workers, {CLIENTS} clients; "
               f"{sum(early for _age, early in rounds)} answers before the commit")
