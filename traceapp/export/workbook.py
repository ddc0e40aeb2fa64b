"""XLSX files written row by row: sheets that can be sorted and filtered, further sheets when one is full. Pure."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from traceapp.core.quantity import plain

if TYPE_CHECKING:
    import xlsxwriter

# Source: Microsoft, "Excel specifications and limits": 1,048,576 rows a sheet, one of them the head; 32,767 characters.
MOST_ROWS = 1_048_575
_LONGEST_TEXT = 32_767
_LONGEST_TITLE = 31
Cell = str | int | float | Decimal


@dataclass(frozen=True, slots=True)
class Notes:
    """A sheet that explains: rows of text, the first of them a head."""

    title: str
    rows: Sequence[Sequence[str]]
    widths: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """`notes` stand in the second sheet; `widths` of the columns in characters, 18 where nothing is said."""

    title: str
    at: datetime
    heads: Sequence[str]
    notes: Notes | None = None
    widths: Sequence[int] = ()


def write_book(file: BinaryIO, book: Book, rows: Iterable[Sequence[Cell]]) -> None:
    """The rows under their heads. `constant_memory`: a row is on disk before the next is read."""
    import xlsxwriter

    made = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                      "strings_to_numbers": False, "nan_inf_to_errors": True})
    made.set_properties({"title": book.title, "created": book.at.astimezone(UTC).replace(tzinfo=None)})
    with _closing(made):
        sheets = _Sheets(made, book)
        for row in rows:
            sheets.add(row)
        sheets.end()


class _Sheets:
    """The sheets of one book; the notes, which are written on the way, come after the first."""

    def __init__(self, made: xlsxwriter.Workbook, book: Book) -> None:
        self._made, self._book = made, book
        self._bold = made.add_format({"bold": True, "bottom": 1})
        self._count = self._number = 0
        self._begin()
        if book.notes is not None:
            self._explain(book.notes)

    def _begin(self) -> None:
        self._count, self._number = self._count + 1, 0
        ending = f" {self._count}" if self._count > 1 else ""
        self._page = self._made.add_worksheet(self._book.title[:_LONGEST_TITLE - len(ending)] + ending)
        for place, width in enumerate(self._book.widths or [18] * len(self._book.heads)):
            self._page.set_column(place, place, width)
        self._page.freeze_panes(1, 0)
        self._page.set_landscape()
        self._page.set_paper(9)
        self._page.fit_to_pages(1, 0)
        self._page.repeat_rows(0)
        for place, head in enumerate(self._book.heads):
            self._page.write_string(0, place, head, self._bold)

    def _explain(self, notes: Notes) -> None:
        page = self._made.add_worksheet(notes.title[:_LONGEST_TITLE])
        page.freeze_panes(1, 0)
        wrapped = self._made.add_format({"text_wrap": True, "valign": "top"})
        for place, width in enumerate(notes.widths):
            page.set_column(place, place, width)
        for number, row in enumerate(notes.rows):
            for place, text in enumerate(row):
                page.write_string(number, place, text, wrapped if number else self._bold)

    def add(self, row: Sequence[Cell]) -> None:
        """The next row."""
        if self._number == MOST_ROWS:
            self.end()
            self._begin()
        self._number += 1
        page, number = self._page, self._number
        for place, value in enumerate(row):
            if isinstance(value, str):
                if value:
                    fits = value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT - 1] + "…"
                    page.write_string(number, place, fits)
            elif isinstance(value, Decimal) and len(value.as_tuple().digits) > 15:
                page.write_string(number, place, plain(value))
            else:
                page.write_number(number, place, value)

    def end(self) -> None:
        """Let the present sheet be filtered, as far as it goes."""
        if self._book.heads:
            self._page.autofilter(0, 0, self._number, len(self._book.heads) - 1)


class _closing:
    """Close the book at the end; after an error only its temporary files matter, not what they say."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.book.close()
            return
        with suppress(Exception):
            self.book.close()
