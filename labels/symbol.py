"""The QR symbol: its modules, and the sizes at which it may be printed.

Source: GS1 General Specifications, QR Code with GS1 Digital Link URI at the point of sale: X-dimension 0.396 to
0.990 mm, quiet zone of four modules on all sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import qrcode
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.exceptions import DataOverflowError

from labels.errors import LabelError

ErrorCorrection = Literal["L", "M", "Q", "H"]

QUIET_MODULES = 4
X_MIN_MM = 0.396
X_MAX_MM = 0.990
DPI_MIN = 200
DPI_MAX = 2400
MM_PER_INCH = 25.4

_LEVELS = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q, "H": ERROR_CORRECT_H}

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Module:
    """One module as a printer makes it: a whole number of dots."""

    dots: int
    dpi: int

    @property
    def mm(self) -> float:
        """The X-dimension that is really printed."""
        return self.dots * MM_PER_INCH / self.dpi


@dataclass(frozen=True)
class Symbol:
    """The modules of a QR Code without its quiet zone: `rows[y][x]` is 1 where dark."""

    rows: tuple[bytes, ...]

    @property
    def modules(self) -> int:
        """Modules a side, quiet zone left out."""
        return len(self.rows)

    @property
    def modules_with_quiet_zone(self) -> int:
        return len(self.rows) + 2 * QUIET_MODULES


def module(module_mm: float, dpi: int) -> Module:
    """The smallest whole number of dots that is not below `module_mm`.

    A twentieth of a dot counts as rounding of the millimetres, so 0.423 mm at 300 dpi (4.996 dots) is 5 dots.
    Raises LabelError when the wanted or the resulting X-dimension is outside 0.396 to 0.990 mm, both ends allowed.
    """
    if not DPI_MIN <= dpi <= DPI_MAX:
        raise LabelError(f"dpi is {dpi}; it must be from {DPI_MIN} to {DPI_MAX}.", "dpi")
    if not X_MIN_MM <= module_mm <= X_MAX_MM:
        raise LabelError(
            f"module_mm is {module_mm:g} mm; it must be from {X_MIN_MM:.3f} to {X_MAX_MM:.3f} mm.", "module_mm"
        )
    dots = math.ceil(module_mm * dpi / MM_PER_INCH - 0.05)
    if dots * MM_PER_INCH / dpi < X_MIN_MM:
        dots += 1
    made = Module(dots, dpi)
    if made.mm > X_MAX_MM:
        raise LabelError(
            f"module_mm {module_mm:g} becomes {dots} dots = {made.mm:.3f} mm at {dpi} dpi; "
            f"it must not be over {X_MAX_MM:.3f} mm.",
            "module_mm",
        )
    return made


@lru_cache(maxsize=512)
def encode(text: str, error_correction: ErrorCorrection = "M") -> Symbol:
    """The smallest QR Code that holds `text`, with the mask that the standard's penalty rules choose.

    Raises LabelError for text that is empty, too long, or not printable ASCII: a QR Code without an ECI has no agreed
    meaning for other characters, so a URI is written with percent escapes.
    """
    if not text:
        raise LabelError("text is empty; a symbol must encode something.", "text")
    for position, character in enumerate(text):
        if not " " <= character <= "~":
            raise LabelError(
                f"text has {character!r} at position {position}; only printable ASCII can be encoded. "
                "Write other characters as percent escapes.",
                "text",
            )
    if error_correction not in _LEVELS:
        raise LabelError(f"error_correction is {error_correction!r}; it must be L, M, Q or H.", "error_correction")
    code = qrcode.QRCode(error_correction=_LEVELS[error_correction], border=0)
    code.add_data(text, optimize=0)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as refused:
        raise LabelError(
            f"text has {len(text)} characters; that is more than a QR Code holds at level {error_correction}.", "text"
        ) from refused
    return Symbol(tuple(bytes(1 if dark else 0 for dark in row) for row in code.modules))


@lru_cache(maxsize=512)
def boxes(symbol: Symbol) -> tuple[Box, ...]:
    """Rectangles (x, y, width, height in modules) that cover the dark modules once each.

    Runs in a row are merged, and equal runs in the rows below join them.
    """
    finished: list[Box] = []
    growing: dict[tuple[int, int], int] = {}
    for y, row in enumerate(symbol.rows):
        runs = set(_runs(row))
        for run in [run for run in growing if run not in runs]:
            top = growing.pop(run)
            finished.append((run[0], top, run[1], y - top))
        for run in runs:
            growing.setdefault(run, y)
    finished.extend((x, top, width, symbol.modules - top) for (x, width), top in growing.items())
    return tuple(sorted(finished, key=lambda box: (box[1], box[0])))


def _runs(row: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = row.find(1)
    while start >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        found.append((start, end - start))
        start = row.find(1, end)
    return found
