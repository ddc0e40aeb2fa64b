"""What a label says, before anything is drawn."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from labels.errors import LabelError
from labels.symbol import ErrorCorrection

Format = Literal["png", "svg", "pdf"]
Kind = Literal["name", "subname", "data", "hri", "note"]

KINDS: tuple[Kind, ...] = ("name", "subname", "data", "hri", "note")
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")
MAX_LINES = 40
MAX_CHARACTERS = 300


@dataclass(frozen=True)
class Line:
    """One piece of human-readable text.

    `kind` decides size and weight: `name` is the product's name, `subname` the same in the other language, `data` a
    fact (lot, dates) whose `caption` stands before it in a column, `hri` the human-readable interpretation of the
    symbol, broken only between application identifiers, `note` small print.
    """

    text: str
    kind: Kind = "data"
    caption: str = ""


@dataclass(frozen=True)
class LabelSpec:
    """One label: what is encoded, what is written beside it, and how it is printed.

    Lengths are millimetres. `width_mm` and `height_mm` None: as large as the content needs. `module_mm` is the wanted
    X-dimension, rounded up to whole printer dots at `dpi`. `padding_mm` stays blank all round, outside the quiet zone.
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

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise LabelError(f"format is {self.format!r}; it must be one of {', '.join(FORMATS)}.", "format")
        for name, value in (("width_mm", self.width_mm), ("height_mm", self.height_mm)):
            if value is not None and not 0 < value <= 1000:
                raise LabelError(f"{name} is {value:g}; it must be over 0 and at most 1000 mm.", name)
        if not 0 <= self.padding_mm <= 50:
            raise LabelError(f"padding_mm is {self.padding_mm:g}; it must be from 0 to 50 mm.", "padding_mm")
        check_lines(self.lines)


def check_lines(lines: tuple[Line, ...]) -> None:
    """Raises LabelError for a line of unknown kind, empty, too long, or with characters that are no text."""
    if len(lines) > MAX_LINES:
        raise LabelError(f"There are {len(lines)} lines; a label has at most {MAX_LINES}.", "lines")
    for index, line in enumerate(lines):
        if line.kind not in KINDS:
            raise LabelError(
                f"Line {index + 1}: kind is {line.kind!r}; it must be one of {', '.join(KINDS)}.", f"lines.{index}"
            )
        if not line.text.strip():
            raise LabelError(f"Line {index + 1} has no text.", f"lines.{index}")
        if len(line.caption + line.text) > MAX_CHARACTERS:
            raise LabelError(
                f"Line {index + 1} has {len(line.caption + line.text)} characters; "
                f"a line has at most {MAX_CHARACTERS}.",
                f"lines.{index}",
            )
        for character in line.caption + line.text:
            if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
                raise LabelError(
                    f"Line {index + 1} ({line.text!r}) has the character U+{ord(character):04X}, which is no text.",
                    f"lines.{index}",
                )
