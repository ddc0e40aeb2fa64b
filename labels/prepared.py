"""Lines of text made ready to be set: what can be written, its unbreakable parts, and how wide they are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from labels.errors import LabelError, shown
from labels.spec import Kind, Line
from labels.typeface import Typeface, is_in_chinese_collection
from labels.wrap import parts

# Widths count in thousandths of the type size and are rounded up to a multiple of this, so that labels that differ in
# their serials only are laid out alike, and once.
GRID = 125

BOLD: dict[Kind, bool] = {
    "status": True, "name": True, "subname": False, "data": True, "hri": False, "note": False,
}  # fmt: skip


class LineShape(NamedTuple):
    """All that the layout asks of a line: its kind, the width of its caption (0: none), its parts as (width, blank)."""

    kind: Kind
    caption: int
    parts: tuple[tuple[int, int], ...]


class Written(NamedTuple):
    """A line as the layout knows it: its shape, and the number of the symbol whose HRI it is; None: the label's own."""

    shape: LineShape
    under: int | None = None


class Prepared(NamedTuple):
    """A line as it is written, with its parts and its shape."""

    line: Line
    parts: tuple[str, ...]
    written: Written


def prepare(lines: Iterable[Line], typeface: Typeface) -> tuple[list[tuple[int, Prepared]], tuple[Line, ...]]:
    """The lines that can be written, numbered as asked, and those left out for want of a Chinese font.

    From a bilingual caption or status the words that can be written stay. A value is written whole or not at all, and
    never without its caption: a date that does not say of what misleads. Raises LabelError for a character that no
    font has.
    """
    kept: list[tuple[int, Prepared]] = []
    left_out: list[Line] = []
    for index, line in enumerate(lines):
        found = _prepared(line, typeface)
        if isinstance(found, str):
            raise LabelError(
                "Line %(line)s ('%(text)s'): no font at hand has the character '%(character)s'.",
                f"lines.{index}",
                line=str(index + 1),
                text=shown(line.text),
                character=shown(found),
            )
        if found is None:
            left_out.append(line)
        else:
            kept.append((index, found))
    return kept, tuple(left_out)


@lru_cache(maxsize=256)
def _prepared(asked: Line, typeface: Typeface) -> Prepared | str | None:
    """The line made ready, None where it must be left out, or the character that nobody can write."""
    line = Line(typeface.spelled(asked.text), asked.kind, typeface.spelled(asked.caption))
    missing = typeface.missing(line.caption + line.text)
    if not missing:
        return _shaped(line, typeface)
    strange = [character for character in missing if typeface.cjk or not is_in_chinese_collection(character)]
    if strange:
        return strange[0]
    if line.kind == "status" and (words := _writable(line.text, typeface)):
        return _shaped(line._replace(text=words), typeface)
    caption = _writable(line.caption, typeface)
    if caption and not typeface.missing(line.text):
        return _shaped(line._replace(caption=caption), typeface)
    return None


def _writable(text: str, typeface: Typeface) -> str:
    return " ".join(word for word in text.split() if not typeface.missing(word))


def _shaped(line: Line, typeface: Typeface) -> Prepared:
    divided = tuple(parts(line.text.strip(), line.kind))
    bold = BOLD[line.kind]
    widths = tuple([_widths(part, typeface, bold) for part in divided])
    shape = LineShape(line.kind, _widths(line.caption, typeface, False)[0], widths)
    return Prepared(line, divided, Written(shape))


@lru_cache(maxsize=1024)
def _widths(part: str, typeface: Typeface, bold: bool) -> tuple[int, int]:
    """How wide a part is, and how much of that is the blank at its end."""
    advance = typeface.advances(bold).__getitem__
    width, blank = (sum(map(advance, text)) for text in (part, part[len(part.rstrip()) :]))
    return -int(-width // GRID) * GRID, -int(-blank // GRID) * GRID
