"""A symbol as its modules, whatever made it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

Box = tuple[int, int, int, int]

_DARK = re.compile(b"\x01+")


@dataclass(frozen=True)
class Symbol:
    """The modules of a symbol without its quiet zone: `rows[y][x]` is 1 where dark. Bars are a single row."""

    rows: tuple[bytes, ...]

    @property
    def width(self) -> int:
        """Modules from left to right."""
        return len(self.rows[0])

    @property
    def height(self) -> int:
        """Modules from top to bottom; 1 for bars."""
        return len(self.rows)


@lru_cache(maxsize=512)
def boxes(symbol: Symbol) -> tuple[Box, ...]:
    """Rectangles (x, y, width, height in modules) that cover the dark modules once each.

    Runs in a row are merged, and equal runs in the rows below join them.
    """
    finished: list[Box] = []
    growing: dict[tuple[int, int], int] = {}
    for y, row in enumerate(symbol.rows):
        found = set(runs(row))
        for run in [run for run in growing if run not in found]:
            top = growing.pop(run)
            finished.append((run[0], top, run[1], y - top))
        for run in found:
            growing.setdefault(run, y)
    finished.extend((x, top, width, symbol.height - top) for (x, width), top in growing.items())
    return tuple(sorted(finished, key=lambda box: (box[1], box[0])))


def runs(row: bytes) -> list[tuple[int, int]]:
    """The runs of dark modules in a row: (first, how many)."""
    return [(found.start(), found.end() - found.start()) for found in _DARK.finditer(row)]
