"""What each symbol of a label takes, before it is known what it looks like."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from labels import gs1_symbols, limits, qr_code
from labels.errors import LabelError
from labels.limits import MM_PER_INCH, QR, Limit, Module
from labels.spec import LabelSpec, Mark
from labels.symbol import Symbol

# Who makes the modules: the encoder in Python, the compiled one, or the printer, which is told what to encode.
Encoder = Literal["single", "bulk", "printer"]

# The most dots a module that printers can make of a QR Code or of bars; a larger symbol is sent as a picture.
PRINTER_DOTS = 10


class Foot(NamedTuple):
    """The place of a symbol: modules, how large they are, quiet zones in modules; `bars_dots` is the height of bars, 0
    for a matrix."""

    wide: int
    high: int
    module: Module
    quiet_sides: int
    quiet_ends: int
    bars_dots: int = 0

    @property
    def width_mm(self) -> float:
        """With its quiet zones."""
        return (self.wide + 2 * self.quiet_sides) * self.module.mm

    @property
    def height_mm(self) -> float:
        """With its quiet zones."""
        if self.bars_dots:
            return self.bars_dots * MM_PER_INCH / self.module.dpi
        return (self.high + 2 * self.quiet_ends) * self.module.mm


class Made(NamedTuple):
    """A symbol of a label, None where the printer makes it, and its footprint."""

    symbol: Symbol | None
    foot: Foot


def symbols(spec: LabelSpec, encoder: Encoder) -> tuple[Made, ...]:
    """The QR Code, where there is one, and then the marks in their order.

    Raises LabelError for what is outside the limits of its symbology and use.
    """
    made = [_qr(spec, encoder)] if spec.text else []
    for index, mark in enumerate(spec.marks):
        make = _bars if mark.symbology == "gs1-128" else _matrix
        try:
            made.append(make(mark, spec, encoder))
        except LabelError as refused:
            raise refused.under(f"marks.{index}") from refused
    return tuple(made)


def _qr(spec: LabelSpec, encoder: Encoder) -> Made:
    module = limits.module(spec.module_mm, spec.dpi)
    if encoder == "printer" and module.dots <= PRINTER_DOTS:
        side = qr_code.modules_in_bytes(spec.text, spec.error_correction)
        return Made(None, Foot(side, side, module, QR.quiet_sides, QR.quiet_ends))
    encode = qr_code.encode if encoder == "single" else qr_code.encode_fast
    symbol = encode(spec.text, spec.error_correction)
    return Made(symbol, Foot(symbol.width, symbol.height, module, QR.quiet_sides, QR.quiet_ends))


def _matrix(mark: Mark, spec: LabelSpec, encoder: Encoder) -> Made:
    limit = limits.limit(mark.symbology, mark.use)
    module = limits.module(mark.module_mm, spec.dpi, limit)
    symbol = None
    if encoder == "printer":
        high, wide = gs1_symbols.printer_data_matrix(mark.ais, mark.rectangular)
    else:
        symbol = gs1_symbols.data_matrix(mark.ais, mark.rectangular)
        high, wide = symbol.height, symbol.width
    return Made(symbol, Foot(wide, high, module, limit.quiet_sides, limit.quiet_ends))


def _bars(mark: Mark, spec: LabelSpec, encoder: Encoder) -> Made:
    limit = limits.limit(mark.symbology, mark.use)
    count = gs1_symbols.characters(mark.ais)
    if limit.characters is not None and count > limit.characters:
        raise LabelError(
            "The application identifiers have %(count)s characters; a %(symbol)s holds at most %(most)s, "
            "separators counted.",
            "ais",
            count=str(count),
            symbol=limit.name,
            most=str(limit.characters),
        )
    symbol = None if encoder == "printer" else gs1_symbols.gs1_128(mark.ais)
    wide = gs1_symbols.gs1_128_modules(mark.ais) if symbol is None else symbol.width
    module = _bar_module(mark, spec, limit, wide + 2 * limit.quiet_sides)
    if module.dots > PRINTER_DOTS and symbol is None:
        symbol = gs1_symbols.gs1_128(mark.ais)
    limits.check_length(wide, module, limit)
    height = limits.bar_height(mark.height_mm, (wide + 2 * limit.quiet_sides) * module.mm, limit)
    dots = math.ceil(height * spec.dpi / MM_PER_INCH - 1e-6)
    return Made(symbol, Foot(wide, 1, module, limit.quiet_sides, limit.quiet_ends, dots))


def _bar_module(mark: Mark, spec: LabelSpec, limit: Limit, modules: int) -> Module:
    """The module that is asked for; else the target, or as near below it as lets the bars fit the width."""
    target = limits.module(mark.module_mm, spec.dpi, limit)
    if mark.module_mm is not None or spec.width_mm is None:
        return target
    room = (spec.width_mm - 2 * spec.padding_mm) * spec.dpi / MM_PER_INCH
    least = limits.module(limit.x_min_mm, spec.dpi, limit)
    return Module(max(least.dots, min(target.dots, int(room / modules))), spec.dpi)
