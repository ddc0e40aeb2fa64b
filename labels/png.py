"""Draws a label or a plain symbol as PNG: a whole number of pixels a module, the resolution written into the file."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from math import ceil
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from labels.errors import LabelError
from labels.layout import Composed, Placed
from labels.symbol import MM_PER_INCH, QUIET_MODULES, Module, Symbol
from labels.typeface import EMBOLDEN, POINT_MM, Typeface

# Text is drawn this many times too large and averaged down: its widths are then those that were measured, because
# the font's hints no longer push every character to a whole pixel.
_OVERSAMPLE = 4

# More would be no label but a poster, and take hundreds of megabytes to draw.
MAX_PIXELS = 50_000_000


def symbol_png(symbol: Symbol, module: Module, background: bool) -> bytes:
    """The symbol with its quiet zone in two colours; `background` False makes the ground transparent."""
    side = symbol.modules_with_quiet_zone * module.dots
    _check_size(side, side, module.dpi)
    image = Image.new("1", (side, side), 1)
    image.paste(_modules(symbol, module), (QUIET_MODULES * module.dots, QUIET_MODULES * module.dots))
    return _saved(image, module.dpi, {} if background else {"transparency": 1})


def label_png(label: Composed, typeface: Typeface) -> bytes:
    """The label: modules black or white, text smoothed in grey."""
    dpi = label.module.dpi
    width, height = _pixels(label.width_mm, dpi), _pixels(label.height_mm, dpi)
    _check_size(width, height, dpi)
    image = Image.new("L", (width, height), 255)
    # Rounded down above and to the left, so that what is left on the other sides is never less.
    place = (int(label.symbol_x_mm * dpi / MM_PER_INCH + 1e-6), int(label.symbol_y_mm * dpi / MM_PER_INCH + 1e-6))
    image.paste(_modules(label.symbol, label.module), place)
    for row in label.texts:
        _write(image, row, typeface, dpi)
    return _saved(image, dpi, {})


def _modules(symbol: Symbol, module: Module) -> Image.Image:
    small = Image.frombytes("L", (symbol.modules, symbol.modules), b"".join(symbol.rows).translate(_INK))
    return small.resize((symbol.modules * module.dots,) * 2, Image.Resampling.NEAREST).convert("1")


_INK = bytes([255, 0]) + bytes(254)


def _write(image: Image.Image, row: Placed, typeface: Typeface, dpi: int) -> None:
    """Puts one row of text on the image, its baseline on a whole pixel."""
    em = row.size_pt * POINT_MM * dpi / MM_PER_INCH * _OVERSAMPLE
    pad = _OVERSAMPLE
    height = ceil(em * 1.6 / _OVERSAMPLE) * _OVERSAMPLE
    ascent = round(em * 1.1 / _OVERSAMPLE) * _OVERSAMPLE
    width = ceil((row.width_mm * dpi / MM_PER_INCH) + 2) * _OVERSAMPLE + 2 * pad
    ink = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(ink)
    x = float(pad)
    for run in typeface.runs(row.text, row.bold):
        if run.face is None:
            raise ValueError(f"no face for {run.text!r}; the layout leaves such lines out of a PNG")
        font = _font(run.face.path, run.face.index, em)
        stroke = em * EMBOLDEN if run.embolden else 0
        for character in run.text:
            draw.text((x, ascent), character, fill=255, font=font, anchor="ls", stroke_width=stroke)
            x += run.advance(character) * em
    small = ink.reduce(_OVERSAMPLE)
    left = round(row.x_mm * dpi / MM_PER_INCH) - pad // _OVERSAMPLE
    top = round(row.baseline_mm * dpi / MM_PER_INCH) - ascent // _OVERSAMPLE
    image.paste(0, (left, top), small)


@lru_cache(maxsize=64)
def _font(path: Path, index: int, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, index, layout_engine=ImageFont.Layout.BASIC)


def _pixels(length_mm: float, dpi: int) -> int:
    return round(length_mm * dpi / MM_PER_INCH)


def _check_size(width: int, height: int, dpi: int) -> None:
    if width * height > MAX_PIXELS:
        raise LabelError(
            f"At {dpi} dpi the PNG has {width} x {height} pixels, more than {MAX_PIXELS:,}; "
            "use a lower dpi, or SVG or PDF.",
            "dpi",
        )


def _saved(image: Image.Image, dpi: int, options: dict[str, int]) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi), **options)
    return out.getvalue()
