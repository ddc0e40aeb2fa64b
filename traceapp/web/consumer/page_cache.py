"""Rendered answers in this process: bounded by bytes, the least recently checked goes first."""
from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from traceapp.code.policy import Doubt
from traceapp.trace.policy import Verdict
from traceapp.web.i18n import LANGUAGES

VARY = "Accept, Accept-Language, Accept-Encoding"
_OVERHEAD_BYTES = 1024
_JUST_NOW = 0.1


@dataclass(slots=True, eq=False)
class KeptPage:
    """One answer for one lot, language and form.

    `day` is the date in `zone` for which it holds. `checked_at`: monotonic seconds before the read that showed it to
    hold. `headers` are those that this page brings itself. `doubt` is that about the whole lot; `is_serialised`: the
    lot has serial ranges, so that a serial number in the code is to be looked at.
    """

    lot_key: str
    revision: int
    day: str
    zone: str
    body: bytes
    etag: str
    content_type: str
    is_gzip: bool
    language: str
    made_at: float
    checked_at: float
    verdict: Verdict = Verdict.unknown
    doubt: Doubt | None = None
    is_serialised: bool = False

    def headers(self, now: float) -> list[tuple[str, str]]:
        """What the page says of itself at the monotonic time `now`; of a 304 only what is not about its content.

        A copy that has waited here already says so by its Age, and a proxy then asks anew at once: the second for
        which it may keep the page is the only one, not one more.
        """
        age = "1" if now - self.checked_at > _JUST_NOW else "0"
        found = [("ETag", self.etag), ("Cache-Control", "public, max-age=1"), ("Age", age), ("Vary", VARY),
                 ("Content-Type", self.content_type), ("Content-Language", LANGUAGES[self.language][0])]
        return [*found, ("Content-Encoding", "gzip")] if self.is_gzip else found

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD_BYTES


class PageCache:
    """Safe for threads: a look takes no lock, since replacing an entry is one step."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._pages: OrderedDict[Hashable, KeptPage] = OrderedDict()
        self._lock = threading.Lock()
        self._size = 0

    def __len__(self) -> int:
        return len(self._pages)

    @property
    def size(self) -> int:
        """Bytes that the kept pages take, about."""
        return self._size

    def get(self, key: Hashable) -> KeptPage | None:
        return self._pages.get(key)

    def put(self, key: Hashable, page: KeptPage) -> None:
        """Keep the page as the newest; the oldest go until all fit. A page too large for the cache is not kept."""
        with self._lock:
            self._drop(key)
            if page.size > self._limit:
                return
            self._pages[key] = page
            self._size += page.size
            while self._size > self._limit:
                _, old = self._pages.popitem(last=False)
                self._size -= old.size

    def checked(self, key: Hashable, page: KeptPage, at: float) -> None:
        """The page held at `at`; it counts as used."""
        with self._lock:
            page.checked_at = max(page.checked_at, at)
            if self._pages.get(key) is page:
                self._pages.move_to_end(key)

    def drop(self, key: Hashable) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        old = self._pages.pop(key, None)
        if old is not None:
            self._size -= old.size
