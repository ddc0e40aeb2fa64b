"""People and machines that go on working while the server dies under them, and remember what was acknowledged."""
from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

from benchmarks.serving import Server

TIMEOUT_SECONDS = 20.0
_PAUSE_SECONDS = 0.1
# What a form says that leads back to an earlier page: an answer, but no acknowledgement.
_NOT_SENT = 100
_LATER = 429


@dataclass(frozen=True, slots=True)
class Said:
    """The last answer to a piece of work; `is_replayed`: an answer on the way was that of an earlier try."""

    status: int
    is_replayed: bool = False


# A way to work: given a connection and the mark of a piece of work, it does that and returns what was said at last.
Way = Callable[[HTTPConnection, str], Said]


@dataclass(slots=True)
class Ledger:
    """What the writers know: of each piece of work its mark and how it ended. Safe for threads."""

    acknowledged: set[str] = field(default_factory=set)
    uncertain: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    interrupted: int = 0
    retried: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, mark: str, said: Said) -> None:
        """How a piece of work ended: 2xx or 3xx is an acknowledgement. One that was interrupted before was answered
        by replay, or by acting."""
        with self.lock:
            self.statuses[said.status] += 1
            is_done = 200 <= said.status < 400
            if mark in self.uncertain:
                self.retried["not done" if not is_done else "replayed" if said.is_replayed else "acted"] += 1
            if is_done:
                self.acknowledged.add(mark)
                self.uncertain.discard(mark)
            else:
                self.uncertain.add(mark)

    def note_interruption(self, mark: str) -> None:
        """The connection broke before the answer was there."""
        with self.lock:
            self.interrupted += 1
            self.uncertain.add(mark)

    def is_uncertain(self, mark: str) -> bool:
        """Whether nobody knows how this piece of work ended."""
        with self.lock:
            return mark in self.uncertain

    def count(self) -> int:
        """How many pieces of work were acknowledged."""
        with self.lock:
            return len(self.acknowledged)


class Writer(threading.Thread):
    """Does one thing after the other by its way; what was interrupted is sent again with the same mark, also at the
    end. Whoever is told to come back later (429) ends."""

    def __init__(self, name: str, port: int, way: Way, ledger: Ledger) -> None:
        super().__init__(name=name, daemon=True)
        self._port = port
        self._way = way
        self._ledger = ledger
        self._over = threading.Event()
        self._is_left = False

    def leave(self) -> None:
        """Send nothing more, not even again what was interrupted."""
        self._is_left = True
        self._over.set()

    def finish(self) -> None:
        """Let the present piece of work be the last."""
        self._over.set()

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            mark = f"soak {self.name} {number:06}"
            while not self._work(mark):
                time.sleep(_PAUSE_SECONDS)
                if self._is_left or (self._over.is_set() and not self._ledger.is_uncertain(mark)):
                    return

    def _work(self, mark: str) -> bool:
        """Whether there was an answer."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        try:
            said = self._way(connection, mark)
            self._ledger.note(mark, said)
            if said.status == _LATER:
                self._over.set()
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except (OSError, HTTPException):
            self._ledger.note_interruption(mark)
            return False
        finally:
            connection.close()
        return True


@contextmanager
def at_work(writers: Sequence[Writer], dying: Callable[[], Iterable[Server]]) -> Iterator[None]:
    """The writers work meanwhile; at the end each has its last answer. Who is stopped in the middle waits for nobody:
    the writers are left, and the servers `dying` are killed."""
    for writer in writers:
        writer.start()
    try:
        yield
    except BaseException:
        for writer in writers:
            writer.leave()
        for server in dying():
            server.kill()
        raise
    for writer in writers:
        writer.finish()
    for writer in writers:
        writer.join(60)


class Machine:
    """The interface for machines with one token; every POST carries a key of its own."""

    def __init__(self, connection: HTTPConnection, token: str) -> None:
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.is_replayed = False

    def post(self, path: str, body: object, key: str, etag: str | None = None) -> tuple[int, dict[str, str]]:
        """The status and the object that was answered."""
        headers = {**self._headers, "Idempotency-Key": key} | ({"If-Match": etag} if etag else {})
        self._connection.request("POST", f"/api/v1{path}", json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self.is_replayed = self.is_replayed or "Idempotency-Replayed" in answer.headers
        return answer.status, json.loads(content)

    def etag(self, path: str) -> str:
        """The version of what stands there."""
        self._connection.request("GET", f"/api/v1{path}", headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.headers.get("ETag", "")


def api_way(token: str, lot_key: str) -> Way:
    """A report by `POST /api/v1/complaints`; the mark is also its idempotency key."""

    def report(connection: HTTPConnection, mark: str) -> Said:
        machine = Machine(connection, token)
        status, _ = machine.post("/complaints", {
            "narrative": mark, "lot_key": lot_key, "harm": "yes", "affected": "me",
            "contact": {"name": "Example Person", "email": "person@example.org"}}, mark)
        return Said(status, machine.is_replayed)

    return report


class FormWay:
    """A report by the pages of the public form; the last page of an interrupted one is sent again, as a person would.

    Each report comes from a network of its own (the installation trusts one proxy), as those of many people would.
    """

    _FORM = {"Content-Type": "application/x-www-form-urlencoded"}
    _PAGES = (("signs", ""), ("whom", "affected=me"), ("bad", "seriousness=none"))

    def __init__(self, lot_key: str, number: int) -> None:
        self._lot_key = lot_key
        self._number = number
        self._count = 0
        self._mark = ""
        self._draft = ""

    def __call__(self, connection: HTTPConnection, mark: str) -> Said:
        if mark != self._mark:
            self._mark, self._draft = mark, ""
            self._count += 1
        if not self._draft:
            status, where = self._post(connection, f"/report?lot={self._lot_key}", urlencode({"narrative": mark}))
            if status != 303:
                return Said(status)
            self._draft = urlsplit(where).path.removesuffix("/signs")
        for page, answers in self._PAGES:
            status, where = self._post(connection, f"{self._draft}/{page}", answers)
            if status != 303 or "sent=1" in where:
                return Said(status, "sent=1" in where)
        status, where = self._post(connection, f"{self._draft}/check", "")
        if status != 303 or "sent=1" in where:
            return Said(status)
        self._draft = ""  # sent back to a page that was lost with the server: begin anew
        return Said(_NOT_SENT)

    def _post(self, connection: HTTPConnection, path: str, body: str) -> tuple[int, str]:
        source = f"10.{(self._number + 8 * (self._count // 250)) % 250}.{self._count % 250}.7"
        connection.request("POST", path, body, {**self._FORM, "X-Forwarded-For": source})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")
