"""What a label says, before anything is drawn."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from labels.element_string import Ais, check_ais
from labels.errors import LabelError
from labels.limits import Use

if TYPE_CHECKING:
    from labels.qr_code import ErrorCorrection

Format = Literal["png", "svg", "pdf", "zpl"]
Kind = Literal["status", "name", "subname", "data", "hri", "note"]

KINDS: tuple[Kind, ...] = ("status", "name", "subname", "data", "hri", "note")
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf", "zpl")
MAX_LINES = 40
MAX_MARKS = 4
MAX_CHARACTERS = 300

# Finds quickly what may be no text; its category decides.
_UNUSUAL = re.compile(r"[^ -~\u4e00-\u9fff]")


class Line(NamedTuple):
    """One piece of human-readable text.

    `kind` decides size and weight: `status` stands white on a black bar across the top, `name` is the product's name,
    `subname` the same in the other language, `data` a fact (lot, dates) whose `caption` stands before it in a column,
    `hri` the human-readable interpretation of the symbol, broken only between application identifiers, `note` small
    print.
    """

    text: str
    kind: Kind = "data"
    caption: str = ""


@dataclass(frozen=True)
class Mark:
    """A GS1 symbol: application identifiers with their values, in the order in which they are encoded.

    A GS1 DataMatrix stands with the QR Code; a GS1-128 across the foot of the label with `hri` below it. `module_mm`
    None is the target for the `use`; `height_mm` is for bars, None the least that is allowed.
    """

    symbology: Literal["gs1-datamatrix", "gs1-128"]
    ais: Ais
    hri: str = ""
    use: Use = "healthcare"
    module_mm: float | None = None
    height_mm: float | None = None
    rectangular: bool = False


@dataclass(frozen=True)
class LabelSpec:
    """One label: what is encoded, what is written beside it, and how it is printed.

    `text` is what a QR Code holds, empty for a label without one; `marks` are GS1 symbols besides. Lengths are
    millimetres. `width_mm` and `height_mm` None: as large as the content needs. `module_mm` is the wanted X-dimension
    of the QR Code, rounded up to whole printer dots at `dpi`. `padding_mm` stays blank all round, outside the quiet
    zone. `text_scale` times the usual sizes is the largest that text is set at.
    """

    text: str
    lines: tuple[Line, ...] = ()
    format: Format = "png"
    module_mm: float = 0.423
    dpi: int = 300
    error_correction: ErrorCorrection = "M"
    width_mm: float | None = None
    height_mm: float | None = None
    padding_mm: float = 0.0
    marks: tuple[Mark, ...] = ()
    text_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise LabelError(f"format is {self.format!r}; it must be one of {', '.join(FORMATS)}.", "format")
        for name, value in (("width_mm", self.width_mm), ("height_mm", self.height_mm)):
            if value is not None and not 0 < value <= 1000:
                raise LabelError(f"{name} is {value:g}; it must be over 0 and at most 1000 mm.", name)
        if not 0 <= self.padding_mm <= 50:
            raise LabelError(f"padding_mm is {self.padding_mm:g}; it must be from 0 to 50 mm.", "padding_mm")
        if not 0.5 <= self.text_scale <= 5:
            raise LabelError(f"text_scale is {self.text_scale:g}; it must be from 0.5 to 5.", "text_scale")
        check_content(self.text, self.lines, self.marks)

    @property
    def title(self) -> str:
        """What names the label to those who do not see it: what its code holds."""
        return self.text or next(mark.hri or "".join(map("".join, mark.ais)) for mark in self.marks)


def check_content(text: str, lines: tuple[Line, ...], marks: tuple[Mark, ...]) -> None:
    """Raises LabelError for a label without a symbol, and for lines and marks that are none."""
    if not text and not marks:
        raise LabelError("text is empty; a symbol must encode something.", "text")
    check_lines(lines)
    if len(marks) > MAX_MARKS:
        raise LabelError(f"There are {len(marks)} marks; a label has at most {MAX_MARKS}.", "marks")
    for index, mark in enumerate(marks):
        if mark.symbology not in ("gs1-datamatrix", "gs1-128"):
            raise LabelError(
                f"symbology is {mark.symbology!r}; it must be gs1-datamatrix or gs1-128.", f"marks.{index}.symbology"
            )
        try:
            check_ais(mark.ais)
        except LabelError as refused:
            raise refused.under(f"marks.{index}") from refused
        if mark.hri and (wrong := _wrong_with(Line(mark.hri, "hri"))):
            raise LabelError(f"The HRI of mark {index + 1}{wrong}", f"marks.{index}.hri")


def check_lines(lines: tuple[Line, ...]) -> None:
    """Raises LabelError for a line of unknown kind, empty, too long, or with characters that are no text."""
    if len(lines) > MAX_LINES:
        raise LabelError(f"There are {len(lines)} lines; a label has at most {MAX_LINES}.", "lines")
    for index, line in enumerate(lines):
        if wrong := _wrong_with(line):
            raise LabelError(f"Line {index + 1}{wrong}", f"lines.{index}")


@lru_cache(maxsize=256)
def _wrong_with(line: Line) -> str:
    if line.kind not in KINDS:
        return f": kind is {line.kind!r}; it must be one of {', '.join(KINDS)}."
    if not line.text.strip():
        return " has no text."
    if len(line.caption + line.text) > MAX_CHARACTERS:
        return f" has {len(line.caption + line.text)} characters; a line has at most {MAX_CHARACTERS}."
    strange = _no_text(line.caption + line.text)
    return f" ({line.text!r}) {strange}" if strange else ""


def _no_text(text: str) -> str:
    if text.isascii() and text.isprintable():
        return ""
    for character in _UNUSUAL.findall(text):
        if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
            return f"has the character U+{ord(character):04X}, which is no text."
    return ""
