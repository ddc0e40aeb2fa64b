"""Sets lines of text one under the other in a room, as large as they fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labels.errors import Phrase
from labels.prepared import BOLD, LineShape
from labels.spec import Kind
from labels.typeface import POINT_MM
from labels.wrap import Span, balanced

# No text is set smaller than this: about 1.8 mm from one row to the top of the next, the least a Chinese character
# can be read at.
MIN_TEXT_PT = 5.0
COLUMN_GAP_MM = 1.4

LEADING = 1.28
# Where the baseline lies in a row of one type size, so that Chinese characters fill the row.
ASCENT = 0.86
_SHRINK_STEPS = 16
_SQUEEZE = 0.78


@dataclass(frozen=True)
class Style:
    """Type size in points, and the gap above in type sizes when the kind of line changes."""

    size_pt: float
    gap: float


STYLES: dict[Kind, Style] = {
    "status": Style(20.0, 0.0),
    "name": Style(11.0, 0.0),
    "subname": Style(8.5, 0.1),
    "data": Style(8.0, 0.55),
    "hri": Style(6.5, 0.7),
    "note": Style(6.5, 0.6),
}
_LARGEST_PT = max(style.size_pt for kind, style in STYLES.items() if kind != "status")


@dataclass(frozen=True)
class Row:
    """A row: parts `first` to `stop` of a line, or its caption where there are none; the left end of its baseline, or
    the middle where it is `centred`; `light` is white on black."""

    line: int
    first: int
    stop: int
    x_mm: float
    baseline_mm: float
    size_pt: float
    bold: bool
    centred: bool = False
    light: bool = False


@dataclass(frozen=True)
class Block:
    """Rows set from the top left corner of the text area, and what they take of it."""

    rows: tuple[Row, ...] = ()
    width_mm: float = 0.0
    height_mm: float = 0.0
    line_ends_mm: tuple[float, ...] = ()


class DoesNotFit(Exception):
    """A line that does not fit at the smallest size: its number among those to be set, and why."""

    def __init__(self, line: int, reason: Phrase) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def fit(lines: Sequence[LineShape], width_mm: float, height_mm: float | None, largest: float) -> Block:
    """The lines at the largest sizes at which all of them fit, at most `largest` times the usual ones.

    `height_mm` None: as high as they get. Raises DoesNotFit.
    """
    refused: DoesNotFit | None = None
    for scale in _scales(largest):
        try:
            block = _set(lines, width_mm, scale)
        except DoesNotFit as error:
            refused = error
            continue
        if height_mm is None or block.height_mm <= height_mm:
            return block
        first = next(index for index, end in enumerate(block.line_ends_mm) if end > height_mm)
        refused = DoesNotFit(
            first,
            Phrase(
                "the text is %(high)s high, and the label has %(room)s for it.",
                high=f"{block.height_mm:.1f} mm",
                room=f"{height_mm:.1f} mm",
            ),
        )
    assert refused is not None
    raise refused


def fit_centred(line: int, shape: LineShape, width_mm: float, size_pt: float) -> Block:
    """One line in as few rows as it takes, at a size that shrinks before it breaks; x counts from the middle.

    Raises DoesNotFit.
    """
    total = _total(shape.parts)
    single = math.floor(size_pt * min(1.0, width_mm / _mm(total, size_pt)) * 100) / 100
    smallest = max(MIN_TEXT_PT, size_pt * _SQUEEZE)
    size = max(single, smallest)
    rows = balanced(shape.parts, _thousandths(width_mm, size))
    while rows is None and size > MIN_TEXT_PT:
        size = max(MIN_TEXT_PT, size * 0.9)
        rows = balanced(shape.parts, _thousandths(width_mm, size))
    if rows is None:
        raise DoesNotFit(line, Phrase("a part of it is too wide for %(room)s.", room=f"{max(width_mm, 0):.1f} mm"))
    em = size * POINT_MM
    return Block(
        tuple(
            Row(line, first, stop, 0.0, em * (ASCENT + number * LEADING), size, BOLD[shape.kind], centred=True)
            for number, (first, stop) in enumerate(rows)
        ),
        max(_mm(_total(shape.parts[first:stop]), size) for first, stop in rows),
        em * (1 + (len(rows) - 1) * LEADING),
    )


def _scales(largest: float) -> Iterator[float]:
    smallest = MIN_TEXT_PT / _LARGEST_PT
    for step in range(_SHRINK_STEPS + 1):
        yield largest - (largest - smallest) * step / _SHRINK_STEPS


def _set(lines: Sequence[LineShape], width_mm: float, scale: float) -> Block:
    """All lines one under the other at one scale, as high as they get. Raises DoesNotFit when one is too wide."""
    sizes = {kind: max(MIN_TEXT_PT, style.size_pt * scale) for kind, style in STYLES.items()}
    column = max((_mm(line.caption, sizes[line.kind]) for line in lines if line.caption), default=0.0) + COLUMN_GAP_MM
    rows: list[Row] = []
    ends: list[float] = []
    y = right = 0.0
    previous: Kind | None = None
    for index, line in enumerate(lines):
        indent = column if line.caption else 0.0
        size, spans = _broken(line, width_mm - indent, sizes[line.kind])
        if spans is None:
            room = f"{max(width_mm - indent, 0):.1f} mm"
            raise DoesNotFit(index, Phrase("a part of it is too wide for the %(room)s beside it.", room=room))
        em = size * POINT_MM
        if previous is not None and previous != line.kind:
            y += STYLES[line.kind].gap * em
        previous = line.kind
        if line.caption:
            rows.append(Row(index, 0, 0, 0.0, y + em * ASCENT, size, bold=False))
        for number, (first, stop) in enumerate(spans):
            baseline = y + em * (ASCENT + number * LEADING)
            rows.append(Row(index, first, stop, indent, baseline, size, BOLD[line.kind]))
            right = max(right, indent + _mm(_total(line.parts[first:stop]), size))
        y += em * LEADING * len(spans)
        ends.append(y - em * (LEADING - 1))
    return Block(tuple(rows), right, ends[-1], tuple(ends))


def _broken(line: LineShape, width_mm: float, size_pt: float) -> tuple[float, list[Span] | None]:
    """The rows of a line and the size they are set at.

    A name is first squeezed a little if that keeps it in one row; facts and the HRI keep one size.
    """
    width = _mm(_total(line.parts), size_pt)
    if width > width_mm and not line.caption and line.kind != "hri":
        squeezed = math.floor(size_pt * width_mm / width * 100) / 100
        if squeezed >= max(MIN_TEXT_PT, size_pt * _SQUEEZE):
            return squeezed, [(0, len(line.parts))]
    return size_pt, balanced(line.parts, _thousandths(width_mm, size_pt))


def _total(parts: Sequence[tuple[int, int]]) -> int:
    return sum(width for width, _ in parts) - parts[-1][1]


def _mm(thousandths: float, size_pt: float) -> float:
    return thousandths / 1000 * size_pt * POINT_MM


def _thousandths(width_mm: float, size_pt: float) -> float:
    return width_mm / (size_pt * POINT_MM) * 1000
