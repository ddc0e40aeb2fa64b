"""Fifty SIGKILLs of the web server, of the jobs and of both, under load and while recalls are sent: what was
acknowledged is there once, nothing is half done, no letter goes out twice unless it was marked uncertain, the chain
holds."""
from __future__ import annotations

import queue
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.serving import Server

from .findings import Evidence, figures
from .house import SoakHouse, make_house
from .installation import Installation
from .options import Options
from .post_office import PostOffice
from .recalls import Pace, RecallWay
from .writers import FormWay, Ledger, Said, Way, Writer, api_way, at_work

KILLS = 50
# Over and over. Who takes over from killed jobs leads only when their lease of twenty seconds has run out.
TARGETS = ("serve", "serve", "jobs", "serve", "serve", "both")
API_WRITERS = 4
FORM_WRITERS = 2
TEAMS = 3
RECALLED_LOTS = 60
LONGEST_LIFE_SECONDS = 1.5
# A slow machine kills less often, so that the run ends within ten minutes; its figures say how often.
LONGEST_RUN_SECONDS = 480.0
# A life begins to count with its first acknowledgement or letter; one that gives none for so long has failed.
SILENCE_SECONDS = 90.0
# Now and then the server dies while it still starts.
KILLED_AT_START = 0.1


def kills(options: Options) -> dict[str, Any]:
    """The run; its figures say whether everything held (`ok`)."""
    office = PostOffice(options.seed)
    office.open()
    try:
        with tempfile.TemporaryDirectory() as folder:
            installation = Installation(folder, office.port)
            installation.run("db", "upgrade")
            world = installation.world()
            house = make_house(world, API_WRITERS + FORM_WRITERS, RECALLED_LOTS, TEAMS)
            world.database.close()
            ledger, ways = Ledger(), _ways(house, office)
            begun = time.monotonic()
            run = _Run(installation, ledger, office, random.Random(options.seed))
            _work_under_fire(run, ways, options.rounds or KILLS, begun + LONGEST_RUN_SECONDS)
            return {"kills": run.killed.total(), "killed": dict(run.killed), "seed": options.seed, "workers": 2,
                    "writers": len(ways), "seconds": round(time.monotonic() - begun),
                    "recovery_seconds_median": round(statistics.median(run.recoveries), 2),
                    "recovery_seconds_most": round(max(run.recoveries), 2),
                    **figures(Evidence(installation, ledger, office, len(ways)))}
    finally:
        office.close()


def _ways(house: SoakHouse, office: PostOffice) -> list[Way]:
    pace = Pace(house.recalled, office)
    ways: list[Way] = [api_way(house.reporter, lot) for lot in house.reported[:API_WRITERS]]
    ways += [FormWay(lot, number) for number, lot in enumerate(house.reported[API_WRITERS:])]
    return [*ways, *(_until_empty(RecallWay(team, pace)) for team in house.teams)]


def _until_empty(way: Way) -> Way:
    """The way, which says “later” once there is no lot left to recall."""

    def work(connection: Any, mark: str) -> Said:
        try:
            return way(connection, mark)
        except queue.Empty:
            return Said(429)

    return work


@dataclass(slots=True)
class _Run:
    """What runs, what was killed so far, and how many seconds each start of the server took until it answered."""

    installation: Installation
    ledger: Ledger
    office: PostOffice
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)


def _work_under_fire(run: _Run, ways: Sequence[Way], rounds: int, until: float) -> None:
    """Kill and start anew under load; at the end all writers have their last answer and everything is stopped."""
    server, jobs = run.installation.start_server(), run.installation.start_jobs()
    server.wait_until_ready("/healthz")
    writers = [Writer(f"writer-{number}", run.installation.port, way, run.ledger) for number, way in enumerate(ways)]
    letters = run.office.count()
    with at_work(writers, lambda: [server, jobs]):
        for number in range(rounds):
            if time.monotonic() > until:
                break
            target = TARGETS[number % len(TARGETS)]
            _wait_for(run.ledger.count, run.ledger.count(), f"an acknowledgement: {dict(run.ledger.statuses)}")
            if target != "serve":
                _wait_for(run.office.count, letters, "a letter")
            time.sleep(run.chance.uniform(0.0, LONGEST_LIFE_SECONDS))
            if target in ("jobs", "both"):
                jobs.kill()
            if target in ("serve", "both"):
                server.kill()
                server = _server_again(run)
            if target in ("jobs", "both"):
                jobs, letters = run.installation.start_jobs(), run.office.count()
            run.killed[target] += 1
            print(f"soak: kill {number + 1} ({target}), {run.ledger.count()} acknowledged, "
                  f"{run.office.count()} letters", file=sys.stderr, flush=True)
        _wait_for(run.ledger.count, run.ledger.count(), "an acknowledgement")
    jobs.stop(30)
    server.stop()


def _server_again(run: _Run) -> Server:
    begun = time.monotonic()
    server = run.installation.start_server()
    if run.chance.random() < KILLED_AT_START:
        time.sleep(run.chance.uniform(0.0, LONGEST_LIFE_SECONDS))
        server.kill()
        server = run.installation.start_server()
    server.wait_until_ready("/healthz")
    run.recoveries.append(time.monotonic() - begun)
    return server


def _wait_for(count: Callable[[], int], before: int, what: str) -> None:
    """Return once there is more than before, so that each kill hits something at work."""
    until = time.monotonic() + SILENCE_SECONDS
    while count() <= before:
        if time.monotonic() > until:
            raise RuntimeError(f"for {SILENCE_SECONDS} s there was not {what}")
        time.sleep(0.01)
