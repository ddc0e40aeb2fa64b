"""What a label says, before anything is drawn."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from labels.element_string import Ais, check_ais
from labels.errors import LabelError, Phrase, shown
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
            raise LabelError(
                "%(name)s is %(value)s; it must be one of %(choices)s.",
                "format",
                name="format",
                value=repr(self.format),
                choices=", ".join(FORMATS),
            )
        for name, value in (("width_mm", self.width_mm), ("height_mm", self.height_mm)):
            if value is not None and not 0 < value <= 1000:
                raise LabelError(
                    "%(name)s is %(value)s; it must be over 0 and at most %(most)s.",
                    name,
                    name=name,
                    value=f"{value:g}",
                    most="1000 mm",
                )
        if not 0 <= self.padding_mm <= 50:
            raise outside("padding_mm", f"{self.padding_mm:g}", "0", "50 mm")
        if not 0.5 <= self.text_scale <= 5:
            raise outside("text_scale", f"{self.text_scale:g}", "0.5", "5")
        check_content(self.text, self.lines, self.marks)

    @property
    def title(self) -> str:
        """What names the label to those who do not see it: what its code holds."""
        return self.text or next(mark.hri or "".join(map("".join, mark.ais)) for mark in self.marks)


def check_content(text: str, lines: tuple[Line, ...], marks: tuple[Mark, ...]) -> None:
    """Raises LabelError for a label without a symbol, and for lines and marks that are none."""
    if not text and not marks:
        raise LabelError("%(name)s is empty; a symbol must encode something.", "text", name="text")
    check_lines(lines)
    if len(marks) > MAX_MARKS:
        raise LabelError(
            "There are %(count)s marks; a label has at most %(most)s.",
            "marks",
            count=str(len(marks)),
            most=str(MAX_MARKS),
        )
    for index, mark in enumerate(marks):
        if mark.symbology not in ("gs1-datamatrix", "gs1-128"):
            raise LabelError(
                "%(name)s is %(value)s; it must be gs1-datamatrix or gs1-128.",
                f"marks.{index}.symbology",
                name="symbology",
                value=repr(mark.symbology),
            )
        try:
            check_ais(mark.ais)
        except LabelError as refused:
            raise refused.under(f"marks.{index}") from refused
        if mark.hri and _is_wrong(hri := Line(mark.hri, "hri")):
            where = Phrase("The HRI of mark %(mark)s", mark=str(index + 1))
            raise LabelError(_fault(hri, where), f"marks.{index}.hri")


def check_lines(lines: tuple[Line, ...]) -> None:
    """Raises LabelError for a line of unknown kind, empty, too long, or with characters that are no text."""
    if len(lines) > MAX_LINES:
        raise LabelError(
            "There are %(count)s lines; a label has at most %(most)s.",
            "lines",
            count=str(len(lines)),
            most=str(MAX_LINES),
        )
    for index, line in enumerate(lines):
        if _is_wrong(line):
            raise LabelError(_fault(line, Phrase("Line %(line)s", line=str(index + 1))), f"lines.{index}")


def outside(name: str, value: str, least: str, most: str) -> LabelError:
    """The refusal of a number that is too small or too large."""
    return LabelError(
        "%(name)s is %(value)s; it must be from %(least)s to %(most)s.",
        name,
        name=name,
        value=value,
        least=least,
        most=most,
    )


@lru_cache(maxsize=256)
def _is_wrong(line: Line) -> bool:
    text = line.caption + line.text
    return line.kind not in KINDS or not line.text.strip() or len(text) > MAX_CHARACTERS or bool(_no_text(text))


def _fault(line: Line, where: Phrase) -> Phrase:
    """What is wrong with a line that is wrong."""
    if line.kind not in KINDS:
        return Phrase(
            "%(where)s: %(name)s is %(value)s; it must be one of %(choices)s.",
            where=where,
            name="kind",
            value=repr(line.kind),
            choices=", ".join(KINDS),
        )
    if not line.text.strip():
        return Phrase("%(where)s has no text.", where=where)
    count = len(line.caption + line.text)
    if count > MAX_CHARACTERS:
        return Phrase(
            "%(where)s has %(count)s characters; a line has at most %(most)s.",
            where=where,
            count=str(count),
            most=str(MAX_CHARACTERS),
        )
    return Phrase(
        "%(where)s ('%(text)s') has the character %(character)s, which is no text.",
        where=where,
        text=shown(line.text),
        character=f"U+{ord(_no_text(line.caption + line.text)):04X}",
    )


def _no_text(text: str) -> str:
    """The first character that is no text; empty when there is none."""
    if text.isascii() and text.isprintable():
        return ""
    for character in _UNUSUAL.findall(text):
        if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
            return str(character)
    return ""
