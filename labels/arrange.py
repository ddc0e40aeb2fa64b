"""How the parts of a label share its area, for all labels of one shape at once.

From top to bottom: the status, white on black; the matrix symbols on the left with the text beside them; the bars, each
with its HRI below. Millimetres from the upper left corner, y downward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from labels.errors import LabelError, Phrase
from labels.footprint import Foot
from labels.prepared import LineShape, Written
from labels.text_block import MIN_TEXT_PT, STYLES, Block, DoesNotFit, Row, fit, fit_centred
from labels.typeface import POINT_MM

NATURAL_TEXT_MM = 60.0
TEXT_MARGIN_MM = 1.5
# Between quiet zone and text, because thickened characters reach a little over their place.
TEXT_GAP_MM = 0.6
LEAST_GAP_MM = 2.0
# Between a symbol and the next one.
SYMBOL_GAP_MM = 1.0
# Between bars and their HRI, and from there to the next bars.
HRI_GAP_MM = 0.5
BARS_GAP_MM = 2.0

# The black of the status is this many times as high as its text, and at most this share of the label.
_STATUS_ROOM = 1.5
_STATUS_SHARE = 0.25
_UNLIMITED_MM = 1e6
# Bars as high as those of a logistic label have an HRI that is read from a step away.
_HIGH_BARS_MM, _LARGE_HRI_PT = 25.0, 11.0

# What a label must have room for, by whether it is one symbol and whether there is padding.
_WITH_ROOM = {
    (True, False): Phrase("the symbol with its quiet zone"),
    (True, True): Phrase("the symbol with its quiet zone and padding"),
    (False, False): Phrase("the symbols with their quiet zones"),
    (False, True): Phrase("the symbols with their quiet zones and padding"),
}


class Frame(NamedTuple):
    """What is asked of the whole label; None: as large as the content needs."""

    width_mm: float | None
    height_mm: float | None
    padding_mm: float
    text_scale: float

    @property
    def margin_mm(self) -> float:
        """What stays blank round text."""
        return max(TEXT_MARGIN_MM, self.padding_mm)


@dataclass(frozen=True)
class Box:
    """A black rectangle."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, eq=False)
class Plan:
    """The layout of all labels of one shape: the corner of each symbol's first module, and the rows by number of
    line. One shape has one plan while it is remembered, so that what is drawn for it can be kept with it."""

    width_mm: float
    height_mm: float
    corners: tuple[tuple[float, float], ...]
    boxes: tuple[Box, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class _Band:
    """A part of the label from edge to edge: symbols by number with the corner of their quiet zone, rows and boxes,
    from its own upper left corner; x of what is centred counts from the middle."""

    width_mm: float = 0.0
    height_mm: float = 0.0
    symbols: tuple[tuple[int, float, float], ...] = ()
    rows: tuple[Row, ...] = ()


@lru_cache(maxsize=512)
def plan(frame: Frame, feet: tuple[Foot, ...], lines: tuple[Written, ...]) -> Plan:
    """Where everything goes. Raises DoesNotFit for a line, LabelError for a label that is too small for its symbols."""
    status = _status(frame, lines)
    bars = _bars(frame, feet, lines)
    room = None if frame.height_mm is None else frame.height_mm - status.height_mm - bars.height_mm
    column = _column(frame, feet, room)
    _check_size(frame, column, status.height_mm + bars.height_mm, max(bars.width_mm, column.width_mm))
    text_x = column.width_mm + frame.padding_mm + _text_gap(feet) if column.symbols else frame.margin_mm
    block = _body(frame, lines, text_x, room)
    right = text_x + block.width_mm + frame.margin_mm if block.rows else 0.0
    edges = column.width_mm + 2 * frame.padding_mm if column.symbols else 0.0
    width = frame.width_mm or max(right, edges, bars.width_mm + 2 * frame.padding_mm, status.width_mm)
    needed = max(column.height_mm + 2 * frame.padding_mm, block.height_mm + 2 * frame.margin_mm if block.rows else 0.0)
    body = needed if room is None else room
    bars_y = status.height_mm + body
    top = status.height_mm + (body - column.height_mm) / 2
    corners = {
        number: (frame.padding_mm + x + _quiet(feet[number])[0], top + y + _quiet(feet[number])[1])
        for number, x, y in column.symbols
    } | {number: (width / 2 + x, bars_y + y) for number, x, y in bars.symbols}
    text_y = status.height_mm + (body - block.height_mm) / 2
    rows = (
        *(_moved(row, width / 2, 0.0) for row in status.rows),
        *(_moved(row, text_x, text_y) for row in block.rows),
        *(_moved(row, width / 2, bars_y) for row in bars.rows),
    )
    boxes = (Box(0.0, 0.0, width, status.height_mm),) if status.rows else ()
    height = frame.height_mm or bars_y + bars.height_mm
    return Plan(width, height, tuple(corners[number] for number in range(len(feet))), boxes, rows)


def _status(frame: Frame, lines: Sequence[Written]) -> _Band:
    """The status lines in the middle of black, at the top."""
    width = _UNLIMITED_MM if frame.width_mm is None else frame.width_mm - 2 * frame.margin_mm
    high = _UNLIMITED_MM if frame.height_mm is None else frame.height_mm * _STATUS_SHARE
    size = max(MIN_TEXT_PT, min(STYLES["status"].size_pt * frame.text_scale, high / _STATUS_ROOM / POINT_MM))
    rows: list[Row] = []
    y = right = 0.0
    for number, line in enumerate(lines):
        if line.shape.kind == "status":
            block = fit_centred(number, line.shape, width, size)
            gap = block.height_mm * (_STATUS_ROOM - 1) / 2
            rows += (replace(_moved(row, 0.0, y + gap), light=True) for row in block.rows)
            y += block.height_mm * _STATUS_ROOM
            right = max(right, block.width_mm)
    return _Band(right + 2 * frame.margin_mm, y, (), tuple(rows)) if rows else _Band()


def _bars(frame: Frame, feet: Sequence[Foot], lines: Sequence[Written]) -> _Band:
    """The bars one below the other at the foot, each with its HRI."""
    symbols: list[tuple[int, float, float]] = []
    rows: list[Row] = []
    y = right = 0.0
    for number, foot in enumerate(feet):
        if not foot.bars_dots:
            continue
        y += BARS_GAP_MM if symbols else 0.0
        symbols.append((number, -foot.wide * foot.module.mm / 2, y))
        y += foot.height_mm
        right = max(right, foot.width_mm)
        for at, line in enumerate(lines):
            if line.under == number:
                block = _hri(frame, at, line.shape, foot)
                rows += (_moved(row, 0.0, y + HRI_GAP_MM) for row in block.rows)
                y += block.height_mm + HRI_GAP_MM
                right = max(right, block.width_mm)
    if not symbols:
        return _Band()
    return _Band(right, y + (frame.margin_mm if rows else frame.padding_mm), tuple(symbols), tuple(rows))


def _hri(frame: Frame, number: int, shape: LineShape, foot: Foot) -> Block:
    size = _LARGE_HRI_PT if foot.height_mm >= _HIGH_BARS_MM else STYLES["hri"].size_pt
    width = _UNLIMITED_MM if frame.width_mm is None else frame.width_mm - 2 * frame.margin_mm
    return fit_centred(number, shape, width, size)


def _column(frame: Frame, feet: Sequence[Foot], room: float | None) -> _Band:
    """The matrix symbols one below the other, or side by side where the label is too low for that."""
    matrices = [(number, foot) for number, foot in enumerate(feet) if not foot.bars_dots]
    if not matrices:
        return _Band()
    gaps = SYMBOL_GAP_MM * (len(matrices) - 1)
    high = sum(foot.height_mm for _, foot in matrices) + gaps
    symbols: list[tuple[int, float, float]] = []
    at = 0.0
    if room is None or high + 2 * frame.padding_mm <= room + 1e-6:
        wide = max(foot.width_mm for _, foot in matrices)
        for number, foot in matrices:
            symbols.append((number, (wide - foot.width_mm) / 2, at))
            at += foot.height_mm + SYMBOL_GAP_MM
        return _Band(wide, high, tuple(symbols))
    tallest = max(foot.height_mm for _, foot in matrices)
    for number, foot in matrices:
        symbols.append((number, at, (tallest - foot.height_mm) / 2))
        at += foot.width_mm + SYMBOL_GAP_MM
    return _Band(at - SYMBOL_GAP_MM, tallest, tuple(symbols))


def _check_size(frame: Frame, column: _Band, others_mm: float, wide_mm: float) -> None:
    """Raises LabelError when a stated width or height is too little for the symbols."""
    around = 2 * frame.padding_mm
    for name, size, needed in (
        ("width_mm", frame.width_mm, wide_mm + around),
        ("height_mm", frame.height_mm, column.height_mm + around + others_mm),
    ):
        if size is not None and size < needed - 1e-6:
            raise LabelError(
                "%(name)s is %(value)s; %(symbols)s needs %(needed)s.",
                name,
                name=name,
                value=f"{size:g} mm",
                symbols=_WITH_ROOM[len(column.symbols) == 1, around > 0],
                needed=f"{needed:.2f} mm",
            )


def _body(frame: Frame, lines: Sequence[Written], text_x: float, room: float | None) -> Block:
    """The label's own lines beside the symbols."""
    own = [(number, line.shape) for number, line in enumerate(lines) if _is_body(line)]
    if not own:
        return Block()
    width = NATURAL_TEXT_MM * frame.text_scale
    if frame.width_mm is not None:
        width = frame.width_mm - text_x - frame.margin_mm
        if width < 5:
            raise LabelError(
                "%(name)s is %(value)s, which leaves %(room)s for text beside the symbol; "
                "make it at least %(least)s, or print without text.",
                "width_mm",
                name="width_mm",
                value=f"{frame.width_mm:g} mm",
                room=f"{max(width, 0):.1f} mm",
                least=f"{text_x + frame.margin_mm + 5:.1f} mm",
            )
    try:
        block = fit(
            [shape for _, shape in own], width, None if room is None else room - 2 * frame.margin_mm, frame.text_scale
        )
    except DoesNotFit as refused:
        raise DoesNotFit(own[refused.line][0], refused.reason) from refused
    return replace(block, rows=tuple(replace(row, line=own[row.line][0]) for row in block.rows))


def _text_gap(feet: Sequence[Foot]) -> float:
    """Between the quiet zone and the text: small beside a wide quiet zone, and never so that modules and text touch."""
    return max(TEXT_GAP_MM, LEAST_GAP_MM - max(_quiet(foot)[0] for foot in feet if not foot.bars_dots))


def _is_body(line: Written) -> bool:
    return line.under is None and line.shape.kind != "status"


def _quiet(foot: Foot) -> tuple[float, float]:
    return foot.quiet_sides * foot.module.mm, foot.quiet_ends * foot.module.mm


def _moved(row: Row, x_mm: float, y_mm: float) -> Row:
    return replace(row, x_mm=row.x_mm + x_mm, baseline_mm=row.baseline_mm + y_mm)
