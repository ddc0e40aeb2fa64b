"""A filled form as XLSX: the same grid as on paper, to be read, printed on A4 and copied from. Pure."""
from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

from .form_sheet import COLUMNS, TITLE_COLUMNS, Cell, FilledForm, Group, Table

if TYPE_CHECKING:
    import xlsxwriter

# A column of the form is so many of the sheet, so that tables may have columns of any width.
_FINE = 4
_SHEET = COLUMNS * _FINE
_COLUMN_CHARACTERS, _LINE = 8.2, 15.0
# Source: Microsoft, "Excel specifications and limits": 32,767 characters a cell, 409 points a row.
_LONGEST, _HIGHEST = 32_767, 409.0
_FONT = {"font_name": "宋体", "font_size": 10}
_FRAME = {"border": 1, "border_color": "#737373", "valign": "top", "text_wrap": True}
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {**_FONT, "font_size": 15, "bold": True, "align": "center", "valign": "vcenter", "text_wrap": True},
    "note": {**_FONT, "font_size": 9, "align": "center", "valign": "vcenter", "text_wrap": True},
    "band": {**_FONT, **_FRAME, "bold": True, "bg_color": "#E0E0E0"},
    "part": {**_FONT, **_FRAME, "bold": True, "bg_color": "#F3F3F3"},
    "label": {**_FONT, **_FRAME, "bg_color": "#F3F3F3"},
    "value": {**_FONT, **_FRAME, "align": "left"},
    "number": {**_FONT, **_FRAME, "align": "right"},
    "head": {**_FONT, **_FRAME, "bg_color": "#F3F3F3", "bold": True},
    "number_head": {**_FONT, **_FRAME, "bg_color": "#F3F3F3", "bold": True, "align": "right"},
}


def form_xlsx(filled: FilledForm) -> bytes:
    """The bytes of the file."""
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": filled.title, "created": filled.at.astimezone(UTC).replace(tzinfo=None)})
    _Sheet(book, filled).write()
    book.close()
    return out.getvalue()


class _Sheet:
    """The one sheet of a form; `row` is the next to be written."""

    def __init__(self, book: xlsxwriter.Workbook, filled: FilledForm) -> None:
        self.filled = filled
        self.formats = {name: book.add_format(given) for name, given in _FORMATS.items()}
        self.page = book.add_worksheet("表" if filled.language == "zh" else "Form")
        self.row = 0

    def write(self) -> None:
        """Write everything, and how it prints."""
        page, words = self.page, self.filled.words
        page.set_column(0, _SHEET - 1, (_COLUMN_CHARACTERS - 0.7) / _FINE - 0.4)
        page.hide_gridlines(2)
        page.set_paper(9)
        page.set_margins(0.5, 0.5, 0.6, 0.7)
        page.fit_to_pages(1, 0)
        number = (words.page % {"page": "\0", "pages": "\1"}).replace("\0", "&P").replace("\1", "&N")
        masked = f"&R{words.masked}" if self.filled.is_masked else ""
        page.set_footer(f"&L{words.code if self.filled.code else ''}{_plain(self.filled.code)}&C{number}{masked}")
        self._head()
        for group in self.filled.groups:
            self._group(group)

    def _head(self) -> None:
        self._write(0, COLUMNS, self.filled.title, "title")
        self._end(26.0 * _lines(self.filled.title, COLUMNS - 3))
        if self.filled.note:
            self._write(0, COLUMNS, self.filled.note, "note")
            self._end(_LINE * _lines(self.filled.note, COLUMNS))

    def _group(self, group: Group) -> None:
        if group.title:
            self._write(0, COLUMNS, group.title, "band" if group.level == 1 else "part")
            self._end(_LINE * _lines(group.title, COLUMNS) + 4)
        for row in group.rows():
            self._cells(row)
        if group.table is not None:
            self._table(group.table)

    def _cells(self, cells: tuple[Cell, ...]) -> None:
        column, height = 0, 1
        for number, cell in enumerate(cells):
            width = COLUMNS - column if number == len(cells) - 1 else cell.width
            value = width - TITLE_COLUMNS
            self._write(column, TITLE_COLUMNS, cell.label, "label")
            self._write(column + TITLE_COLUMNS, value, cell.words, "value")
            height = max(height, _lines(cell.label, TITLE_COLUMNS), _lines(cell.words, value))
            column += width
        self._end(_LINE * height + 4)

    def _table(self, table: Table) -> None:
        widths = _spread(table.widths)
        for number, texts in enumerate((table.heads, *table.rows)):
            column, height = 0, 1
            for place, (text, width) in enumerate(zip(texts, widths, strict=True)):
                form = ("value", "number")[place >= table.texts] if number else ("head", "number_head")[
                    place >= table.texts]
                self._fill(column, width, text, form)
                height = max(height, _lines(text, width / _FINE))
                column += width
            self._end(_LINE * height + 4)

    def _write(self, column: int, width: int, text: str, form: str) -> None:
        """A text over columns of the form."""
        self._fill(column * _FINE, width * _FINE, text, form)

    def _fill(self, column: int, width: int, text: str, form: str) -> None:
        """A text over columns of the sheet."""
        if len(text) > _LONGEST:
            text = text[:_LONGEST - 1] + "…"
        if width > 1:
            self.page.merge_range(self.row, column, self.row, column + width - 1, "", self.formats[form])
        self.page.write_string(self.row, column, text, self.formats[form])

    def _end(self, height: float) -> None:
        self.page.set_row(self.row, min(height, _HIGHEST))
        self.row += 1


def _plain(text: str) -> str:
    """The text with the sign doubled that begins a command in a footer."""
    return text.replace("&", "&&")


def _lines(text: str, columns: float) -> int:
    """About how many lines a text takes in so many columns."""
    room = columns * _COLUMN_CHARACTERS - 1.5
    return sum(max(1, ceil(_width(paragraph) / room)) for paragraph in text.split("\n"))


def _width(text: str) -> float:
    return sum(1.9 if unicodedata.east_asian_width(character) in "WFA" else 1.05 for character in text)


def _spread(widths: Sequence[int]) -> list[int]:
    """The widths as whole columns that fill the sheet."""
    ends = [round(_SHEET * sum(widths[:place + 1]) / sum(widths)) for place in range(len(widths))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]
