"""Text and symbols in dots: black where a printer makes a dot.

A row of text is put together from characters that were drawn once, so that a roll draws few of them anew.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from labels.limits import MM_PER_INCH
from labels.symbol import Symbol
from labels.typeface import EMBOLDEN, POINT_MM, Typeface

# One byte a dot, 1 where black.
Dots = npt.NDArray[np.uint8]

# A character is drawn this many times too large and averaged down: its width is then the one that was measured,
# because the font's hints no longer push it to a whole dot, and it may begin at any quarter of a dot.
_OVERSAMPLE = 4
# A dot is black when this much of it is covered (of 255); less than half keeps thin strokes of small type whole.
_COVERED = 105


def row_dots(text: str, typeface: Typeface, size_pt: float, bold: bool, dpi: int) -> tuple[Dots, int, int]:
    """A row of text, and where its origin lies in it: columns from the left, rows from the top to the baseline."""
    em = size_pt * POINT_MM * dpi / MM_PER_INCH
    above, below, side = ceil(em * 1.1) + 1, ceil(em * 0.45) + 1, ceil(em * 0.2) + 1
    advances = typeface.advances(bold)
    width = ceil(sum(map(advances.__getitem__, text)) / 1000 * em) + 2 * side
    dots = np.zeros((above + below, width), np.uint8)
    x = float(side)
    for run in typeface.runs(text, bold):
        if run.face is None:
            raise ValueError(f"no face for {run.text!r}; the layout leaves such lines out of what is drawn in dots")
        face = run.face.path, run.face.index
        for character in run.text:
            whole, quarter = divmod(round(x * _OVERSAMPLE), _OVERSAMPLE)
            ink, left, top = _character(character, face, em, run.embolden, quarter)
            if ink.size:
                column, row = whole + left, above + top
                dots[row : row + ink.shape[0], column : column + ink.shape[1]] |= ink
            x += advances[character] / 1000 * em
    return dots, side, above


@lru_cache(maxsize=4096)
def _character(
    character: str, face: tuple[Path, int], em: float, embolden: bool, quarter: int
) -> tuple[Dots, int, int]:
    """The dots of a character that begins `quarter` fourths of a dot right of its place, and their upper left corner
    from its origin."""
    font = _font(*face, em * _OVERSAMPLE)
    stroke = em * EMBOLDEN * _OVERSAMPLE if embolden else 0
    left, top, right, bottom = (ceil(edge) for edge in font.getbbox(character, anchor="ls", stroke_width=ceil(stroke)))
    # Whole dots round what is drawn, the origin on the corner of one of them.
    pad_left = ceil(max(0, -left) / _OVERSAMPLE) + 1
    pad_top = ceil(max(0, -top) / _OVERSAMPLE) + 1
    wide, high = pad_left + max(0, right) // _OVERSAMPLE + 3, pad_top + max(0, bottom) // _OVERSAMPLE + 2
    image = Image.new("L", (wide * _OVERSAMPLE, high * _OVERSAMPLE), 0)
    place = pad_left * _OVERSAMPLE + quarter, pad_top * _OVERSAMPLE
    ImageDraw.Draw(image).text(place, character, fill=255, font=font, anchor="ls", stroke_width=stroke)
    dots = (np.asarray(image.reduce(_OVERSAMPLE)) >= _COVERED).astype(np.uint8)
    used_rows, used_columns = np.flatnonzero(dots.any(axis=1)), np.flatnonzero(dots.any(axis=0))
    if not used_rows.size:
        return dots[:0, :0], 0, 0
    first_row, first_column = int(used_rows[0]), int(used_columns[0])
    cut = dots[first_row : used_rows[-1] + 1, first_column : used_columns[-1] + 1]
    return cut, first_column - pad_left, first_row - pad_top


@lru_cache(maxsize=64)
def _font(path: Path, index: int, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, index, layout_engine=ImageFont.Layout.BASIC)


def corner_dots(length_mm: float, dpi: int) -> int:
    """Where a symbol begins, rounded down, so that what is left on the other sides is never less."""
    return int(length_mm * dpi / MM_PER_INCH + 1e-6)


def symbol_dots(symbol: Symbol, across: int, down: int) -> Dots:
    """The symbol with so many dots to the width and to the height of a module."""
    modules = np.frombuffer(b"".join(symbol.rows), np.uint8).reshape(symbol.height, symbol.width)
    return np.repeat(np.repeat(modules, across, axis=1), down, axis=0)
