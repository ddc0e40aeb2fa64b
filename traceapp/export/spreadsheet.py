"""Tables as CSV, XLSX and JSON files, row by row, safe to open in a spreadsheet program. Pure."""
from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.core.quantity import plain

if TYPE_CHECKING:
    import xlsxwriter

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json",
               "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
XLSX_MOST_ROWS = 1_048_575
_XLSX_LONGEST_TEXT = 32_767
# Source: OWASP, "CSV Injection": what makes a spreadsheet program take a cell for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Value = str | int | float | bool | Decimal | date | datetime | None | Sequence[str]
Record = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Column:
    """`key` finds the value in a row and names it in JSON; `title` stands above it for people."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written."""

    rows: int
    size_bytes: int
    sha256: str
    media_type: str


def _shown(value: Value) -> str | int | float | Decimal:
    """The value as a cell holds it: text or number. Times in UTC with their zone; lists with semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float | Decimal):
        return value
    return "; ".join(value)


def safe_text(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet program would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv_cell(value: Value) -> str:
    shown = _shown(value)
    if isinstance(shown, str):
        return safe_text(shown)
    return plain(shown) if isinstance(shown, Decimal) else str(shown)


def csv_chunks(columns: Sequence[Column], rows: Iterable[Record]) -> Iterator[bytes]:
    """A CSV file in pieces: UTF-8 with BOM (spreadsheet programs need it for Chinese), CRLF, titles first.

    Source: RFC 4180.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    yield "\ufeff".encode()
    titles: Iterator[list[str]] = iter([[safe_text(column.title) for column in columns]])
    lines = ([_csv_cell(row.get(column.key)) for column in columns] for row in rows)
    for line in chain(titles, lines):
        writer.writerow(line)
        if buffer.tell() > 64_000:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def _json_value(value: Value) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime | date):
        return _shown(value)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def json_chunks(columns: Sequence[Column], rows: Iterable[Record],
                head: Mapping[str, object] | None = None) -> Iterator[bytes]:
    """A JSON object in pieces: the members of `head`, then `rows`, an array of objects by column key.

    Decimal numbers are text, so that no reader rounds them.
    """
    start = json.dumps(dict(head or {}), ensure_ascii=False, default=str)[:-1]
    yield f"{start}{', ' if head else ''}\"rows\": [".encode()
    separator = "\n"
    for row in rows:
        values = {column.key: _json_value(row.get(column.key)) for column in columns}
        yield (separator + json.dumps(values, ensure_ascii=False)).encode("utf-8", "replace")
        separator = ",\n"
    yield b"\n]}\n"


def _write_xlsx(file: BinaryIO, columns: Sequence[Column], rows: Iterable[Record], sheet: tuple[str, datetime]) -> None:
    """One sheet. `constant_memory`: a row is on disk before the next is read."""
    import xlsxwriter

    title, at = sheet
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                      "strings_to_numbers": False, "nan_inf_to_errors": True})
    book.set_properties({"title": title, "created": at.astimezone(UTC).replace(tzinfo=None)})
    page = book.add_worksheet(title[:31])
    page.set_column(0, max(0, len(columns) - 1), 18)
    page.freeze_panes(1, 0)
    head = book.add_format({"bold": True, "bottom": 1})
    for place, column in enumerate(columns):
        page.write_string(0, place, column.title, head)
    with _closing(book):
        for number, row in enumerate(rows, start=1):
            if number > XLSX_MOST_ROWS:
                raise TooLarge("A spreadsheet holds %(most)s rows at most. Choose a shorter period, or CSV.",
                               code="too-many-rows", most=XLSX_MOST_ROWS)
            for place, column in enumerate(columns):
                _write_cell(page, (number, place), _shown(row.get(column.key)))


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


def _write_cell(page: xlsxwriter.worksheet.Worksheet, place: tuple[int, int],
                shown: str | int | float | Decimal) -> None:
    if isinstance(shown, str):
        if shown:
            fits = shown if len(shown) <= _XLSX_LONGEST_TEXT else shown[:_XLSX_LONGEST_TEXT - 1] + "…"
            page.write_string(*place, fits)
    elif isinstance(shown, Decimal) and len(shown.as_tuple().digits) > 15:
        page.write_string(*place, plain(shown))
    else:
        page.write_number(*place, shown)


def write_table(file: BinaryIO, form: str, columns: Sequence[Column], rows: Iterable[Record],
                sheet: tuple[str, datetime]) -> Written:
    """Write the rows as `csv`, `xlsx` or `json` into an empty file that can be read back; tells its hash.

    `sheet` is the title and the time of the export. Rows are read once, one at a time.
    Raises InvalidInput for another form, TooLarge for more rows than XLSX holds.
    """
    if form not in MEDIA_TYPES:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=form[:20], known=", ".join(MEDIA_TYPES))
    counted = _Counted(rows)
    if form == "xlsx":
        _write_xlsx(file, columns, counted, sheet)
    else:
        pieces = csv_chunks(columns, counted) if form == "csv" else json_chunks(
            columns, counted, {"title": sheet[0], "at": _shown(sheet[1])})
        for piece in pieces:
            file.write(piece)
    size_bytes = file.tell() if form != "xlsx" else file.seek(0, io.SEEK_END)
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1 << 16):
        digest.update(block)
    file.seek(0)
    return Written(counted.number, size_bytes, digest.hexdigest(), MEDIA_TYPES[form])


class _Counted:
    """The rows, counted as they go by."""

    def __init__(self, rows: Iterable[Record]) -> None:
        self.rows, self.number = rows, 0

    def __iter__(self) -> Iterator[Record]:
        for row in self.rows:
            self.number += 1
            yield row


def table_file() -> BinaryIO:
    """An empty file for `write_table`: in memory while it is small, on disk beyond 4 MB, gone when closed."""
    return tempfile.SpooledTemporaryFile(max_size=4_000_000)  # type: ignore[return-value]  # noqa: SIM115
