"""Text set in lines of a PDF: broken where its reader may break it, boxes drawn, characters without a glyph replaced.
Pure."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .form_sheet import OPEN, TICKED

if TYPE_CHECKING:
    from labels.pdf_file import PdfFile
    from labels.typeface import Typeface
    from labels.wrap import Span, Width

    Wrap = Callable[[Sequence[Width], float], list[Span] | None]

_BOXES = re.compile(f"([{TICKED}{OPEN}])")
_OPTION = re.compile(f"(?=[{TICKED}{OPEN}])")
# A Chinese font sets it as wide as a character.
_APOSTROPHE = re.compile("(?<=[A-Za-z])’(?=[A-Za-z])")
_HARD_SPACE = "\u00a0"
_UNKNOWN = "?"
_BOX = 0.92


@dataclass(frozen=True, slots=True)
class Line:
    """One line, its text as it can be drawn."""

    text: str


@cache
def _typeface() -> Typeface:
    from labels import fonts
    from labels.typeface import typeface

    return typeface(fonts.default(), "cid")


class TextSetter:
    """Sets text in the Chinese font of the machine, or where there is none in the viewer's own."""

    def __init__(self, file: PdfFile) -> None:
        self._file = file
        self._typeface = _typeface()

    def clean(self, text: str) -> str:
        """The text with what can be drawn: line ends kept, controls gone, unknown characters as “?”."""
        kept = (character if character == "\n" or not unicodedata.category(character).startswith("C") else
                " " if character == "\t" else "" for character in text.replace("\r\n", "\n").replace("\r", "\n"))
        spelled = _APOSTROPHE.sub("'", self._typeface.spelled("".join(kept)))
        lost = set(self._typeface.missing(spelled.replace("\n", ""))) - {TICKED, OPEN, _HARD_SPACE}
        return spelled.translate(dict.fromkeys(map(ord, lost), _UNKNOWN)) if lost else spelled

    def line(self, text: str) -> Line:
        """The text as one line."""
        return Line(self.clean(text).replace("\n", " "))

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """How wide the text is, in points."""
        return self.line_width(self.line(text), size, bold)

    def line_width(self, line: Line, size: float, bold: bool = False) -> float:
        """How wide a line is, in points."""
        advances = self._typeface.advances(bold)
        return sum(_BOX * 1000 if character in (TICKED, OPEN) else advances[character]
                   for character in line.text.replace(_HARD_SPACE, " ")) * size / 1000

    def lines(self, text: str, room: float, size: float, bold: bool = False) -> list[Line]:
        """The text in lines no wider than the room."""
        from labels.wrap import wrap

        return [line for paragraph in self.clean(text).split("\n")
                for line in self._wrapped(paragraph, room, (size, bold), wrap)]

    def title_lines(self, text: str, room: float, size: float) -> list[Line]:
        """A title in lines; where one character would be left for the last, in lines about equally long."""
        from labels.wrap import balanced

        plain = self.lines(text.replace("\n", " "), room, size)
        if len(plain) < 2 or len(plain[-1].text) > 1:
            return plain
        return list(self._wrapped(self.clean(text).replace("\n", " "), room, (size, False), balanced))

    def _wrapped(self, paragraph: str, room: float, face: tuple[float, bool], wrap: Wrap) -> Iterator[Line]:
        size, bold = face
        pieces = list(self._pieces(paragraph, room, size, bold))
        widths = [(self.line_width(Line(piece), size, bold),
                   self.line_width(Line(piece[len(piece.rstrip(" ")):]), size, bold)) for piece in pieces]
        for first, stop in wrap(widths, room) or [(0, len(pieces))] if pieces else ():
            yield Line("".join(pieces[first:stop]).rstrip(" "))
        if not pieces:
            yield Line("")

    def _pieces(self, paragraph: str, room: float, size: float, bold: bool) -> Iterator[str]:
        """Unbreakable parts: a box with its words where they fit, else words; a longer one in single characters."""
        from labels.wrap import parts

        for option in filter(None, _OPTION.split(paragraph)):
            broken = parts(option.replace(_HARD_SPACE, " "), "data")
            if option.startswith((TICKED, OPEN)):
                fits = self.line_width(Line(option.rstrip()), size, bold) <= room
                broken = [option] if fits else ["".join(broken[:2]), *broken[2:]]
            for part in broken:
                if self.line_width(Line(part.rstrip()), size, bold) > room:
                    yield from part
                else:
                    yield part

    def operators(self, line: Line, x: float, y: float, size: float, bold: bool = False) -> str:
        """The operators that draw a line with its left end here; boxes are drawn, not set."""
        drawn = []
        for text in _BOXES.split(line.text):
            if text in (TICKED, OPEN):
                drawn.append(_box(text == TICKED, x, y, size))
                x += _BOX * size
            elif text:
                bare = text.replace(_HARD_SPACE, " ")
                shown = self._file.shown(bare, size, bold, self._typeface)
                drawn.append(f"BT 0 g 0 G 1 0 0 1 {x:.3f} {y:.3f} Tm\n{shown}0 Tr 0 Tc ET\n")
                x += self.line_width(Line(text), size, bold)
        return "".join(drawn)


def _box(ticked: bool, x: float, y: float, size: float) -> str:
    """A box with or without a tick. `ActualText` says it to readers that do not see."""
    said = (TICKED if ticked else OPEN).encode("utf-16-be").hex().upper()
    side, low = size * 0.74, y - size * 0.08
    x += size * 0.06
    tick = (f"1.1 w {x + side * 0.2:.3f} {low + side * 0.52:.3f} m {x + side * 0.43:.3f} {low + side * 0.25:.3f} l"
            f" {x + side * 0.84:.3f} {low + side * 0.8:.3f} l S " if ticked else "")
    return (f"/Span << /ActualText <FEFF{said}> >> BDC q 0 G 0.6 w {x:.3f} {low:.3f} {side:.3f} {side:.3f} re S"
            f" {tick}Q EMC\n")
