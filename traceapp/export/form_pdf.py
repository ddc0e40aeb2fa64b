"""A filled form as PDF: a table form on A4, groups under bands, boxes ticked, the code and the page on each sheet.
Pure."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from .form_lines import Line, TextSetter
from .form_sheet import COLUMNS, Cell, FilledForm, Group, Table

if TYPE_CHECKING:
    from labels.pdf_file import PdfFile

MM = 72 / 25.4
PAGE_WIDTH, PAGE_HEIGHT = 210 * MM, 297 * MM
_LEFT, _RIGHT, _TOP, _BOTTOM = 15 * MM, 195 * MM, 283 * MM, 18 * MM
_COLUMN = (_RIGHT - _LEFT) / COLUMNS
_TITLE_WIDTH = 33 * MM
_SIZE, _SMALL, _TITLE, _BAND = 9.0, 8.0, 15.0, 9.5
_LEADING, _PAD = 1.42, 4.0
# A row that is higher than this part of a page may be parted; others go to the next page whole.
_KEPT_WHOLE = 0.25 * (_TOP - _BOTTOM)
_TINT, _BAND_TINT, _RULE = 0.955, 0.88, 0.45


@dataclass(slots=True)
class _Page:
    operators: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle of a row with its lines; `tint` is the grey behind it, `to_right` sets numbers."""

    x: float
    width: float
    lines: Sequence[Line]
    tint: float = 1.0
    bold: bool = False
    to_right: bool = False


def form_pdf(filled: FilledForm) -> bytes:
    """The bytes of the file. Equal forms give equal bytes."""
    from labels.pdf_file import PdfFile

    out = BytesIO()
    file = PdfFile(out, f"{filled.title} {filled.code}".strip())
    sheet = _Sheet(filled, file)
    sheet.lay_out()
    for number, page in enumerate(sheet.pages, 1):
        foot = sheet.foot(number, len(sheet.pages))
        file.add_page(PAGE_WIDTH, PAGE_HEIGHT, "".join([*page.operators, *foot]))
    file.close()
    return out.getvalue()


class _Sheet:
    """The pages of one form; `y` is how far the present one is filled, from its foot."""

    def __init__(self, filled: FilledForm, file: PdfFile) -> None:
        self.filled = filled
        self.setter = TextSetter(file)
        self.pages: list[_Page] = []
        self.y = 0.0

    def lay_out(self) -> None:
        """Set everything."""
        self._begin_first()
        for group in self.filled.groups:
            self._group(group)

    def foot(self, number: int, pages: int) -> Iterator[str]:
        """The code on the left, the page in the middle, on the right whether it is masked."""
        page = self.filled.words.page % {"page": number, "pages": pages}
        width = self.setter.width(page, _SMALL)
        yield self._text(page, (_LEFT + _RIGHT - width) / 2, 10 * MM, _SMALL)
        yield self._text(self._code(), _LEFT, 10 * MM, _SMALL)
        if self.filled.is_masked:
            width = self.setter.width(self.filled.words.masked, _SMALL)
            yield self._text(self.filled.words.masked, _RIGHT - width, 10 * MM, _SMALL)

    def _code(self) -> str:
        return f"{self.filled.words.code}{self.filled.code}" if self.filled.code else ""

    def _text(self, text: str, x: float, y: float, size: float, bold: bool = False) -> str:
        return self.setter.operators(self.setter.line(text), x, y, size, bold)

    def _begin_first(self) -> None:
        self.pages.append(_Page())
        self.y = _TOP
        for line in self.setter.lines(self.filled.title, _RIGHT - _LEFT, _TITLE, bold=True):
            x = (_LEFT + _RIGHT - self.setter.line_width(line, _TITLE, bold=True)) / 2
            self._add(self.setter.operators(line, x, self.y - _TITLE, _TITLE, bold=True))
            self.y -= _TITLE * _LEADING
        for line in self.setter.lines(self.filled.note, _RIGHT - _LEFT, _SMALL) if self.filled.note else ():
            x = (_LEFT + _RIGHT - self.setter.line_width(line, _SMALL)) / 2
            self._add(self.setter.operators(line, x, self.y - _SMALL, _SMALL))
            self.y -= _SMALL * _LEADING
        self.y -= 2 * MM

    def _begin_next(self) -> None:
        self.pages.append(_Page())
        self._add(self._text(self.filled.title, _LEFT, _TOP - _SMALL + 2, _SMALL))
        self.y = _TOP - 3 * MM - _SMALL

    def _add(self, operators: str) -> None:
        self.pages[-1].operators.append(operators)

    def _room(self) -> float:
        return self.y - _BOTTOM

    def _group(self, group: Group) -> None:
        rows = [self._cell_row(row) for row in group.rows()]
        table = self._table_rows(group.table) if group.table is not None else []
        begun = rows[:1] or table[:2]  # the head of a table is never alone at the foot of a page
        first = sum(min(_height(row), _KEPT_WHOLE) for row in begun)
        size = _BAND if group.level == 1 else _SIZE
        tint = _BAND_TINT if group.level == 1 else _TINT
        bands = [_Box(_LEFT, _RIGHT - _LEFT, self.setter.lines(group.title, _RIGHT - _LEFT - 2 * _PAD, size, bold=True),
                      tint, bold=True)]
        if self._room() < _height(bands) + first:
            self._begin_next()
        if group.title:
            self._row(bands)
        for row in rows:
            self._row(row)
        for number, row in enumerate(table):
            if number and _height(row) > self._room():
                self._begin_next()
                self._row(table[0])
            self._row(row)

    def _cell_row(self, cells: tuple[Cell, ...]) -> list[_Box]:
        boxes, x = [], _LEFT
        for number, cell in enumerate(cells):
            last = number == len(cells) - 1
            title, width = _TITLE_WIDTH, cell.width * _COLUMN
            if last:
                width = _RIGHT - x
            boxes.append(_Box(x, title, self.setter.title_lines(cell.label, title - 2 * _PAD, _SIZE), _TINT))
            boxes.append(_Box(x + title, width - title,
                              self.setter.lines(cell.words, width - title - 2 * _PAD, _SIZE)))
            x += width
        return boxes

    def _table_rows(self, table: Table) -> list[list[_Box]]:
        found = []
        unit = (_RIGHT - _LEFT) / sum(table.widths)
        for number, texts in enumerate((table.heads, *table.rows)):
            boxes, x = [], _LEFT
            for place, (text, columns) in enumerate(zip(texts, table.widths, strict=True)):
                width = columns * unit
                boxes.append(_Box(x, width, self.setter.lines(text, width - 2 * _PAD, _SIZE),
                                  1.0 if number else _TINT, to_right=place >= table.texts))
                x += width
            found.append(boxes)
        return found

    def _row(self, boxes: list[_Box]) -> None:
        """Draw a row; one that is too high for what is left goes on, parted only where it is a long one."""
        while True:
            height = _height(boxes)
            if height <= self._room():
                self._draw(boxes, height)
                return
            fits = int((self._room() - 2 * _PAD) / (_SIZE * _LEADING))
            if height > _KEPT_WHOLE and fits >= 3:
                self._draw([_cut(box, 0, fits) for box in boxes], self._room())
                boxes = [self._continued(box, fits) for box in boxes]
            self._begin_next()

    def _continued(self, box: _Box, fits: int) -> _Box:
        """What follows of a box; a title is repeated and says so."""
        if box.tint == 1.0:
            return _cut(box, fits, None)
        title = "".join(line.text for line in box.lines).removesuffix(self.filled.words.continued)
        lines = self.setter.title_lines(title + self.filled.words.continued, box.width - 2 * _PAD, _SIZE)
        return _Box(box.x, box.width, lines, box.tint)

    def _draw(self, boxes: list[_Box], height: float) -> None:
        top, bottom = self.y, self.y - height
        for box in boxes:
            frame = f"{box.x:.2f} {bottom:.2f} {box.width:.2f} {height:.2f} re"
            if box.tint < 1:
                self._add(f"{box.tint} g {frame} f\n")
            self._add(f"{_RULE} G 0.5 w {frame} S\n")
            size = _BAND if box.bold and box.tint == _BAND_TINT else _SIZE
            for number, line in enumerate(box.lines):
                x = box.x + _PAD
                if box.to_right:
                    x = box.x + box.width - _PAD - self.setter.line_width(line, size)
                baseline = top - _PAD - size * 0.9 - number * _SIZE * _LEADING
                self._add(self.setter.operators(line, x, baseline, size, box.bold))
        self.y = bottom


def _height(boxes: Sequence[_Box]) -> float:
    return max(len(box.lines) for box in boxes) * _SIZE * _LEADING + 2 * _PAD - _SIZE * (_LEADING - 1.15)


def _cut(box: _Box, start: int, stop: int | None) -> _Box:
    return _Box(box.x, box.width, box.lines[start:stop], box.tint, box.bold, box.to_right)
