"""One writer at a time on SQLite: threads in the order in which they came, processes in turn, nobody for ever.

Two files lie beside the database. Who holds `.lock` writes; who holds `.next` is the next one to do so. A process that
has just written has to pass `.next` again like everybody, so a busy one cannot shut the others out; and since neither
wait is a wait in the kernel, each ends after a stated time.
"""
from __future__ import annotations

import fcntl
import os
import random
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from traceapp.core.clock import monotonic_seconds
from traceapp.core.errors import Unavailable

log = structlog.get_logger()
WAIT_SECONDS = 15.0
# Who writes for longer keeps everybody else waiting: the log says who, long before somebody is refused.
LONG_SECONDS = 3.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.005
_LONGEST_NAME = 80


class Busy(Unavailable):
    """Another writer did not end in time; `holder` names its process."""

    code = "database-busy"


class WriteLock:
    """The lock of the database file at `path`; the kernel frees it when its process dies."""

    def __init__(self, path: Path, wait_seconds: float = WAIT_SECONDS) -> None:
        self.path, self.wait_seconds = path, wait_seconds
        self._lock_path, self._next_path = (path.with_name(path.name + end) for end in (".lock", ".next"))
        self._threads = _Queue()

    @contextmanager
    def hold(self, *, may_last: bool = False) -> Iterator[None]:
        """Be the only writer inside the block, which the log names when it takes long unless it `may_last`.

        Raises Busy when it is not our turn within `wait_seconds`.
        """
        until = monotonic_seconds() + self.wait_seconds
        if not self._threads.enter(until):
            raise self._busy()
        try:
            descriptor = self._take(until)
            begun = monotonic_seconds()
            try:
                yield
            finally:
                os.close(descriptor)
                if (seconds := monotonic_seconds() - begun) > LONG_SECONDS and not may_last:
                    log.warning("write_held_long", seconds=round(seconds, 1), by=_caller())
        finally:
            self._threads.leave()

    def _take(self, until: float) -> int:
        """The locked file, which says who holds it. Raises Busy."""
        following = _locked(self._next_path, until)
        if following is None:
            raise self._busy()
        try:
            descriptor = _locked(self._lock_path, until)
        finally:
            os.close(following)
        if descriptor is None:
            raise self._busy()
        with suppress(OSError):  # on a full disk the name is missing, not the lock
            os.pwrite(descriptor, _own_name().ljust(_LONGEST_NAME).encode(), 0)
        return descriptor

    def _busy(self) -> Busy:
        try:
            holder = self._lock_path.read_bytes().decode("ascii", "replace").strip()
        except OSError:
            holder = ""
        return Busy("Another writer keeps the database busy (%(holder)s). Nothing was saved. Please try again in a "
                    "moment.", holder=holder or "unknown process")


class _Queue:
    """One thread of this process at a time, in the order of arrival."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    def enter(self, until: float) -> bool:
        """Wait for our turn; False when it did not come in time."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        try:
            turn.wait(max(0.0, until - monotonic_seconds()))
        except BaseException:
            if self._give_up(turn):
                self.leave()
            raise
        return turn.is_set() or self._give_up(turn)

    def _give_up(self, turn: threading.Event) -> bool:
        """Leave the queue; True when the turn had been handed over meanwhile."""
        with self._guard:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def leave(self) -> None:
        """Hand over to the one who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False


def _locked(path: Path, until: float) -> int | None:
    """The file at `path`, opened and locked by us; None when that could not be had until then."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    pause = _FIRST_PAUSE
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            except BlockingIOError:
                if monotonic_seconds() >= until:
                    os.close(descriptor)
                    return None
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(_LONGEST_PAUSE, pause * 1.5)
    except BaseException:
        os.close(descriptor)
        raise


def _caller() -> str:
    """The function that wrote: module and line, past the database's own."""
    for frame in reversed(traceback.extract_stack()):
        place = Path(frame.filename)
        if place.parent != Path(__file__).parent and place.name != "contextlib.py":
            return f"{place.parent.name}/{place.name}:{frame.lineno} {frame.name}"
    return ""


def _own_name() -> str:
    """This process, by number and command; without the words after it, which may name a person."""
    command = next((word for word in sys.argv[1:2] if word.isascii() and word.isalpha()), "")
    return f"process {os.getpid()}" + (f", traceapp {command}" if command else "")
