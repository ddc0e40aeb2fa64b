"""One label with everything in its place. Millimetres from the upper left corner, y downward."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from labels.arrange import Box, Frame, Plan, plan
from labels.errors import LabelError, Phrase, shown
from labels.footprint import Encoder, Foot, Made, symbols
from labels.limits import MM_PER_INCH
from labels.prepared import Prepared, Written, prepare
from labels.spec import LabelSpec, Line
from labels.symbol import Symbol
from labels.text_block import MIN_TEXT_PT, DoesNotFit, Row
from labels.typeface import Typeface


@dataclass(frozen=True)
class Placed:
    """A row of text: left end of its baseline, type size, and the width it was measured at; `light` is on black."""

    text: str
    x_mm: float
    baseline_mm: float
    size_pt: float
    bold: bool
    width_mm: float
    light: bool = False


@dataclass(frozen=True)
class PlacedSymbol:
    """A symbol, and the upper left corner of its first module."""

    symbol: Symbol
    foot: Foot
    x_mm: float
    y_mm: float


@dataclass(frozen=True)
class Composed:
    """A label ready to be drawn; `left_out` are the lines that no font at hand can write."""

    plan: Plan
    dpi: int
    symbols: tuple[PlacedSymbol, ...]
    texts: tuple[Placed, ...]
    left_out: tuple[Line, ...]

    @property
    def width_mm(self) -> float:
        """Of the whole label."""
        return self.plan.width_mm

    @property
    def height_mm(self) -> float:
        """Of the whole label."""
        return self.plan.height_mm

    @property
    def boxes(self) -> tuple[Box, ...]:
        """What is black behind light text."""
        return self.plan.boxes


class Laid(NamedTuple):
    """A label of which all is known but not yet put together: the plan of its shape, its symbols, its lines."""

    plan: Plan
    made: tuple[Made, ...]
    lines: list[Prepared]
    left_out: tuple[Line, ...]


def lay_out(spec: LabelSpec, typeface: Typeface, encoder: Encoder) -> Laid:
    """The plan of the label and what goes into it.

    Text is wrapped, then shrunk as a whole in small steps down to MIN_TEXT_PT, then refused. Raises LabelError naming
    the line, or the measure that is too small.
    """
    made = symbols(spec, encoder)
    below = _hri_lines(spec)
    kept, left_out = prepare([*spec.lines, *(line for line, _ in below)] if below else spec.lines, typeface)
    padding = to_dots(spec.padding_mm, spec.dpi) * MM_PER_INCH / spec.dpi
    frame = Frame(spec.width_mm, spec.height_mm, padding, spec.text_scale)
    own = len(spec.lines)
    written = tuple(
        [line.written if at < own else Written(line.written.shape, below[at - own][1]) for at, line in kept]
    )
    try:
        laid = plan(frame, tuple([foot for _, foot in made]), written)
    except DoesNotFit as refused:
        raise _refusal(spec, *kept[refused.line], refused.reason) from refused
    return Laid(laid, made, [line for _, line in kept], left_out)


def compose(spec: LabelSpec, typeface: Typeface, encoder: Encoder = "single") -> Composed:
    """The label laid out, each thing with its place. Raises LabelError as `lay_out`."""
    return composed(spec, lay_out(spec, typeface, encoder), typeface)


def composed(spec: LabelSpec, laid: Laid, typeface: Typeface) -> Composed:
    """What was laid out, with each thing in its place."""
    placed = [
        PlacedSymbol(symbol, foot, x, y)
        for (symbol, foot), (x, y) in zip(laid.made, laid.plan.corners, strict=True)
        if symbol is not None
    ]
    texts = [_placed(row, laid.lines[row.line], typeface) for row in laid.plan.rows]
    return Composed(laid.plan, spec.dpi, tuple(placed), tuple(texts), laid.left_out)


def row_text(row: Row, line: Prepared) -> str:
    """What stands in a row of this line."""
    return "".join(line.parts[row.first : row.stop]).rstrip() if row.stop else line.line.caption


def to_dots(length_mm: float, dpi: int) -> int:
    """The whole dots that cover a length; a hundredth of a dot is rounding."""
    return math.ceil(length_mm * dpi / MM_PER_INCH - 0.01)


def _hri_lines(spec: LabelSpec) -> list[tuple[Line, int]]:
    """The HRI of the bars, each with the number of its symbol."""
    first = 1 if spec.text else 0
    return [
        (Line(mark.hri, "hri"), first + number)
        for number, mark in enumerate(spec.marks)
        if mark.hri and mark.symbology == "gs1-128"
    ]


def _placed(row: Row, line: Prepared, typeface: Typeface) -> Placed:
    text = row_text(row, line)
    width = typeface.width_mm(text, row.size_pt, row.bold)
    x = row.x_mm - width / 2 if row.centred else row.x_mm
    return Placed(text, x, row.baseline_mm, row.size_pt, row.bold, width, row.light)


def _refusal(spec: LabelSpec, index: int, line: Prepared, reason: Phrase) -> LabelError:
    own = index < len(spec.lines)
    return LabelError(
        "%(where)s ('%(text)s') does not fit at the smallest type size of %(least)s: %(reason)s",
        f"lines.{index}" if own else "marks",
        where=Phrase("Line %(line)s", line=str(index + 1)) if own else Phrase("The HRI"),
        text=shown(line.line.text),
        least=f"{MIN_TEXT_PT:g} pt",
        reason=reason,
    )
