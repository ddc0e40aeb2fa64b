"""100,000 hostile codes to a real server: every one is answered, and none with an error of ours."""
from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.many_lots import GTIN, fill, make_tables
from benchmarks.serving import own_server, served
from traceapp.code.links import NewLink, register_link
from traceapp.core.actor import Actor
from traceapp.core.clock import SystemClock
from traceapp.db import Database
from traceapp.identity.policy import permissions_of

from .hostile import TARGETS, hostile_headers, hostile_targets
from .options import Options

CODES = 100_000
ASKERS = 4
_BY_HYPOTHESIS = 0.05
_TIMEOUT_SECONDS = 30.0
_LINKER = Actor("soak", "administrator", "Soak Run", permissions_of("administrator"))


@dataclass(slots=True)
class Tally:
    """What came back. Safe for threads."""

    statuses: Counter[int] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    unanswered: int = 0
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, target: str, status: int | None, seconds: float) -> None:
        with self.lock:
            self.slowest = max(self.slowest, seconds)
            if status is None:
                self.unanswered += 1
            else:
                self.statuses[status] += 1
            if status is None or not 200 <= status < 500:
                self.bad.append(target[:200])


class Asker:
    """One connection that sends request lines as they are, and opens another when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: socket.socket | None = None

    def ask(self, target: str, headers: dict[str, str]) -> int | None:
        """The status of the answer; None when there was none. A connection that had ended by itself is tried anew."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
        was_open = self._connection is not None
        status = self._sent(request)
        return self._sent(request) if status is None and was_open else status

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sent(self, request: bytes) -> int | None:
        try:
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT_SECONDS)
            self._connection.sendall(request)
            return self._read(self._connection)
        except OSError:
            self.close()
            return None

    def _read(self, connection: socket.socket) -> int | None:
        got = b""
        while b"\r\n\r\n" not in got:
            part = connection.recv(65536)
            if not part:
                self.close()
                return None
            got += part
        head, _, body = got.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        status = int(head.split()[1])
        left = 0 if status in (204, 304) else int(fields.get(b"content-length", b"0")) - len(body)
        while left > 0:
            part = connection.recv(65536)
            if not part:
                self.close()
                return None
            left -= len(part)
        if fields.get(b"connection") == b"close":
            self.close()
        return status


def codes(options: Options) -> dict[str, Any]:
    """The run and its figures."""
    count = options.rounds or CODES
    with tempfile.TemporaryDirectory() as folder:
        environment = {"TRACEAPP_VAR_DIR": folder, "TRACEAPP_DATABASE_URL": f"sqlite:///{folder}/traceapp.db",
                       "TRACEAPP_DEVELOPMENT": "1", "TRACEAPP_BASE_URL": "https://trace.maker.example"}
        database = Database(environment["TRACEAPP_DATABASE_URL"])
        make_tables(database)
        fill(database, 50)
        _link(database)
        database.close()
        tally, begun = Tally(), time.monotonic()
        with served(own_server("traceapp.app:from_environment", 1, 8), "/healthz", environment) as server:
            by_hypothesis = int(count * _BY_HYPOTHESIS)
            _thought_of(server.port, tally, by_hypothesis, options.seed)
            _broken(server.port, tally, count - sum(tally.statuses.values()) - tally.unanswered, options.seed)
            is_alive = server.process.poll() is None
        return {"ok": is_alive and not tally.bad and tally.statuses[200] > 0 and tally.statuses[307] > 0,
                "asked": sum(tally.statuses.values()) + tally.unanswered,
                "statuses": {str(status): number for status, number in sorted(tally.statuses.items())},
                "unanswered": tally.unanswered, "bad": tally.bad[:20], "slowest_ms": round(1000 * tally.slowest, 1),
                "seconds": round(time.monotonic() - begun, 1)}


def _link(database: Database) -> None:
    """Links of every kind: several that nothing tells apart, and one of a foreign key."""
    with database.write() as session:
        for anchor, number in ((f"(01){GTIN}(10)L000001", 1), (f"(01){GTIN}(10)L000001", 2),
                               ("(8006)095060001343520102", 3)):
            register_link(session, _LINKER, SystemClock(), NewLink(
                anchor, "gs1:instructions", f"https://maker.example/{number}?a=b#c", "Leaflet"),
                own_root="https://trace.maker.example")


def _thought_of(port: int, tally: Tally, count: int, number: int) -> None:
    """Targets that hypothesis makes up."""
    asker, random = Asker(port), Random(number)

    @seed(number)
    @settings(max_examples=max(1, count), deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(TARGETS)
    def ask(target: str) -> None:
        _noted(asker, tally, target, hostile_headers(random))

    ask()
    asker.close()


def _broken(port: int, tally: Tally, count: int, number: int) -> None:
    """Targets that were sound once, from several askers at the same time."""
    def work(part: int) -> None:
        asker, random = Asker(port), Random(f"{number} {part}")
        for target in hostile_targets(random, count // ASKERS + (part < count % ASKERS)):
            _noted(asker, tally, target, hostile_headers(random))
        asker.close()

    threads = [threading.Thread(target=work, args=(part,)) for part in range(ASKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _noted(asker: Asker, tally: Tally, target: str, headers: dict[str, str]) -> None:
    begun = time.monotonic()
    status = asker.ask(target, headers)
    tally.note(target, status, time.monotonic() - begun)
