"""Writes a ZIP archive front to back, with little kept of each file: a million files take 16 MB.

Files are stored as they are, because pictures are compressed already, and are named by number. Python's own writer
keeps an object of some hundred bytes for each. Source: PKWARE, .ZIP File Format Specification (with its ZIP64 part).
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterator

# The first of January 1980, for the archive bears no time: equal labels give equal bytes.
_DATE = 0x0021
_FULL, _FULL_SHORT = 0xFFFFFFFF, 0xFFFF
_ENTRIES_A_CHUNK = 1000


class ZipStream:
    """One archive: what `add` and `close` answer is the file, in that order."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._checks = array("I")
        self._sizes = array("I")
        self._places = array("Q")
        self._written = 0

    def add(self, data: bytes) -> bytes:
        """The next file with its head."""
        check, name = zlib.crc32(data), self._name(len(self._places))
        self._checks.append(check)
        self._sizes.append(len(data))
        self._places.append(self._written)
        head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, _DATE, check, len(data), len(data), len(name), 0)
        self._written += len(head) + len(name) + len(data)
        return head + name + data

    def close(self) -> Iterator[bytes]:
        """The table of files and the end of the archive."""
        start, count, size = self._written, len(self._places), 0
        for first in range(0, count, _ENTRIES_A_CHUNK):
            chunk = b"".join(map(self._entry, range(first, min(first + _ENTRIES_A_CHUNK, count))))
            size += len(chunk)
            yield chunk
        if count >= _FULL_SHORT or start + size >= _FULL:
            yield struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
            yield struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
        few = min(count, _FULL_SHORT)
        yield struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, few, few, min(size, _FULL), min(start, _FULL), 0)

    def _entry(self, number: int) -> bytes:
        name, place, size = self._name(number), self._places[number], self._sizes[number]
        far = struct.pack("<2HQ", 1, 8, place) if place >= _FULL else b""
        version = 45 if far else 20
        kept = (version, version, 0, 0, 0, _DATE, self._checks[number], size, size, len(name), len(far))
        return struct.pack("<4s6H3I5H2I", b"PK\1\2", *kept, 0, 0, 0, 0, min(place, _FULL)) + name + far

    def _name(self, number: int) -> bytes:
        return f"{number + 1:07d}.{self._suffix}".encode("ascii")
