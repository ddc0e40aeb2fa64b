"""Fifty SIGKILLs of the web server while clients send documents: after each, every acknowledged document is there
whole, no other in part, the derived tables are what a rebuild makes of the events, and the trail's chain holds."""
from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from benchmarks.serving import free_port
from traceapp.core.actor import SYSTEM
from traceapp.identity.service import NewToken, NewUser, create_token, create_user
from traceapp.trace.capture import CaptureDocument, capture_document, read_document
from traceapp.world import World

from .capture_documents import KINDS, document_of, first_document
from .capture_findings import broken_chain, counted, differing_tables, faults_of_documents, wait_for_the_dead
from .installation import PASSWORD, Installation, database_for
from .options import Options
from .writers import Ledger, Said, Writer, at_work

KILLS = 50
CLIENTS = 4
LONGEST_LIFE_SECONDS = 1.5
_LONGEST_PAUSE_SECONDS = 0.12
_SILENCE_SECONDS = 90.0


@dataclass(slots=True)
class _Run:
    """What runs, what it was asked to store, and what did not hold so far."""

    installation: Installation
    world: World
    seed: int
    chance: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    tried: set[str] = field(default_factory=set)
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


def captures(options: Options) -> dict[str, Any]:
    """The run; its figures say whether everything held (`ok`)."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="traceapp-soak-") as folder, database_for(folder, options.database) as url:
        installation = Installation(folder, free_port(), url)
        installation.run("db", "upgrade")
        run = _Run(installation, installation.world(), options.seed, random.Random(options.seed))
        try:
            _kill_over_and_over(run, _token(run.world), options.rounds or KILLS)
            ledger = run.ledger
            heard = Counter(KINDS[sum(map(int, mark.removeprefix("soak writer-").split())) % len(KINDS)]
                            for mark in ledger.acknowledged)
            unexpected = {str(status): count for status, count in ledger.statuses.items() if status >= 400}
            return {"ok": not run.faults and not unexpected and len(heard) == len(KINDS), "database": options.database,
                    "kills": run.kills, "seed": options.seed, "clients": CLIENTS,
                    "acknowledged": len(ledger.acknowledged), "acknowledged_by_kind": dict(heard),
                    "interrupted": ledger.interrupted, "retried": dict(ledger.retried), "unexpected": unexpected,
                    "faults": dict(run.faults), "examples": run.examples[:10], **counted(run.world.database),
                    "seconds": round(time.monotonic() - begun)}
        finally:
            run.world.database.close()


def _token(world: World) -> str:
    """The token of a partner's machine; and the first document is there."""
    document = read_document(CaptureDocument("first", first_document()))
    with world.database.write() as session:
        user = create_user(session, SYSTEM, world.clock, NewUser("soak", "Soak", "quality_manager", PASSWORD))
        capture_document(session, SYSTEM, world.clock, document)
        return create_token(session, SYSTEM, world.clock, NewToken("soak", user.id, ("epcis.capture",)))[1]


def _kill_over_and_over(run: _Run, token: str, rounds: int) -> None:
    server = run.installation.start_server()
    server.wait_until_ready("/healthz")
    clients = [Writer(f"writer-{number}", run.installation.port, _Client(run, token, number), run.ledger)
               for number in range(CLIENTS)]
    with at_work(clients, lambda: [server]):
        for number in range(rounds):
            _wait_for_more(run.ledger)
            time.sleep(run.chance.uniform(0.0, LONGEST_LIFE_SECONDS))
            server.kill()
            run.kills += 1
            _check(run)
            print(f"soak: kill {number + 1}, {run.ledger.count()} documents acknowledged, "
                  f"{run.ledger.interrupted} interrupted, faults: {dict(run.faults)}", file=sys.stderr, flush=True)
            server = run.installation.start_server()
            server.wait_until_ready("/healthz")
        _wait_for_more(run.ledger)
    server.stop()
    _check(run)
    if run.ledger.uncertain:
        run.faults["never answered"] += len(run.ledger.uncertain)


def _check(run: _Run) -> None:
    """Look at everything that must hold while nobody works in the database."""
    database = run.world.database
    wait_for_the_dead(database)
    with run.ledger.lock:
        acknowledged, tried = set(run.ledger.acknowledged), sorted(run.tried)
    for kind, found in faults_of_documents(database, tried, acknowledged, run.seed).items():
        if found:
            run.faults[kind] += len(found)
            run.examples += found
    differing = differing_tables(database)
    if differing:
        run.faults["differs from a rebuild"] += 1
        run.examples += differing
    broken = broken_chain(database, run.world.settings.secret_key or None)
    if broken:
        run.faults["broken chain"] += 1
        run.examples.append(broken)


def _wait_for_more(ledger: Ledger) -> None:
    """Return once another document was acknowledged, so that each kill hits something at work."""
    before, until = ledger.count(), time.monotonic() + _SILENCE_SECONDS
    while ledger.count() <= before:
        if time.monotonic() > until:
            raise RuntimeError(f"for {_SILENCE_SECONDS} s no document was acknowledged: {dict(ledger.statuses)}")
        time.sleep(0.005)


class _Client:
    """Sends the document of each mark; sent again, it has the same address as before."""

    def __init__(self, run: _Run, token: str, number: int) -> None:
        self._run, self._token = run, token
        self._chance = random.Random(f"{run.seed} client {number}")

    def __call__(self, connection: HTTPConnection, mark: str) -> Said:
        time.sleep(self._chance.uniform(0.0, _LONGEST_PAUSE_SECONDS))
        sent = document_of(mark, self._run.seed)
        connection.connect()
        with self._run.ledger.lock:
            self._run.tried.add(mark)
        connection.request("POST", "/epcis/capture", sent.content, {
            "Authorization": f"Bearer {self._token}", "Content-Type": "application/json",
            "GS1-Capture-Error-Behaviour": "proceed" if sent.proceeds else "rollback"})
        answer = connection.getresponse()
        answer.read()
        return Said(answer.status)
