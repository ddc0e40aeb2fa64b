"""Writes labels in ZPL II, the language of thermal label printers.

A label is whole in itself, from ^XA to ^XZ: any part of a roll can be sent again after a jam, and nothing has to be in
the printer's memory. Symbols are left to the printer's own encoder, which is told the size that the layout counted
with: a QR Code as one segment of bytes (its automatic mode is not the same on every firmware), a Data Matrix by its
rows and columns, a GS1-128 by its code sets. Latin text is left to the printer's scalable font 0, which is narrower
than the faces the layout measures with. A row with any other character goes as a picture, because few printers have a
Chinese font; the few rows that a roll has are drawn once.

Nothing of a text can become a command: in field data the prefixes ^ and ~ and the escape itself are written in
hexadecimal, as is everything that is not printable ASCII. Source: Zebra, ZPL II Programming Guide.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import lru_cache

import numpy as np

from labels.arrange import Plan
from labels.element_string import FNC1, Ais, element_string
from labels.footprint import Made
from labels.gs1_symbols import code_sets
from labels.ink import Dots, corner_dots, row_dots, symbol_dots
from labels.layout import Laid, row_text
from labels.limits import MM_PER_INCH
from labels.prepared import Prepared
from labels.spec import LabelSpec
from labels.text_block import Row
from labels.typeface import POINT_MM, Typeface

_UNSAFE = re.compile(r"[^ -\]`-}]")
# What begins a Code 128, what changes to a code set, and how FNC1 and the sign itself are written.
_STARTS = {"B": ">:", "C": ">;"}
_CHANGES = {"B": ">6", "C": ">5"}
_SIGNS = str.maketrans({FNC1: ">8", ">": ">0"})
# The escape inside Data Matrix field data; it is no character that a GS1 symbol can hold.
_MATRIX_ESCAPE = "@"
_MATRIX_FNC1 = _MATRIX_ESCAPE + "1"

_RUN = re.compile(r"(.)\1+")
_KEPT_PLANS = 64


class ZplWriter:
    """Labels one after the other; what they have in common is written once and kept."""

    def __init__(self, typeface: Typeface) -> None:
        self._typeface = typeface
        self._stencils: OrderedDict[Plan, _Stencil] = OrderedDict()

    def label(self, spec: LabelSpec, laid: Laid, copies: int = 1) -> str:
        """One label, printed `copies` times."""
        stencil = self._stencils.get(laid.plan)
        if stencil is None:
            stencil = self._stencils[laid.plan] = _Stencil(laid.plan, spec.dpi, self._typeface)
            if len(self._stencils) > _KEPT_PLANS:
                self._stencils.popitem(last=False)
        fields = [stencil.head]
        fields += [_symbol(spec, laid.made, number, place) for number, place in enumerate(stencil.corners)]
        fields += stencil.rows(laid.lines)
        fields.append(f"^PQ{copies}\n^XZ\n" if copies > 1 else "^XZ\n")
        return "".join(fields)


class _Stencil:
    """What all labels of one plan have in common: head, boxes, places, and the rows last written."""

    def __init__(self, plan: Plan, dpi: int, typeface: Typeface) -> None:
        self._dpi = dpi
        self._typeface = typeface
        self._rows = [(number, row, self._start(row)) for number, row in enumerate(plan.rows)]
        self._lines: list[Prepared | None] = [None] * len(plan.rows)
        self._fields = [""] * len(plan.rows)
        self.corners = [(corner_dots(x, dpi), corner_dots(y, dpi)) for x, y in plan.corners]
        width, height = (round(length * dpi / MM_PER_INCH) for length in (plan.width_mm, plan.height_mm))
        self.head = f"^XA\n^CI28^PW{width}^LL{height}^LH0,0\n" + "".join(
            f"^FO{self._dots(box.x_mm)},{self._dots(box.y_mm)}"
            f"^GB{self._dots(box.width_mm)},{self._dots(box.height_mm)},{self._dots(box.height_mm)}^FS\n"
            for box in plan.boxes
        )

    def rows(self, lines: list[Prepared]) -> list[str]:
        """The fields of the text; a line that is the same as on the label before has the same fields."""
        fields = self._fields
        for number, row, start in self._rows:
            line = lines[row.line]
            if self._lines[number] is not line:
                self._lines[number] = line
                text = row_text(row, line)
                fields[number] = f"{start}{field(text)}^FS\n" if start and text.isascii() else self._field(row, text)
        return fields

    def _start(self, row: Row) -> str:
        """What stands before the text of a row in the printer's font; empty where its place depends on its width."""
        return "" if row.centred else self._printers_font(row, row.x_mm)

    def _printers_font(self, row: Row, x_mm: float) -> str:
        size = round(row.size_pt * POINT_MM * self._dpi / MM_PER_INCH)
        reverse = "^FR" if row.light else ""
        return f"^FT{self._dots(x_mm)},{self._dots(row.baseline_mm)}{reverse}^A0N,{size}^FH_^FD"

    def _field(self, row: Row, text: str) -> str:
        x = row.x_mm
        if row.centred:
            x -= self._typeface.width_mm(text, row.size_pt, row.bold) / 2
        if text.isascii():
            return f"{self._printers_font(row, x)}{field(text)}^FS\n"
        reverse = "^FR" if row.light else ""
        ink, left, above = _row_picture(text, self._typeface, row.size_pt, row.bold, self._dpi)
        return f"^FO{self._dots(x) + left},{self._dots(row.baseline_mm) - above}{reverse}{ink}^FS\n"

    def _dots(self, length_mm: float) -> int:
        return max(0, round(length_mm * self._dpi / MM_PER_INCH))


def field(text: str) -> str:
    """Field data in which nothing is a command, for a field with ^FH_."""
    return text if _UNSAFE.search(text) is None else _UNSAFE.sub(_hexadecimal, text)


def picture(dots: Dots) -> str:
    """A ^GF command, with the shorthand for runs of digits and for rows like the one above."""
    packed = np.packbits(dots, axis=1)
    rows: list[str] = []
    before = ""
    for line in packed:
        digits = line.tobytes().hex().upper()
        rows.append(":" if digits == before else _shortened(digits))
        before = digits
    return f"^GFA,{packed.size},{packed.size},{packed.shape[1]},{''.join(rows)}"


def _symbol(spec: LabelSpec, made: tuple[Made, ...], number: int, place: tuple[int, int]) -> str:
    x, y = place
    symbol, foot = made[number]
    dots = foot.module.dots
    if symbol is not None:
        return f"^FO{x},{y}{picture(symbol_dots(symbol, dots, foot.bars_dots or dots))}^FS\n"
    if spec.text and not number:
        # The printer puts a QR Code lower by the height that ^BY was last given for bars: one dot is taken off here.
        level = spec.error_correction
        return (
            f"^FO{x},{y - 1}^BY2,2,1^BQN,2,{dots}^FH_"
            f"^FD{level}M,B{len(spec.text):04d}{field(spec.text)}^FS\n"
        )
    mark = spec.marks[number - 1 if spec.text else number]
    if foot.bars_dots:
        return (
            f"^FO{x},{y}^BY{dots},2,{foot.bars_dots}^BCN,{foot.bars_dots},N,N,N,N^FH_"
            f"^FD{field(code_128(mark.ais))}^FS\n"
        )
    shape = f"{foot.wide},{foot.high},6,{_MATRIX_ESCAPE}{',2' if mark.rectangular else ''}"
    data = field(element_string(mark.ais).replace(FNC1, _MATRIX_FNC1))
    return f"^FO{x},{y}^BXN,{dots},200,{shape}^FH_^FD{data}^FS\n"


def code_128(ais: Ais) -> str:
    """Field data of a GS1-128 with its code sets, as ^BC takes it without a mode of its own."""
    text = element_string(ais)
    parts: list[str] = []
    for kind, start, stop in code_sets(text):
        parts.append(_CHANGES[kind] if parts else _STARTS[kind])
        parts.append(text[start:stop].translate(_SIGNS))
    return "".join(parts)


@lru_cache(maxsize=256)
def _row_picture(text: str, typeface: Typeface, size_pt: float, bold: bool, dpi: int) -> tuple[str, int, int]:
    """The picture of a row without the white round it, and its upper left corner from the row's origin."""
    dots, left, above = row_dots(text, typeface, size_pt, bold, dpi)
    rows, columns = np.flatnonzero(dots.any(axis=1)), np.flatnonzero(dots.any(axis=0))
    if not rows.size:
        return "", 0, 0
    ink = dots[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return picture(ink), int(columns[0]) - left, above - int(rows[0])


def _hexadecimal(found: re.Match[str]) -> str:
    return "".join(f"_{byte:02X}" for byte in found[0].encode())


def _shortened(digits: str) -> str:
    kept = digits.rstrip("0")
    kept += "0" * (len(kept) % 2)
    return _RUN.sub(_repeat, kept) + ("," if len(kept) < len(digits) else "")


def _repeat(found: re.Match[str]) -> str:
    """A run of one digit: g to z stand for 20 to 400 of them, G to Y for 1 to 19."""
    left, signs = len(found[0]), ""
    while left >= 400:
        signs += "z"
        left -= 400
    if left >= 20:
        signs += chr(ord("g") + left // 20 - 1)
        left %= 20
    if left:
        signs += chr(ord("G") + left - 1)
    return signs + found[1] if len(signs) + 1 < len(found[0]) else found[0]
