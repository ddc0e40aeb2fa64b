"""Fifty SIGKILLs of the server under load: what was acknowledged is there, nothing is half done, the chain holds."""
from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from benchmarks.many_lots import GTIN, fill, number_of
from benchmarks.serving import Server, free_port, start
from traceapp.audit.model import AuditEntry
from traceapp.complaint.model import Complaint
from traceapp.db import Database
from traceapp.trace.identity import lot_key
from traceapp.worklist.model import Task

from .options import Options
from .writers import FormWay, Ledger, Way, Writer, api_way

KILLS = 50
LOTS = 20
API_WRITERS = 4
FORM_WRITERS = 2
LONGEST_LIFE_SECONDS = 1.5
# A life begins to count with its first acknowledgement; a server that gives none for so long has failed.
SILENCE_SECONDS = 60.0
# Now and then the server dies while it still starts.
KILLED_AT_START = 0.1
_CLASS = f"https://id.gs1.org/01/{GTIN}"
_PASSWORD = "soak run 7 violet harbour"


class Installation:
    """A fresh installation in a folder of its own, used by its commands."""

    def __init__(self, folder: str) -> None:
        self.port = free_port()
        self.environment = {
            "TRACEAPP_VAR_DIR": folder, "TRACEAPP_DATABASE_URL": f"sqlite:///{folder}/traceapp.db",
            "TRACEAPP_DEVELOPMENT": "1", "TRACEAPP_WORKERS": "2", "TRACEAPP_TRUSTED_PROXIES": "1",
            "TRACEAPP_NEW_PASSWORD": _PASSWORD,
            "TRACEAPP_BASE_URL": f"http://127.0.0.1:{self.port}",
            # Compiled once for all starts, also where the surroundings forbid to write bytecode.
            "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}

    def run(self, *command: str) -> str:
        """What a `traceapp` command says. Raises RuntimeError when it fails."""
        code, said = self.attempt(*command)
        if code:
            raise RuntimeError(f"traceapp {' '.join(command)} failed: {said}")
        return said

    def attempt(self, *command: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-m", "traceapp", *command], env={**os.environ, **self.environment},
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip() or done.stderr.strip()

    def prepare(self) -> str:
        """Tables, some lots, a member of staff; returns a token that may report."""
        self.run("db", "upgrade")
        database = self.database()
        fill(database, LOTS)
        database.close()
        self.run("user", "add", "soak", "--name", "Soak Run", "--role", "quality")
        return self.run("token", "add", "soak", "--name", "soak", "--scope", "complaint.write").split()[0]

    def database(self) -> Database:
        return Database(self.environment["TRACEAPP_DATABASE_URL"])

    def start(self) -> Server:
        return start([sys.executable, "-m", "traceapp", "serve"], self.environment, port=self.port)


def kills(options: Options) -> dict[str, Any]:
    """The run; its figures say whether everything held (`ok`)."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(folder)
        token = installation.prepare()
        ledger = Ledger()
        lots = [lot_key(_CLASS, number_of(index)) for index in range(LOTS)]
        ways: list[Way] = [api_way(token, lots[index]) for index in range(API_WRITERS)]
        ways += [FormWay(lots[API_WRITERS + index], index) for index in range(FORM_WRITERS)]
        recoveries = _kill_again_and_again(installation, ways, ledger, options)
        return {"kills": len(recoveries), "seed": options.seed, "workers": 2, "writers": len(ways),
                "recovery_seconds_median": round(statistics.median(recoveries), 2),
                "recovery_seconds_most": round(max(recoveries), 2), **_figures(installation, ledger, len(ways))}


def _kill_again_and_again(installation: Installation, ways: Sequence[Way], ledger: Ledger,
                          options: Options) -> list[float]:
    """Kill and start anew under load; how many seconds each start took until it answered."""
    chance = random.Random(options.seed)
    server = installation.start()
    server.wait_until_ready("/healthz")
    writers = [Writer(f"writer-{number}", installation.port, way, ledger) for number, way in enumerate(ways)]
    for writer in writers:
        writer.start()
    recoveries: list[float] = []
    try:
        for _ in range(options.rounds or KILLS):
            _wait_for_work(ledger)
            time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
            server.kill()
            begun = time.monotonic()
            server = installation.start()
            if chance.random() < KILLED_AT_START:
                time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
                server.kill()
                server = installation.start()
            server.wait_until_ready("/healthz")
            recoveries.append(time.monotonic() - begun)
            print(f"soak: kill {len(recoveries)}, up again after {recoveries[-1]:.1f} s, "
                  f"{len(ledger.acknowledged)} acknowledged", file=sys.stderr, flush=True)
        _wait_for_work(ledger)
    finally:
        for writer in writers:
            writer.finish()
        for writer in writers:
            writer.join(60)
        server.stop()
    return recoveries


def _wait_for_work(ledger: Ledger) -> None:
    """Return once the server that now runs has acknowledged something, so that each kill hits a working server."""
    before = len(ledger.acknowledged)
    until = time.monotonic() + SILENCE_SECONDS
    while len(ledger.acknowledged) == before:
        if time.monotonic() > until:
            raise RuntimeError(f"nothing was acknowledged for {SILENCE_SECONDS} s: {dict(ledger.statuses)}")
        time.sleep(0.01)


def _figures(installation: Installation, ledger: Ledger, writers: int) -> dict[str, Any]:
    database = installation.database()
    with database.reading() as connection:
        stored = Counter(connection.scalars(select(Complaint.narrative)))
        half_done = _half_done(connection)
    database.close()
    lost = sorted(ledger.acknowledged - set(stored))
    doubled = sorted(mark for mark, times in stored.items() if times > 1)
    unexpected = {status: count for status, count in ledger.statuses.items() if status >= 500 or status in (400, 422)}
    verify_code, verified = installation.attempt("audit", "verify")
    check_code, checked = installation.attempt("db", "check")
    # A run in which a way of reporting never worked would prove nothing about it.
    heard = Counter(mark.rpartition(" ")[0].removeprefix("soak ") for mark in ledger.acknowledged)
    broken = len(heard) < writers or lost or doubled or half_done or unexpected or verify_code or check_code
    return {
        "ok": not broken, "acknowledged": len(ledger.acknowledged),
        "acknowledged_by_writer": dict(sorted(heard.items())), "stored": sum(stored.values()),
        "interrupted": ledger.interrupted, "uncertain": len(ledger.uncertain),
        "statuses": {str(status): count for status, count in sorted(ledger.statuses.items())},
        "lost": len(lost), "lost_examples": lost[:5], "doubled": len(doubled), "doubled_examples": doubled[:5],
        "half_done": half_done, "audit_verify": _json(verified), "db_check": _json(checked)}


def _half_done(connection: Connection) -> dict[str, int]:
    """Complaints without what belongs to them, by what is missing; empty when all are whole."""
    about = "complaint:" + Complaint.id
    parts = {
        "audit entry": select(AuditEntry.stream).where(AuditEntry.stream == about),
        "triage task": select(Task.about).where(Task.about == about, Task.kind == "complaint.triage"),
    }
    found = {}
    for name, part in parts.items():
        missing = connection.scalar(select(func.count()).select_from(Complaint).where(~part.exists()))
        if missing:
            found[name] = missing
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
