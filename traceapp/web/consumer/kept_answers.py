"""Lists and pages of recalls as they were last made, for the hour in which everybody asks: one small question tells
whether they still hold, so none is ever older than the last commit."""
from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from traceapp.core.clock import monotonic_seconds

MOST = 32
MOST_BYTES, LARGEST_BYTES = 32 * 1024 * 1024, 8 * 1024 * 1024
# For what the question does not tell: names of products and of the maker.
LONGEST_SECONDS = 60.0
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The body of an answer with its media type, and when something in it last changed for the public."""

    body: bytes
    media_type: str
    changed_at: datetime | None


class KeptAnswers:
    """Safe for threads; the least recently used goes first."""

    def __init__(self, tick: Callable[[], float] = monotonic_seconds) -> None:
        self._tick = tick
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[object, float, KeptAnswer]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key, stamp: object) -> KeptAnswer | None:
        """The answer that was made under the same stamp, less than a minute ago."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[0] != stamp or self._tick() - found[1] > LONGEST_SECONDS:
                return None
            self._kept.move_to_end(key)
            return found[2]

    def put(self, key: Key, stamp: object, answer: KeptAnswer) -> None:
        """Keep an answer, unless it is very large."""
        if len(answer.body) > LARGEST_BYTES:
            return
        with self._lock:
            if key in self._kept:
                self._bytes -= len(self._kept.pop(key)[2].body)
            self._kept[key] = (stamp, self._tick(), answer)
            self._bytes += len(answer.body)
            while len(self._kept) > MOST or self._bytes > MOST_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1][2].body)
