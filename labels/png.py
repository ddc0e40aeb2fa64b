"""Draws labels and plain symbols as PNG: two colours, a whole number of pixels a module, the resolution in the file."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from math import ceil

import numpy as np

from labels.errors import LabelError
from labels.ink import Dots, corner_dots, row_dots, symbol_dots
from labels.layout import Composed, Placed
from labels.limits import MM_PER_INCH, QUIET_MODULES, Module
from labels.symbol import Symbol
from labels.typeface import Typeface

# More would be no label but a poster, and take hundreds of megabytes to draw.
MAX_PIXELS = 50_000_000

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A third of the time of the usual level, and a tenth more bytes.
_COMPRESSION = 2
_METRE_INCHES = 1000 / MM_PER_INCH


class Sheet:
    """A white area of dots, eight to a byte, that symbols and rows of text are blackened into."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        # Before each row stands the byte that PNG wants there: the row is stored as it is.
        self._rows = np.zeros((height, 1 + ceil(width / 8)), np.uint8)

    def blacken(self, packed: Dots, column: int, row: int) -> None:
        """Adds dots packed from the byte that `column` lies in on; what is outside is cut off."""
        target, ink = self._overlap(packed, column, row)
        target |= ink

    def whiten(self, packed: Dots, column: int, row: int) -> None:
        """Takes dots out of what is black, cut off alike."""
        target, ink = self._overlap(packed, column, row)
        target &= ~ink

    def _overlap(self, packed: Dots, column: int, row: int) -> tuple[Dots, Dots]:
        """The part of the area that the dots cover, and the part of the dots that lies in the area."""
        first = column // 8 + 1
        across, down = max(0, 1 - first), max(0, -row)
        height, width = packed.shape
        target = self._rows[row + down : max(0, row + height), first + across : max(0, first + width)]
        return target, packed[down : down + target.shape[0], across : across + target.shape[1]]

    def fill(self, left: int, top: int, right: int, bottom: int) -> None:
        """Blackens a rectangle."""
        self.blacken(packed(np.ones((bottom - top, right - left), np.uint8), left), left, top)

    def png(self, dpi: int, clear: bool = False) -> bytes:
        """The area as a file; `clear` leaves white transparent."""
        light = ~self._rows
        light[:, 0] = 0
        if self.width % 8:
            light[:, -1] &= 0xFF << (8 - self.width % 8) & 0xFF
        per_metre = round(dpi * _METRE_INCHES)
        return b"".join(
            (
                _SIGNATURE,
                _chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 1, 0, 0, 0, 0)),
                _chunk(b"tRNS", b"\0\1") if clear else b"",
                _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
                _chunk(b"IDAT", zlib.compress(light.tobytes(), _COMPRESSION)),
                _chunk(b"IEND", b""),
            )
        )


def packed(dots: Dots, column: int) -> Dots:
    """The dots eight to a byte, the first of them at the bit where `column` lies."""
    shift = column % 8
    if shift:
        shifted = np.zeros((dots.shape[0], shift + dots.shape[1]), np.uint8)
        shifted[:, shift:] = dots
        dots = shifted
    return np.packbits(dots, axis=1)


def symbol_png(symbol: Symbol, module: Module, background: bool) -> bytes:
    """The symbol with its quiet zone in two colours; `background` False makes the ground transparent."""
    quiet = QUIET_MODULES * module.dots
    side = symbol.width * module.dots + 2 * quiet
    _check_size(side, side, module.dpi)
    sheet = Sheet(side, side)
    sheet.blacken(packed(symbol_dots(symbol, module.dots, module.dots), quiet), quiet, quiet)
    return sheet.png(module.dpi, clear=not background)


def label_png(label: Composed, typeface: Typeface) -> bytes:
    """The label in black and white."""
    dpi = label.dpi
    width, height = _pixels(label.width_mm, dpi), _pixels(label.height_mm, dpi)
    _check_size(width, height, dpi)
    sheet = Sheet(width, height)
    for box in label.boxes:
        right, bottom = _pixels(box.x_mm + box.width_mm, dpi), _pixels(box.y_mm + box.height_mm, dpi)
        sheet.fill(_pixels(box.x_mm, dpi), _pixels(box.y_mm, dpi), right, bottom)
    for placed in label.symbols:
        dots = placed.foot.module.dots
        column, row = corner_dots(placed.x_mm, dpi), corner_dots(placed.y_mm, dpi)
        ink = symbol_dots(placed.symbol, dots, placed.foot.bars_dots or dots)
        sheet.blacken(packed(ink, column), column, row)
    for text in label.texts:
        _write(sheet, text, typeface, dpi)
    return sheet.png(dpi)


def _write(sheet: Sheet, row: Placed, typeface: Typeface, dpi: int) -> None:
    x, y = _pixels(row.x_mm, dpi), _pixels(row.baseline_mm, dpi)
    ink, left, above = _row(row.text, typeface, row.size_pt, row.bold, dpi, x % 8)
    if row.light:
        sheet.whiten(ink, x - left, y - above)
    else:
        sheet.blacken(ink, x - left, y - above)


@lru_cache(maxsize=256)
def _row(  # noqa: PLR0913 - what the dots of a row depend on
    text: str, typeface: Typeface, size_pt: float, bold: bool, dpi: int, shift: int
) -> tuple[Dots, int, int]:
    dots, left, above = row_dots(text, typeface, size_pt, bold, dpi)
    return packed(dots, shift - left), left, above


def _pixels(length_mm: float, dpi: int) -> int:
    return round(length_mm * dpi / MM_PER_INCH)


def _check_size(width: int, height: int, dpi: int) -> None:
    if width * height > MAX_PIXELS:
        raise LabelError(
            "At %(dpi)s dpi the PNG has %(width)s x %(height)s pixels, more than %(most)s; "
            "use a lower dpi, or SVG or PDF.",
            "dpi",
            dpi=str(dpi),
            width=str(width),
            height=str(height),
            most=f"{MAX_PIXELS:,}",
        )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
