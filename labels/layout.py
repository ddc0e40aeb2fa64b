"""Where everything on a label goes: symbol left, text right. Millimetres from the upper left corner, y downward."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from labels.errors import LabelError
from labels.spec import Kind, LabelSpec, Line
from labels.symbol import MM_PER_INCH, QUIET_MODULES, Module, Symbol, encode, module
from labels.typeface import POINT_MM, Typeface, is_in_chinese_collection
from labels.wrap import balanced

# No text is set smaller than this: about 1.8 mm from one row to the top of the next, the least a Chinese character
# can be read at.
MIN_TEXT_PT = 5.0
NATURAL_TEXT_MM = 60.0
TEXT_MARGIN_MM = 1.5
# Between quiet zone and text, because thickened characters reach a little over their place.
TEXT_GAP_MM = 0.6
COLUMN_GAP_MM = 1.4

_LEADING = 1.28
_SHRINK_STEPS = 16
_SQUEEZE = 0.78
# Where the baseline lies in a row of one type size, so that Chinese characters fill the row.
_ASCENT = 0.86


@dataclass(frozen=True)
class Style:
    """Type size in points, weight, and the gap above in type sizes when the kind of line changes."""

    size_pt: float
    bold: bool
    gap: float


STYLES: dict[Kind, Style] = {
    "name": Style(11.0, True, 0.0),
    "subname": Style(8.5, False, 0.1),
    "data": Style(8.0, True, 0.55),
    "hri": Style(6.5, False, 0.7),
    "note": Style(6.5, False, 0.6),
}


@dataclass(frozen=True)
class Placed:
    """A row of text: left end of its baseline, type size, and the width it was measured at."""

    text: str
    x_mm: float
    baseline_mm: float
    size_pt: float
    bold: bool
    width_mm: float


@dataclass(frozen=True)
class Composed:
    """A label ready to be drawn. `symbol_x_mm`, `symbol_y_mm` are the corner of the first module, not of the quiet
    zone; `left_out` are the lines that no font at hand can write."""

    width_mm: float
    height_mm: float
    symbol: Symbol
    module: Module
    symbol_x_mm: float
    symbol_y_mm: float
    texts: tuple[Placed, ...]
    left_out: tuple[Line, ...]


@dataclass(frozen=True)
class _Block:
    """Rows set from the top of the text area, the height they take, and where each line ends."""

    rows: tuple[Placed, ...]
    height_mm: float
    line_ends_mm: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class _Unset:
    """A line that does not fit, and why."""

    index: int
    reason: str


def compose(spec: LabelSpec, typeface: Typeface) -> Composed:
    """The label laid out.

    Text is wrapped, then shrunk as a whole in small steps down to MIN_TEXT_PT, then refused. Raises LabelError naming
    the line, or the measure that is too small.
    """
    symbol = encode(spec.text, spec.error_correction)
    made = module(spec.module_mm, spec.dpi)
    padding = to_dots(spec.padding_mm, spec.dpi) * MM_PER_INCH / spec.dpi
    side = symbol.modules_with_quiet_zone * made.mm + 2 * padding
    for name, size in (("width_mm", spec.width_mm), ("height_mm", spec.height_mm)):
        if size is not None and size < side - 1e-6:
            raise LabelError(
                f"{name} is {size:g} mm; the symbol with its quiet zone"
                f"{' and padding' if padding else ''} needs {side:.2f} mm.",
                name,
            )
    lines, left_out = _printable(spec.lines, typeface)
    margin = max(TEXT_MARGIN_MM, padding)
    text_x = side - padding + TEXT_GAP_MM
    block = _fit(lines, _room(spec, text_x, margin), typeface) if lines else _Block((), 0.0, ())
    right = max((row.x_mm + row.width_mm for row in block.rows), default=0.0)
    width = spec.width_mm or (text_x + right + margin if lines else side)
    height = spec.height_mm or max(side, block.height_mm + 2 * margin)
    shift = (height - block.height_mm) / 2
    texts = tuple(replace(row, x_mm=row.x_mm + text_x, baseline_mm=row.baseline_mm + shift) for row in block.rows)
    quiet = QUIET_MODULES * made.mm
    return Composed(
        width, height, symbol, made, padding + quiet, (height - side) / 2 + padding + quiet, texts, left_out
    )


def to_dots(length_mm: float, dpi: int) -> int:
    """The whole dots that cover a length; a hundredth of a dot is rounding."""
    return math.ceil(length_mm * dpi / MM_PER_INCH - 0.01)


@dataclass(frozen=True)
class _Room:
    """The text area; `height_mm` None where the label grows with its text."""

    width_mm: float
    height_mm: float | None


def _room(spec: LabelSpec, text_x: float, margin: float) -> _Room:
    width = NATURAL_TEXT_MM if spec.width_mm is None else spec.width_mm - text_x - margin
    if width < 5:
        raise LabelError(
            f"width_mm is {spec.width_mm:g} mm, which leaves {max(width, 0):.1f} mm for text beside the symbol; "
            f"make it at least {text_x + margin + 5:.1f} mm, or print without text.",
            "width_mm",
        )
    return _Room(width, None if spec.height_mm is None else spec.height_mm - 2 * margin)


def _printable(lines: tuple[Line, ...], typeface: Typeface) -> tuple[list[tuple[int, Line]], tuple[Line, ...]]:
    """The lines that can be written, numbered as asked, and those left out for want of a Chinese font.

    From a bilingual caption the words that can be written stay. A value is written whole or not at all, and never
    without its caption: a date that does not say of what misleads.
    """
    kept: list[tuple[int, Line]] = []
    left_out: list[Line] = []
    for index, asked in enumerate(lines):
        line = replace(asked, text=typeface.spelled(asked.text), caption=typeface.spelled(asked.caption))
        missing = [character for character in line.caption + line.text if not typeface.can_set(character)]
        if not missing:
            kept.append((index, line))
            continue
        strange = [character for character in missing if typeface.cjk or not is_in_chinese_collection(character)]
        if strange:
            raise LabelError(
                f"Line {index + 1} ({line.text!r}): no font at hand has the character {strange[0]!r}.",
                f"lines.{index}",
            )
        caption = " ".join(word for word in line.caption.split() if all(map(typeface.can_set, word)))
        if all(map(typeface.can_set, line.text)) and caption:
            kept.append((index, replace(line, caption=caption)))
        else:
            left_out.append(asked)
    return kept, tuple(left_out)


def _fit(lines: list[tuple[int, Line]], room: _Room, typeface: Typeface) -> _Block:
    """The lines at the largest sizes at which all of them fit."""
    outcome: _Block | _Unset | None = None
    for scale in _scales():
        outcome = _set(lines, room, scale, typeface)
        if isinstance(outcome, _Block):
            if room.height_mm is None or outcome.height_mm <= room.height_mm:
                return outcome
            outcome = _over_the_end(outcome, room.height_mm)
    assert isinstance(outcome, _Unset)
    line = dict(lines)[outcome.index]
    raise LabelError(
        f"Line {outcome.index + 1} ({line.text!r}) does not fit at the smallest type size of {MIN_TEXT_PT:g} pt: "
        f"{outcome.reason}",
        f"lines.{outcome.index}",
    )


def _scales() -> Iterator[float]:
    smallest = MIN_TEXT_PT / max(style.size_pt for style in STYLES.values())
    for step in range(_SHRINK_STEPS + 1):
        yield 1 - (1 - smallest) * step / _SHRINK_STEPS


def _over_the_end(block: _Block, height_mm: float) -> _Unset:
    index = next(index for index, end in block.line_ends_mm if end > height_mm)
    return _Unset(index, f"the text is {block.height_mm:.1f} mm high, and the label has {height_mm:.1f} mm for it.")


def _set(lines: list[tuple[int, Line]], room: _Room, scale: float, typeface: Typeface) -> _Block | _Unset:
    """All lines one under the other at one scale, as high as they get; _Unset when one is too wide."""
    sizes = {kind: max(MIN_TEXT_PT, style.size_pt * scale) for kind, style in STYLES.items()}
    captions = [typeface.width_mm(line.caption, sizes[line.kind], bold=False) for _, line in lines if line.caption]
    column = max(captions, default=0.0) + COLUMN_GAP_MM
    rows: list[Placed] = []
    ends: list[tuple[int, float]] = []
    y = 0.0
    previous: Kind | None = None
    for index, line in lines:
        indent = column if line.caption else 0.0
        size, broken = _broken(line, room.width_mm - indent, sizes[line.kind], typeface)
        if broken is None:
            return _Unset(index, f"a part of it is too wide for the {room.width_mm - indent:.1f} mm beside it.")
        if previous is not None and previous != line.kind:
            y += STYLES[line.kind].gap * size * POINT_MM
        previous = line.kind
        em = size * POINT_MM
        if line.caption:
            rows.append(_placed(line.caption, 0.0, y + em * _ASCENT, size, False, typeface))
        for number, text in enumerate(broken):
            baseline = y + em * (_ASCENT + number * _LEADING)
            rows.append(_placed(text, indent, baseline, size, STYLES[line.kind].bold, typeface))
        y += em * _LEADING * len(broken)
        ends.append((index, y - em * (_LEADING - 1)))
    return _Block(tuple(rows), ends[-1][1] if ends else 0.0, tuple(ends))


def _broken(line: Line, width_mm: float, size_pt: float, typeface: Typeface) -> tuple[float, list[str] | None]:
    """The rows of a line and the size they are set at.

    A line that stands alone is first squeezed a little if that keeps it in one row; facts keep one size.
    """
    bold = STYLES[line.kind].bold
    width = typeface.width_mm(line.text.strip(), size_pt, bold)
    if width > width_mm and not line.caption:
        squeezed = math.floor(size_pt * width_mm / width * 100) / 100
        if squeezed >= max(MIN_TEXT_PT, size_pt * _SQUEEZE):
            return squeezed, [line.text.strip()]
    return size_pt, balanced(line.text, line.kind, width_mm, lambda text: typeface.width_mm(text, size_pt, bold))


def _placed(text: str, x_mm: float, baseline_mm: float, size_pt: float, bold: bool, typeface: Typeface) -> Placed:
    return Placed(text, x_mm, baseline_mm, size_pt, bold, typeface.width_mm(text, size_pt, bold))
