"""gzip of our own pages, quickly: the head with its style sheet is the same on many pages and compressed once."""
from __future__ import annotations

import threading
import zlib
from typing import Any

_GZIP = 31  # zlib's window bits for a gzip header and trailer
_LEVEL = 5
_SPLIT = "</style>"
_MOST_HEADS = 64


class Squeezer:
    """Keeps a compressor for each head that it has seen; a page continues from a copy of it."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[bytes, Any]] = {}
        self._lock = threading.Lock()

    def gzip(self, page: str) -> bytes:
        """`page` as one gzip member."""
        head, mark, rest = page.partition(_SPLIT)
        if not mark:
            head, rest = "", page
        with self._lock:
            known = self._heads.get(head)
            if known is None:
                known = self._primed(head)
            begun, compressor = known[0], known[1].copy()
        return begun + bytes(compressor.compress((mark + rest).encode("utf-8"))) + bytes(compressor.flush())

    def _primed(self, head: str) -> tuple[bytes, Any]:
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        known = (compressor.compress(head.encode("utf-8")), compressor)
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        self._heads[head] = known
        return known
