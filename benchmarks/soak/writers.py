"""People who go on reporting while the server dies under them, and remember what was acknowledged."""
from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 20.0
_PAUSE_SECONDS = 0.1
# What a form says that leads back to an earlier page: an answer, but no acknowledgement.
_NOT_SENT = 409

# A way to report: given a connection and the text that marks the report, it returns the status of the last answer.
Way = Callable[[HTTPConnection, str], int]


@dataclass(slots=True)
class Ledger:
    """What the writers know: of each report its mark and how it ended. Safe for threads."""

    acknowledged: set[str] = field(default_factory=set)
    uncertain: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    interrupted: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, mark: str, status: int) -> None:
        """The last answer of a report: 2xx or 3xx is an acknowledgement."""
        with self.lock:
            self.statuses[status] += 1
            if 200 <= status < 400:
                self.acknowledged.add(mark)
                self.uncertain.discard(mark)
            else:
                self.uncertain.add(mark)

    def note_interruption(self, mark: str) -> None:
        """The connection broke before the answer was there."""
        with self.lock:
            self.interrupted += 1
            self.uncertain.add(mark)


class Writer(threading.Thread):
    """Reports one thing after the other by its way; what was interrupted is sent again with the same mark."""

    def __init__(self, name: str, port: int, way: Way, ledger: Ledger) -> None:
        super().__init__(name=name, daemon=True)
        self._port = port
        self._way = way
        self._ledger = ledger
        self._over = threading.Event()

    def finish(self) -> None:
        """Let the present report be the last."""
        self._over.set()

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            mark = f"soak {self.name} {number:06}"
            while not self._report(mark) and not self._over.is_set():
                time.sleep(_PAUSE_SECONDS)

    def _report(self, mark: str) -> bool:
        """Whether there was an answer."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        try:
            self._ledger.note(mark, self._way(connection, mark))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except (OSError, HTTPException):
            self._ledger.note_interruption(mark)
            return False
        finally:
            connection.close()
        return True


def api_way(token: str, lot_key: str) -> Way:
    """A report by `POST /api/v1/complaints`; the mark is also its idempotency key."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def report(connection: HTTPConnection, mark: str) -> int:
        body = {"narrative": mark, "lot_key": lot_key, "harm": "yes", "affected": "me",
                "contact": {"name": "Example Person", "email": "person@example.org"}}
        connection.request("POST", "/api/v1/complaints", json.dumps(body), {**headers, "Idempotency-Key": mark})
        answer = connection.getresponse()
        answer.read()
        return answer.status

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

    def __call__(self, connection: HTTPConnection, mark: str) -> int:
        if mark != self._mark:
            self._mark, self._draft = mark, ""
            self._count += 1
        if not self._draft:
            status, where = self._post(connection, f"/report?lot={self._lot_key}", urlencode({"narrative": mark}))
            if status != 303:
                return status
            self._draft = urlsplit(where).path.removesuffix("/signs")
        for page, answers in self._PAGES:
            status, where = self._post(connection, f"{self._draft}/{page}", answers)
            if status != 303 or "sent=1" in where:
                return status
        status, where = self._post(connection, f"{self._draft}/check", "")
        if status != 303 or "sent=1" in where:
            return status
        self._draft = ""  # sent back to a page that was lost with the server: begin anew
        return _NOT_SENT

    def _post(self, connection: HTTPConnection, path: str, body: str) -> tuple[int, str]:
        source = f"10.{(self._number + 8 * (self._count // 250)) % 250}.{self._count % 250}.7"
        connection.request("POST", path, body, {**self._FORM, "X-Forwarded-For": source})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")
